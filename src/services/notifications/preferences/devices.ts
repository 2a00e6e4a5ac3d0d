import { encodeBase64Url } from '../../../primitives/base64url.ts'
import { encodeUtf8 } from '../../../primitives/utf8.ts'
import { changeEntry } from '../../../runtime/coordination/change-entry.ts'
import type { AtomicStore, StoreEntry } from '../../../runtime/ports/atomic-store/atomic-store.ts'
import type { Clock } from '../../../runtime/ports/platform/clock.ts'
import type { Json } from '../../../runtime/ports/json.ts'
import type { PushTarget } from '../channels/push-message.ts'
import { NotificationError } from '../notification-error.ts'
import { userPartition } from './user-partition.ts'

/** A device or browser that a user gets pushes on. */
export interface Device {
  /** The same for the same target. */
  readonly id: string
  readonly target: PushTarget
  /** When it was last registered, ms since 1970. */
  readonly registeredAt: number
}

/**
 * Where users get pushes: `notify` sends to all of a user's devices and forgets those that are
 * gone.
 */
export interface Devices {
  /**
   * Registers a target, or registers it anew. At most 50 a user; the one not registered for longest
   * goes.
   *
   * @throws NotificationError `invalid_recipient` when it is none
   */
  add(userId: string, target: PushTarget): Promise<Device>
  list(userId: string): Promise<readonly Device[]>
  /** @returns Whether it was there */
  remove(userId: string, id: string): Promise<boolean>
}

const KEY = 'devices'
const MOST_DEVICES = 50
/** What sending takes, so that nothing is kept that is never sent to. */
const MOST_TOKEN_CHARACTERS = 4096
const MOST_ENDPOINT_CHARACTERS = 2000
const MOST_KEY_CHARACTERS = 200

export function createDevices(store: AtomicStore, clock: Pick<Clock, 'now'>): Devices {
  return {
    async add(userId, target) {
      const checked = checkTarget(target)
      const id = await deviceIdOf(checked)
      return changeEntry(userPartition(store, userId), KEY, (entry) => {
        const device = { id, target: checked, registeredAt: clock.now() }
        const others = readDevices(entry).filter((each) => each.id !== id)
        return { result: device, write: writeOf([...others, device].slice(-MOST_DEVICES)) }
      })
    },
    list: async (userId) => readDevices(await userPartition(store, userId).get(KEY)),
    remove: (userId, id) =>
      changeEntry(userPartition(store, userId), KEY, (entry) => {
        const devices = readDevices(entry)
        const left = devices.filter((each) => each.id !== id)
        return left.length === devices.length
          ? { result: false }
          : { result: true, write: writeOf(left) }
      }),
  }
}

function writeOf(
  devices: readonly Device[],
):
  | { readonly set: readonly { readonly key: string; readonly value: Json }[] }
  | { readonly delete: readonly string[] } {
  return devices.length === 0
    ? { delete: [KEY] }
    : { set: [{ key: KEY, value: devices.map(deviceJson) }] }
}

function deviceJson({ id, target, registeredAt }: Device): Json {
  const plain =
    'token' in target ? { ...target } : { endpoint: target.endpoint, keys: { ...target.keys } }
  return { id, registeredAt, target: plain }
}

function readDevices(entry: StoreEntry | null): readonly Device[] {
  // What this file wrote.
  const devices: readonly Device[] = Array.isArray(entry?.value) ? entry.value : []
  return devices
}

/** The same for the same target, and nothing of it. */
export async function deviceIdOf(target: PushTarget): Promise<string> {
  const text = 'token' in target ? target.token : target.endpoint
  const digest = await crypto.subtle.digest('SHA-256', encodeUtf8(text))
  return `dev_${encodeBase64Url(new Uint8Array(digest).slice(0, 16))}`
}

function checkTarget(target: unknown): PushTarget {
  if (typeof target === 'object' && target !== null) {
    const { token, provider, endpoint, keys }: Record<string, unknown> = { ...target }
    if (isText(token, MOST_TOKEN_CHARACTERS) && /^[\x21-\x7e]+$/.test(token))
      return { token, ...(typeof provider === 'string' && { provider: provider.slice(0, 60) }) }
    if (isEndpoint(endpoint) && typeof keys === 'object' && keys !== null) {
      const { p256dh, auth }: { readonly p256dh?: unknown; readonly auth?: unknown } = keys
      if (isText(p256dh, MOST_KEY_CHARACTERS) && isText(auth, MOST_KEY_CHARACTERS))
        return { endpoint, keys: { p256dh, auth } }
    }
  }
  throw new NotificationError(
    'invalid_recipient',
    "Cannot add device: it is neither { token } nor a browser's subscription",
  )
}

function isEndpoint(value: unknown): value is string {
  return isText(value, MOST_ENDPOINT_CHARACTERS) && URL.parse(value)?.protocol === 'https:'
}

function isText(value: unknown, most: number): value is string {
  return typeof value === 'string' && value !== '' && value.length <= most && value.isWellFormed()
}
