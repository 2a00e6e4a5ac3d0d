import type { Channel } from '../channels/channel.ts'
import type { UserPreferences } from './preferences.ts'

/** Whether a user wants a message on a channel. */
export function allows(
  { channels, categories }: UserPreferences,
  channel: Channel,
  category: string | null,
): boolean {
  if (channels?.[channel] === false) return false
  if (category === null || categories === undefined) return true
  const wanted = Object.hasOwn(categories, category) ? categories[category] : true
  return typeof wanted === 'object' ? wanted[channel] !== false : wanted !== false
}
