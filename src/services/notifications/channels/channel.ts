/** Every way that a notification can go. */
export const CHANNELS = ['email', 'sms', 'push', 'chat', 'inbox'] as const

/** One way that a notification can go. */
export type Channel = (typeof CHANNELS)[number]

export function isChannel(value: unknown): value is Channel {
  return CHANNELS.some((channel) => channel === value)
}
