import { changeEntry } from '../../../runtime/coordination/change-entry.ts'
import { isJsonObject } from '../../../runtime/coordination/json-object.ts'
import type { AtomicStore, StoreEntry } from '../../../runtime/ports/atomic-store/atomic-store.ts'
import type { Json } from '../../../runtime/ports/json.ts'
import { isChannel, type Channel } from '../channels/channel.ts'
import { NotificationError } from '../notification-error.ts'
import { checkCategory } from '../suppression/check-category.ts'
import { checkQuietHours } from './quiet-end.ts'
import type { QuietHours } from './quiet-hours.ts'
import { userPartition } from './user-partition.ts'

/** What one user wants to hear, and how. What is not said is allowed. */
export interface UserPreferences {
  /** `false` switches a channel off. */
  readonly channels?: Readonly<Partial<Record<Channel, boolean>>>
  /** `false` switches a category off, everywhere or by channel. */
  readonly categories?: Readonly<
    Record<string, boolean | Readonly<Partial<Record<Channel, boolean>>>>
  >
  /** Messages that are not critical wait until they are over. */
  readonly quietHours?: QuietHours
  /** The channels that are tried first, in this order. */
  readonly order?: readonly Channel[]
  /** BCP 47: `pl`, `pt-BR`. */
  readonly locale?: string
}

/**
 * Changes of {@link UserPreferences}: what is named takes the place of what was, `null` takes it
 * away.
 */
export type PreferencesChange = {
  readonly [Key in keyof UserPreferences]?: UserPreferences[Key] | null
}

/**
 * What users want to hear; looked at when a message is about to be sent, however long it waited.
 */
export interface Preferences {
  get(userId: string): Promise<UserPreferences>
  /**
   * Changes some of them, in one step.
   *
   * @returns What they are now
   * @throws NotificationError `invalid_request` when one is malformed; then nothing changes
   */
  update(userId: string, change: PreferencesChange): Promise<UserPreferences>
  /** Forgets them: everything is allowed again. */
  delete(userId: string): Promise<void>
}

const KEY = 'preferences'
const MOST_CATEGORIES = 200
const LOCALE = /^[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8}){0,4}$/

export function createPreferences(store: AtomicStore): Preferences {
  return {
    get: async (userId) => readPreferences(await userPartition(store, userId).get(KEY)),
    update: async (userId, change) => {
      const checked = checkChange(change)
      return changeEntry(userPartition(store, userId), KEY, (entry) => {
        const merged = { ...readPreferences(entry), ...checked }
        const after: UserPreferences = Object.fromEntries(
          Object.entries(merged).filter(([, value]) => value !== null),
        )
        // Only what was checked is in it.
        return { result: after, write: { set: [{ key: KEY, value: after as Json }] } }
      })
    },
    async delete(userId) {
      await userPartition(store, userId).commit({ delete: [KEY] })
    },
  }
}

function readPreferences(entry: StoreEntry | null): UserPreferences {
  // What this file wrote.
  return entry !== null && isJsonObject(entry.value) ? entry.value : {}
}

function checkChange(change: PreferencesChange): Readonly<Record<string, unknown>> {
  const given: unknown = change
  if (typeof given !== 'object' || given === null) throw refusal('they are no object')
  const checks: Readonly<Record<string, (value: never) => unknown>> = {
    channels: checkChannels,
    categories: checkCategories,
    quietHours: checkHours,
    order: checkOrder,
    locale: checkLocale,
  }
  return Object.fromEntries(
    Object.entries(given).map(([name, value]: [string, unknown]) => {
      const check = Object.hasOwn(checks, name) ? checks[name] : undefined
      if (check === undefined)
        throw refusal(
          `${JSON.stringify(name.slice(0, 40))} is none, ${Object.keys(checks).join(', ')} expected`,
        )
      // Each check takes anything: it is there to refuse what it should not get.
      return [name, value === null ? null : check(value as never)]
    }),
  )
}

function checkChannels(channels: unknown, of = 'channels'): Partial<Record<Channel, boolean>> {
  if (typeof channels !== 'object' || channels === null || Array.isArray(channels))
    throw refusal(`${of} is no object of channels`)
  const entries: readonly (readonly [string, unknown])[] = Object.entries(channels)
  for (const [channel, wanted] of entries)
    if (!isChannel(channel) || typeof wanted !== 'boolean')
      throw refusal(`${of} has other than a channel with true or false`)
  return Object.fromEntries(entries)
}

function checkCategories(categories: unknown): unknown {
  if (typeof categories !== 'object' || categories === null || Array.isArray(categories))
    throw refusal('categories is no object')
  const entries: readonly (readonly [string, unknown])[] = Object.entries(categories)
  if (entries.length > MOST_CATEGORIES)
    throw refusal(`categories has ${entries.length} entries, at most ${MOST_CATEGORIES} allowed`)
  return Object.fromEntries(
    entries.map(([name, wanted]) => [
      checkCategory(name),
      typeof wanted === 'boolean' ? wanted : checkChannels(wanted, 'a category'),
    ]),
  )
}

function checkHours(hours: QuietHours): QuietHours {
  try {
    return checkQuietHours(hours)
  } catch (cause) {
    throw refusal(cause instanceof Error ? cause.message : 'quietHours is malformed', cause)
  }
}

function checkOrder(order: unknown): readonly Channel[] {
  if (Array.isArray(order) && order.every(isChannel) && new Set(order).size === order.length)
    return [...order]
  throw refusal('order is no list of channels, each once')
}

function checkLocale(locale: unknown): string {
  if (typeof locale === 'string' && LOCALE.test(locale)) return locale
  throw refusal('locale is none, as in pl or pt-BR')
}

function refusal(fault: string, cause?: unknown): NotificationError {
  return new NotificationError('invalid_request', `Cannot change preferences: ${fault}`, { cause })
}
