import { isJsonObject } from '../../../runtime/coordination/json-object.ts'
import type { StoreEntry } from '../../../runtime/ports/atomic-store/atomic-store.ts'
import { normalAddress } from '../addresses/mailbox.ts'
import { readPhoneNumber } from '../addresses/phone-number.ts'
import { NotificationError } from '../notification-error.ts'
import { addressKey, type AddressKey } from './address-key.ts'
import type { SuppressedChannel, Suppression } from './suppressions.ts'

/** One entry an address. */
export interface AddressRecord {
  readonly channel: SuppressedChannel
  readonly address: string
  readonly stops: readonly Stop[]
  /** When it bounced softly, and the key of that event. */
  readonly soft: readonly (readonly [number, string])[]
}

/** What stops messages to an address. */
export type Stop = Omit<Suppression, 'channel' | 'address'>

/** The family of partitions that addresses are kept in. */
export const FAMILY = 'notifications:suppressions'

export function isLive({ until }: Stop, now: number): boolean {
  return until === null || until > now
}

/** The one that stops this category; of several, one that stops everything. */
export function stopIn(
  entry: StoreEntry | null,
  category: string | null,
  critical: boolean,
  now: number,
): Suppression | null {
  const record = readRecord(entry)
  if (record === null) return null
  const stops = record.stops.filter(
    (stop) =>
      isLive(stop, now) &&
      (stop.category === null || stop.category === category) &&
      // What must arrive goes to who does not want the rest, and still not where it cannot
      // arrive.
      !(critical && stop.reason === 'unsubscribe'),
  )
  const stop = stops.find((each) => each.category === null) ?? stops[0]
  return stop === undefined ? null : { channel: record.channel, address: record.address, ...stop }
}

/** Where an address is kept, and how it is written there. */
export function keyOf(
  channel: SuppressedChannel,
  address: unknown,
): AddressKey & { readonly normal: string } {
  const normal =
    channel === 'sms'
      ? readPhoneNumber('address', address)
      : typeof address === 'string'
        ? normalAddress(address.trim())
        : null
  if (normal === null || (channel !== 'sms' && channel !== 'email'))
    throw new NotificationError(
      'invalid_recipient',
      'Cannot use suppression: address is no e-mail address',
    )
  const lower = normal.toLowerCase()
  return { ...addressKey(FAMILY, `${channel}:${lower}`), normal: lower }
}

export function readRecord(entry: StoreEntry | null): AddressRecord | null {
  if (entry === null || !isJsonObject(entry.value)) return null
  const { channel, address, stops, soft } = entry.value
  if ((channel !== 'email' && channel !== 'sms') || typeof address !== 'string') return null
  return {
    channel,
    address,
    // What this file wrote.
    stops: Array.isArray(stops) ? stops : [],
    soft: Array.isArray(soft) ? soft : [],
  }
}
