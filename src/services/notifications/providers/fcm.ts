import { checkOptions } from '../../../primitives/check-options.ts'
import type { OutgoingPush } from '../channels/push-message.ts'
import { NotificationError, type NotificationErrorCode } from '../notification-error.ts'
import {
  askProvider,
  networkError,
  refusalOf,
  textIn,
  valueIn,
  type RefusalDetail,
} from './requests/ask-provider.ts'
import { checkBaseUrl, checkCredential } from './requests/check-credential.ts'
import { createTokenKey } from './requests/sign-token.ts'
import type { MadeToken, ProviderContext, PushProvider } from './provider.ts'
import { utf8Length } from '../../../primitives/utf8.ts'

export { InfrastructureError } from '../../../runtime/ports/infrastructure-error.ts'
export { NotificationError, type NotificationErrorCode } from '../notification-error.ts'

/** A service account's key, as the file that Google hands out has it. */
export interface ServiceAccount {
  readonly project_id: string
  readonly client_email: string
  readonly private_key: string
}

/** What {@link fcm} needs. */
export interface FcmOptions {
  /** The parsed file, or its text. */
  readonly serviceAccount: ServiceAccount | string
  /** Default `https://fcm.googleapis.com`. */
  readonly baseUrl?: string
  /** Where access tokens come from. Default `https://oauth2.googleapis.com/token`. */
  readonly tokenUrl?: string
}

const NAME = 'fcm'
const SCOPE = 'https://www.googleapis.com/auth/firebase.messaging'
const HOUR_S = 3600
/** Of a token's hour, so that none ends on its way. */
const USED_SHARE = 0.9
const MOST_BYTES = 4096

/** Names that FCM keeps for itself; it refuses them with the code of a bad token. */
const RESERVED_NAME = /^(?:from|message_type|notification|collapse_key)$|^(?:google|gcm)/i

const CODES: Readonly<Record<string, NotificationErrorCode>> = {
  UNREGISTERED: 'invalid_recipient',
  SENDER_ID_MISMATCH: 'invalid_recipient',
  QUOTA_EXCEEDED: 'rate_limited',
  THIRD_PARTY_AUTH_ERROR: 'authentication',
  UNAVAILABLE: 'unavailable',
  INTERNAL: 'unavailable',
}

/**
 * Sends pushes through Firebase Cloud Messaging, version 1 of its HTTP API, to Android, to iOS and
 * to browsers that its SDK has registered. Its access token is shared by all isolates and made once
 * an hour.
 *
 * @example
 * createNotifications({ backend, push: [fcm({ serviceAccount: env.FCM_SERVICE_ACCOUNT })] })
 *
 * @throws TypeError when the service account is malformed
 * @see https://firebase.google.com/docs/reference/fcm/rest/v1/projects.messages/send
 */
export function fcm(options: FcmOptions): PushProvider {
  checkOptions('create fcm()', options, ['serviceAccount'], ['baseUrl', 'tokenUrl'])
  const { baseUrl = 'https://fcm.googleapis.com' } = options
  const { tokenUrl = 'https://oauth2.googleapis.com/token' } = options
  const account = readAccount(options.serviceAccount)
  const key = createTokenKey('create fcm()', 'RS256', account.private_key)
  const base = checkBaseUrl('create fcm()', baseUrl)
  const url = `${base}/v1/projects/${encodeURIComponent(account.project_id)}/messages:send`
  const tokenName = `${NAME}:${account.project_id}:${account.client_email}`

  async function makeToken(context: ProviderContext): Promise<MadeToken> {
    const iat = Math.floor(context.clock.now() / 1000)
    const claims = {
      iss: account.client_email,
      scope: SCOPE,
      aud: tokenUrl,
      iat,
      exp: iat + HOUR_S,
    }
    const body = new URLSearchParams({
      grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
      assertion: await key.sign({}, claims),
    }).toString()
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    const answer = await askProvider(NAME, { url: tokenUrl, headers, body }, context).catch(
      (cause: unknown) => {
        // No message was on its way yet, whatever became of this request.
        throw networkError(NAME, 'unavailable', cause)
      },
    )
    const token = textIn(answer.json, 'access_token')
    if (answer.ok && token !== null) {
      const seconds = Number(textIn(answer.json, 'expires_in'))
      return { token, useForMs: (seconds > 0 ? seconds : HOUR_S) * USED_SHARE * 1000 }
    }
    throw refusalOf(NAME, answer, {
      code: answer.status < 500 && answer.status !== 429 ? 'authentication' : 'unavailable',
      vendorCode: textIn(answer.json, 'error') ?? undefined,
    })
  }

  return {
    name: NAME,
    takes: (target) => 'token' in target,
    async send(push, context) {
      const body = JSON.stringify({ message: messageOf(push) })
      const token = await context.tokens.get(tokenName, account.private_key, () =>
        makeToken(context),
      )
      const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
      const answer = await askProvider(NAME, { url, headers, body }, context)
      if (answer.ok) return { providerMessageId: textIn(answer.json, 'name') }
      const detail = refusalDetail(answer.json)
      const isOurs = answer.status === 401 && detail.vendorCode !== 'THIRD_PARTY_AUTH_ERROR'
      if (isOurs) await context.tokens.drop(tokenName, token)
      throw refusalOf(NAME, answer, detail)
    },
  }
}

function messageOf(push: OutgoingPush): object {
  const { target, title, body, url, image, collapseKey, ttlSeconds, urgency, badge, sound } = push
  if (!('token' in target))
    throw new NotificationError(
      'invalid_request',
      `Cannot send through ${NAME}: the target is a browser's subscription, a token expected`,
      { provider: NAME },
    )
  const data = { ...push.data, ...(url !== null && { url }) }
  const names = Object.keys(data)
  const reserved = names.find((name) => RESERVED_NAME.test(name))
  const bytes = utf8Length(JSON.stringify({ data, title, body }))
  if (reserved !== undefined || bytes > MOST_BYTES)
    throw new NotificationError(
      'invalid_request',
      `Cannot send through ${NAME}: ${reserved === undefined ? `the push has ${bytes} bytes, at most ${MOST_BYTES} allowed` : `payload has the name ${JSON.stringify(reserved)}, which FCM keeps for itself`}`,
      { provider: NAME },
    )
  const silent = title === null && body === null
  return {
    token: target.token,
    ...(!silent && {
      notification: {
        ...(title !== null && { title }),
        ...(body !== null && { body }),
        ...(image !== null && { image }),
      },
    }),
    ...(names.length > 0 && { data }),
    android: {
      priority: urgency === 'high' ? 'HIGH' : 'NORMAL',
      ttl: `${ttlSeconds}s`,
      ...(collapseKey !== null && { collapseKey }),
      ...(!silent &&
        (sound !== null || badge !== null || collapseKey !== null) && {
          notification: {
            ...(sound !== null && { sound }),
            ...(badge !== null && { notificationCount: badge }),
            ...(collapseKey !== null && { tag: collapseKey }),
          },
        }),
    },
    apns: {
      headers: {
        'apns-priority': silent || urgency === 'normal' ? '5' : '10',
        ...(silent && { 'apns-push-type': 'background' }),
        ...(collapseKey !== null && { 'apns-collapse-id': collapseKey }),
      },
      payload: {
        aps: {
          ...(silent && { 'content-available': 1 }),
          ...(badge !== null && { badge }),
          ...(sound !== null && { sound }),
        },
      },
    },
    webpush: {
      headers: { TTL: String(ttlSeconds), Urgency: urgency },
      ...(url?.startsWith('https:') === true && !silent && { fcmOptions: { link: url } }),
    },
  }
}

/**
 * What is wrong follows from the details; the status is the same for a bad token and a bad payload.
 */
function refusalDetail(json: unknown): RefusalDetail {
  const details = valueIn(json, 'error', 'details')
  const list: readonly unknown[] = Array.isArray(details) ? details : []
  const code = list.map((detail) => textIn(detail, 'errorCode')).find((found) => found !== null)
  const violations = list.flatMap((detail) => {
    const found = valueIn(detail, 'fieldViolations')
    return Array.isArray(found) ? found.map((violation) => textIn(violation, 'field')) : []
  })
  const vendorCode = code ?? textIn(json, 'error', 'status') ?? undefined
  const badToken = code === 'INVALID_ARGUMENT' && violations.includes('message.token')
  if (code === 'UNREGISTERED' || badToken)
    return { vendorCode, code: 'invalid_recipient', recipient: 'gone' }
  // Most often the token, but nothing says so: no device is forgotten over what may be the payload.
  if (code === 'INVALID_ARGUMENT' && violations.length === 0)
    return { vendorCode, code: 'invalid_recipient' }
  const known = code !== null && code !== undefined && Object.hasOwn(CODES, code)
  return { vendorCode, code: known ? CODES[code] : undefined }
}

function readAccount(given: unknown): ServiceAccount {
  const file: unknown = typeof given === 'string' ? parsed(given) : given
  const field = (name: string): string =>
    checkCredential('create fcm()', `serviceAccount.${name}`, textIn(file, name) ?? undefined)
  const key = textIn(file, 'private_key')
  if (key === null)
    throw new TypeError(
      'Cannot create fcm(): serviceAccount has no private_key, the file of a service account expected',
    )
  return {
    project_id: field('project_id'),
    client_email: field('client_email'),
    private_key: key,
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
