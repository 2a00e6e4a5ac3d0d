import { checkOptions } from '../../../primitives/check-options.ts'
import { checkDuration } from '../../../primitives/check-range.ts'
import type { Duration } from '../../../primitives/duration.ts'
import { changeEntry } from '../../../runtime/coordination/change-entry.ts'
import { partitionsOf } from '../../../runtime/coordination/partition-of.ts'
import type { AtomicStore } from '../../../runtime/ports/atomic-store/atomic-store.ts'
import type { Clock } from '../../../runtime/ports/platform/clock.ts'
import type { Json } from '../../../runtime/ports/json.ts'
import { NotificationError } from '../notification-error.ts'
import { checkCategory } from './check-category.ts'
import {
  FAMILY,
  isLive,
  keyOf,
  readRecord,
  stopIn,
  type AddressRecord,
  type Stop,
} from './address-record.ts'

/** Channels with addresses that can be suppressed. */
export type SuppressedChannel = 'email' | 'sms'

/** Why nothing is sent to an address. */
export type SuppressionReason =
  /** It does not exist, or soft bounces went on. */
  | 'bounce'
  /** Its owner called a message spam. */
  | 'complaint'
  /** Its owner does not want messages, of one category or at all. */
  | 'unsubscribe'
  /** A provider keeps it on a list of its own. */
  | 'provider'
  /** Somebody put it here. */
  | 'manual'

/** One address that nothing is sent to, of a category or at all. */
export interface Suppression {
  readonly channel: SuppressedChannel
  /** As it was sent to; e-mail addresses in lower case. */
  readonly address: string
  readonly reason: SuppressionReason
  /** The only category that is stopped; `null` for all. */
  readonly category: string | null
  /** ms since 1970 */
  readonly since: number
  /** ms since 1970; `null` for ever. */
  readonly until: number | null
}

/** What {@link Suppressions.add} takes. */
export interface NewSuppression {
  /** Default `email`. */
  readonly channel?: SuppressedChannel
  readonly address: string
  /** Default `manual`. */
  readonly reason?: SuppressionReason
  /** Default: all. */
  readonly category?: string
  /** Default: for ever. */
  readonly expiresIn?: Duration
}

/**
 * Addresses that nothing is sent to, whichever provider is asked. Each way of sending looks here.
 */
export interface Suppressions {
  /** Adds one, or renews it. */
  add(suppression: NewSuppression): Promise<void>
  /**
   * Takes an address off the list.
   *
   * @param category Only what stops this category. Default: everything
   * @returns Whether there was something
   */
  remove(
    address: string,
    options?: { readonly channel?: SuppressedChannel; readonly category?: string },
  ): Promise<boolean>
  /**
   * @returns What stops messages to the address, the first of all categories or of this one; `null`
   * when nothing does
   */
  find(
    address: string,
    options?: { readonly channel?: SuppressedChannel; readonly category?: string },
  ): Promise<Suppression | null>
  /** Everything on the list, in no order that means something. */
  list(): AsyncIterable<Suppression>
}

/** How soft bounces become a suppression. */
export interface SoftBouncePolicy {
  /** So many within the time. */
  readonly limit: number
  readonly withinMs: number
}

/** What sending and webhooks need of the list besides. */
export interface SuppressionList extends Suppressions {
  /**
   * @returns For each address what stops it, in their order. One round trip for up to 16 of them
   */
  findAll(
    channel: SuppressedChannel,
    addresses: readonly string[],
    category: string | null,
    critical: boolean,
  ): Promise<readonly (Suppression | null)[]>
  /**
   * Counts a soft bounce, and suppresses the address when there were too many. The same event
   * counts once.
   */
  softBounce(channel: SuppressedChannel, address: string, eventKey: string): Promise<void>
}

/** What {@link createSuppressions} needs. */
export interface SuppressionsOptions {
  readonly store: AtomicStore
  readonly clock: Clock
  readonly softBounces: SoftBouncePolicy
}

const MOST_CATEGORIES = 100
const TEN_YEARS_MS = 315_576_000_000

export function createSuppressions(options: SuppressionsOptions): Omit<SuppressionList, 'findAll'> {
  const { store, clock, softBounces } = options

  async function change(
    channel: SuppressedChannel,
    address: string,
    decide: (record: AddressRecord) => AddressRecord | null,
  ): Promise<boolean> {
    const { partition, key, normal } = keyOf(channel, address)
    return changeEntry(store.partition(partition), key, (entry) => {
      const before = readRecord(entry) ?? { channel, address: normal, stops: [], soft: [] }
      const after = decide({
        ...before,
        stops: before.stops.filter((stop) => isLive(stop, clock.now())),
      })
      if (after === null) return { result: false }
      return { result: true, write: writeOf(key, after) }
    })
  }

  function writeOf(
    key: string,
    record: AddressRecord,
  ): {
    readonly set?: readonly {
      readonly key: string
      readonly value: Json
      readonly expiresInMs?: number
    }[]
    readonly delete?: readonly string[]
  } {
    const ends = [
      ...record.stops.map(({ until }) => until ?? Infinity),
      ...record.soft.map(([at]) => at + softBounces.withinMs),
    ]
    const end = Math.max(...ends)
    if (ends.length === 0) return { delete: [key] }
    const leftMs = Math.max(end - clock.now(), 1)
    return {
      set: [{ key, value: valueOf(record), ...(end !== Infinity && { expiresInMs: leftMs }) }],
    }
  }

  return {
    async add(suppression) {
      const known = ['channel', 'reason', 'category', 'expiresIn'] as const
      checkOptions('add suppression', suppression, ['address'], known)
      const { channel = 'email', address, reason = 'manual', expiresIn } = suppression
      const { category = null as string | null } = suppression
      if (category !== null) checkCategory(category)
      const since = clock.now()
      const until =
        expiresIn === undefined
          ? null
          : since + checkDuration('add suppression', 'expiresIn', expiresIn, 1, TEN_YEARS_MS)
      const stop = { reason, category, since, until }
      await change(channel, address, (record) => {
        const others = record.stops.filter((each) => !isSameKind(each, stop))
        if (others.length >= MOST_CATEGORIES)
          throw new NotificationError(
            'invalid_request',
            `Cannot add suppression: the address has ${others.length} categories, at most ${MOST_CATEGORIES} allowed`,
          )
        return { ...record, stops: [...others, strongest(record.stops, stop)] }
      })
    },
    remove: (address, { channel = 'email', category } = {}) =>
      change(channel, address, (record) => {
        const left =
          category === undefined ? [] : record.stops.filter((stop) => stop.category !== category)
        // Soft bounces are of no category.
        const soft = category === undefined ? [] : record.soft
        if (left.length === record.stops.length && soft.length === record.soft.length) return null
        return { ...record, stops: left, soft }
      }),
    async find(address, { channel = 'email', category = null as string | null } = {}) {
      const { partition, key } = keyOf(channel, address)
      return stopIn(await store.partition(partition).get(key), category, false, clock.now())
    },
    async softBounce(channel, address, eventKey) {
      await change(channel, address, (record) => {
        const now = clock.now()
        const soft = record.soft.filter(([at]) => at > now - softBounces.withinMs)
        if (soft.some(([, key]) => key === eventKey)) return null
        const counted = [...soft, [now, eventKey] as const]
        if (counted.length < softBounces.limit) return { ...record, soft: counted }
        const stop = { reason: 'bounce', category: null, since: now, until: null } as const
        const others = record.stops.filter((each) => !isSameKind(each, stop))
        return { ...record, stops: [...others, strongest(record.stops, stop)], soft: [] }
      })
    },
    async *list() {
      for (const partition of partitionsOf(store, FAMILY)) {
        let cursor: string | null = null
        do {
          const page = await partition.list(cursor === null ? {} : { cursor })
          for (const entry of page.entries) {
            const record = readRecord(entry)
            for (const stop of record?.stops ?? [])
              if (record !== null && isLive(stop, clock.now()))
                yield { channel: record.channel, address: record.address, ...stop }
          }
          cursor = page.cursor
        } while (cursor !== null)
      }
    },
  }
}

/**
 * Whether one stands in the place of the other. What somebody does not want stays beside what
 * cannot arrive or was forbidden: each holds up other messages, and ends by itself.
 */
function isSameKind(one: Stop, other: Stop): boolean {
  const wish = (stop: Stop): boolean => stop.reason === 'unsubscribe'
  return one.category === other.category && wish(one) === wish(other)
}

/**
 * Nothing is made weaker by what comes later: neither ended sooner, unless by hand what was added
 * by hand, nor is a hard bounce or a complaint called something else.
 */
function strongest(stops: readonly Stop[], stop: Stop): Stop {
  const before = stops.find((each) => isSameKind(each, stop))
  if (before === undefined) return stop
  const [ends, endsNow] = [before.until ?? Infinity, stop.until ?? Infinity]
  if (ends > endsNow) return before.reason === 'manual' && stop.reason === 'manual' ? stop : before
  const isStrong = before.reason === 'bounce' || before.reason === 'complaint'
  return isStrong && ends === endsNow ? before : stop
}

function valueOf({ channel, address, stops, soft }: AddressRecord): Json {
  return {
    channel,
    address,
    stops: stops.map((stop) => ({ ...stop })),
    soft: soft.map(([at, key]) => [at, key]),
  }
}
