import { checkOptions } from '../../../primitives/check-options.ts'
import { decodeBase64Url } from '../../../primitives/base64url.ts'
import { createLruCache } from '../../../primitives/lru-cache.ts'
import { encodeUtf8 } from '../../../primitives/utf8.ts'
import type { OutgoingPush, WebPushSubscription } from '../channels/push-message.ts'
import { NotificationError, type NotificationErrorCode } from '../notification-error.ts'
import { askProvider, refusalOf } from './requests/ask-provider.ts'
import { createTokenKey } from './requests/sign-token.ts'
import type { PushProvider } from './provider.ts'
import {
  encryptPush,
  makeMessageKeys,
  MOST_PUSH_BYTES,
  type SubscriptionKeys,
} from './web-push/encrypt-push.ts'
import { vapidJwk, type VapidKeys } from './web-push/vapid-keys.ts'

export { InfrastructureError } from '../../../runtime/ports/infrastructure-error.ts'
export { NotificationError, type NotificationErrorCode } from '../notification-error.ts'
export { generateVapidKeys, type VapidKeys } from './web-push/vapid-keys.ts'

/** What {@link webPush} needs; keys are made by `generateVapidKeys()`. */
export interface WebPushOptions extends VapidKeys {
  /** Whom a push service can write to: `mailto:ops@example.com` or an https URL. */
  readonly subject: string
  /**
   * Push services besides those of Google, Mozilla, Apple and Microsoft: host names, `*.` for any
   * below.
   */
  readonly allowedHosts?: readonly string[]
}

const NAME = 'web-push'
const HOSTS = [
  'fcm.googleapis.com',
  '*.push.services.mozilla.com',
  '*.push.apple.com',
  '*.notify.windows.com',
]
const TOKEN_MS = 12 * 3_600_000
const MOST_ORIGINS = 100

/**
 * Sends pushes to browsers (RFC 8030), encrypted (RFC 8291) and signed with VAPID keys (RFC 8292).
 * The service worker gets `{ title, body, url, image, data }` as JSON. A subscription's endpoint is
 * what a browser claimed, so only known push services are called.
 *
 * @example
 * createNotifications({
 *   backend,
 *   push: [webPush({ publicKey, privateKey, subject: 'mailto:ops@example.com' })],
 * })
 *
 * @throws TypeError when a key or the subject is malformed
 */
export function webPush(options: WebPushOptions): PushProvider {
  checkOptions(
    'create webPush()',
    options,
    ['publicKey', 'privateKey', 'subject'],
    ['allowedHosts'],
  )
  const { publicKey, subject } = options
  if (typeof subject !== 'string' || !/^(?:mailto:[^\s@]+@|https:\/\/)[^\s]+$/.test(subject))
    throw new TypeError('Cannot create webPush(): subject is neither mailto: nor an https URL')
  const allowedHosts: unknown = options.allowedHosts ?? []
  if (!isHostList(allowedHosts))
    throw new TypeError(
      'Cannot create webPush(): allowedHosts is no list of host names, as in push.example.com or *.example.com',
    )
  const key = createTokenKey('create webPush()', 'ES256', vapidJwk(options))
  const hosts = [...HOSTS, ...allowedHosts]
  const tokens = createLruCache<{ readonly token: string; readonly until: number }>(MOST_ORIGINS)

  async function tokenFor(origin: string, now: number): Promise<string> {
    const held = tokens.get(origin)
    if (held !== undefined && held.until > now) return held.token
    const exp = Math.floor((now + TOKEN_MS) / 1000)
    const token = await key.sign({}, { aud: origin, exp, sub: subject })
    tokens.set(origin, { token, until: now + TOKEN_MS / 2 })
    return token
  }

  return {
    name: NAME,
    takes: (target) => 'endpoint' in target,
    async send(push, context) {
      const { endpoint, keys } = readTarget(push, hosts)
      const content = encodeUtf8(contentOf(push))
      if (content.length > MOST_PUSH_BYTES)
        throw refusal(
          'invalid_request',
          `the push has ${content.length} bytes, at most ${MOST_PUSH_BYTES} allowed`,
        )
      const own = await makeMessageKeys(context.random.bytes(16))
      const body = await encryptPush(content, keys, own).catch((cause: unknown) => {
        throw refusal('invalid_recipient', "the subscription's p256dh is no key", cause)
      })
      const token = await tokenFor(endpoint.origin, context.clock.now())
      const headers = {
        authorization: `vapid t=${token}, k=${publicKey}`,
        'content-encoding': 'aes128gcm',
        'content-type': 'application/octet-stream',
        ttl: String(push.ttlSeconds),
        urgency: push.urgency,
        ...(push.collapseKey !== null && { topic: push.collapseKey }),
      }
      const answer = await askProvider(NAME, { url: endpoint.href, headers, body }, context)
      if (answer.ok) return { providerMessageId: answer.headers.get('location') }
      const gone = answer.status === 404 || answer.status === 410
      throw refusalOf(NAME, answer, gone ? { code: 'invalid_recipient', recipient: 'gone' } : {})
    },
  }
}

function isHostList(hosts: unknown): hosts is readonly string[] {
  const isHost = (host: unknown): boolean =>
    typeof host === 'string' && /^(?:\*\.)?[a-z0-9-]+(?:\.[a-z0-9-]+)+$/.test(host)
  return Array.isArray(hosts) && hosts.every(isHost)
}

function contentOf({
  title,
  body,
  url,
  image,
  data,
  badge,
  collapseKey,
  id,
}: OutgoingPush): string {
  return JSON.stringify({
    id,
    ...(title !== null && { title }),
    ...(body !== null && { body }),
    ...(url !== null && { url }),
    ...(image !== null && { image }),
    ...(badge !== null && { badge }),
    ...(collapseKey !== null && { tag: collapseKey }),
    data,
  })
}

function readTarget(
  { target }: OutgoingPush,
  hosts: readonly string[],
): { readonly endpoint: URL; readonly keys: SubscriptionKeys } {
  if (!('endpoint' in target))
    throw refusal('invalid_request', "the target is a token, a browser's subscription expected")
  return { endpoint: readEndpoint(target, hosts), keys: readKeys(target) }
}

function readEndpoint({ endpoint }: WebPushSubscription, hosts: readonly string[]): URL {
  const url = typeof endpoint === 'string' && endpoint.length <= 2000 ? URL.parse(endpoint) : null
  const known =
    url?.protocol === 'https:' &&
    url.port === '' &&
    url.username === '' &&
    url.password === '' &&
    hosts.some((host) =>
      host.startsWith('*.') ? url.hostname.endsWith(host.slice(1)) : url.hostname === host,
    )
  if (known) return url
  throw refusal('invalid_recipient', "the subscription's endpoint is at no known push service")
}

function readKeys({ keys }: WebPushSubscription): SubscriptionKeys {
  const [p256dh, auth] = [keys?.p256dh, keys?.auth].map((text: unknown) =>
    typeof text === 'string' ? decodeBase64Url(text.replaceAll(/=+$/g, '')) : null,
  )
  if (p256dh?.length === 65 && p256dh[0] === 4 && auth?.length === 16) return { p256dh, auth }
  throw refusal(
    'invalid_recipient',
    "the subscription's keys are malformed, 65 and 16 bytes in base64url expected",
  )
}

function refusal(code: NotificationErrorCode, fault: string, cause?: unknown): NotificationError {
  return new NotificationError(code, `Cannot send through ${NAME}: ${fault}`, {
    provider: NAME,
    cause,
  })
}
