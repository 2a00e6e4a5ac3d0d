import { checkOptions } from '../../../primitives/check-options.ts'
import { encodeHex } from '../../../primitives/hex.ts'
import { utf8Length } from '../../../primitives/utf8.ts'
import type { FetchClient } from '../../../runtime/ports/platform/fetch-client.ts'
import type { OutgoingPush } from '../channels/push-message.ts'
import { NotificationError, type NotificationErrorCode } from '../notification-error.ts'
import { askProvider, refusalOf, textIn, valueIn } from './requests/ask-provider.ts'
import { checkBaseUrl, checkCredential } from './requests/check-credential.ts'
import { createTokenKey } from './requests/sign-token.ts'
import type { PushProvider } from './provider.ts'

export { InfrastructureError } from '../../../runtime/ports/infrastructure-error.ts'
export { NotificationError, type NotificationErrorCode } from '../notification-error.ts'

/** What {@link apns} needs. */
export interface ApnsOptions {
  /** The signing key, the text of Apple's `.p8` file. */
  readonly key: string
  /** The key's id, ten characters. */
  readonly keyId: string
  readonly teamId: string
  /** The app's bundle id. */
  readonly topic: string
  /**
   * APNs speaks HTTP/2 alone. Give `http2Fetch()` of `…/runtime/node` on Node below 26 and on Bun;
   * Deno, Node 26 and deployed Workers speak it by themselves. Default: that of
   * `createNotifications`.
   */
  readonly fetch?: FetchClient
  /**
   * Default `https://api.push.apple.com`; for development builds
   * `https://api.sandbox.push.apple.com`.
   */
  readonly baseUrl?: string
}

const NAME = 'apns'
const MOST_BYTES = 4096
/** Apple takes tokens of 20 to 60 minutes, and new ones no more often than every 20. */
const USE_TOKEN_MS = 45 * 60_000

const CODES: Readonly<Record<string, NotificationErrorCode>> = {
  BadDeviceToken: 'invalid_recipient',
  DeviceTokenNotForTopic: 'invalid_recipient',
  Unregistered: 'invalid_recipient',
  ExpiredToken: 'invalid_recipient',
  TooManyRequests: 'rate_limited',
  TooManyProviderTokenUpdates: 'rate_limited',
}

/**
 * The others are also said of good tokens where the topic or Apple's environment is another one:
 * over what may be set up wrong, no device is forgotten.
 */
const GONE = new Set(['Unregistered', 'ExpiredToken'])

/**
 * Sends pushes to Apple's devices through APNs with a signing key. The token made from it is shared
 * by all isolates.
 *
 * @example
 * createNotifications({
 *   backend,
 *   push: [apns({ key: env.APNS_KEY, keyId, teamId, topic: 'com.example.app' })],
 * })
 *
 * @throws TypeError when an option is absent or malformed
 * @see
 *   https://developer.apple.com/documentation/usernotifications/sending-notification-requests-to-apns
 */
export function apns(options: ApnsOptions): PushProvider {
  checkOptions('create apns()', options, ['key', 'keyId', 'teamId', 'topic'], ['fetch', 'baseUrl'])
  const { baseUrl = 'https://api.push.apple.com' } = options
  const [keyId, teamId, topic] = (['keyId', 'teamId', 'topic'] as const).map((name) =>
    checkCredential('create apns()', name, options[name]),
  ) as [string, string, string]
  const key = createTokenKey('create apns()', 'ES256', options.key)
  const base = checkBaseUrl('create apns()', baseUrl)
  const tokenName = `${NAME}:${teamId}:${keyId}`
  return {
    name: NAME,
    takes: (target) => 'token' in target,
    async send(push, context) {
      const { clock, random, tokens, fetch } = context
      const token = deviceToken(push)
      const silent = push.title === null && push.body === null
      const body = payloadOf(push, silent)
      const jwt = await tokens.get(tokenName, options.key, async () => ({
        token: await key.sign({ kid: keyId }, { iss: teamId, iat: Math.floor(clock.now() / 1000) }),
        useForMs: USE_TOKEN_MS,
      }))
      const request = {
        url: `${base}/3/device/${token}`,
        headers: {
          authorization: `bearer ${jwt}`,
          'apns-topic': topic,
          'apns-push-type': silent ? 'background' : 'alert',
          'apns-priority': silent || push.urgency === 'normal' ? '5' : '10',
          'apns-expiration': String(Math.floor(clock.now() / 1000) + push.ttlSeconds),
          'apns-id': uuid(random.bytes(16)),
          ...(push.collapseKey !== null && { 'apns-collapse-id': push.collapseKey }),
        },
        body,
        // What makes Bun speak HTTP/2; others do not know it.
        init: { protocol: 'http2' } as RequestInit,
      }
      const transport = { ...context, fetch: options.fetch ?? fetch }
      const answer = await askProvider(NAME, request, transport)
      if (answer.ok) return { providerMessageId: answer.headers.get('apns-id') }
      const reason = textIn(answer.json, 'reason') ?? undefined
      // Its token is refused, and so it is made anew next time.
      if (reason === 'ExpiredProviderToken') await tokens.drop(tokenName, jwt)
      const code = reason !== undefined && Object.hasOwn(CODES, reason) ? CODES[reason] : undefined
      const since = valueIn(answer.json, 'timestamp')
      throw refusalOf(NAME, answer, {
        vendorCode: reason,
        code,
        recipient: reason !== undefined && GONE.has(reason) ? 'gone' : undefined,
        recipientSince: typeof since === 'number' ? since : undefined,
      })
    },
  }
}

function payloadOf(push: OutgoingPush, silent: boolean): string {
  const { title, body, data, url, image, badge, sound } = push
  if (Object.hasOwn(data, 'aps')) throw refusal('payload has the name "aps", which is Apple\'s own')
  const payload = JSON.stringify({
    ...data,
    ...(url !== null && { url }),
    ...(image !== null && { image }),
    aps: {
      ...(silent
        ? { 'content-available': 1 }
        : { alert: { ...(title !== null && { title }), ...(body !== null && { body }) } }),
      ...(badge !== null && { badge }),
      ...(sound !== null && { sound }),
      // Lets the app fetch the picture before it is shown.
      ...(image !== null && { 'mutable-content': 1 }),
    },
  })
  const bytes = utf8Length(payload)
  if (bytes <= MOST_BYTES) return payload
  throw refusal(`the push has ${bytes} bytes, at most ${MOST_BYTES} allowed`)
}

function deviceToken({ target }: OutgoingPush): string {
  if (!('token' in target))
    throw refusal("the target is a browser's subscription, a token expected")
  if (/^(?:[0-9a-f]{2}){32,100}$/i.test(target.token)) return target.token
  throw new NotificationError(
    'invalid_recipient',
    `Cannot send through ${NAME}: the token is not written in hexadecimal, as Apple's are`,
    { provider: NAME },
  )
}

function refusal(fault: string): NotificationError {
  return new NotificationError('invalid_request', `Cannot send through ${NAME}: ${fault}`, {
    provider: NAME,
  })
}

/** Version 4 of RFC 9562. */
function uuid(bytes: Uint8Array): string {
  const hex = encodeHex(
    bytes.map((byte, index) =>
      index === 6 ? (byte & 0x0f) | 0x40 : index === 8 ? (byte & 0x3f) | 0x80 : byte,
    ),
  )
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}
