import { encodeBase64 } from '../../../../primitives/base64.ts'
import { encodeUtf8 } from '../../../../primitives/utf8.ts'
import type { StorePartition } from '../../../../runtime/ports/atomic-store/atomic-store.ts'
import type { Json } from '../../../../runtime/ports/json.ts'
import { PaymentError } from '../../payment-error.ts'
import {
  at,
  callApi,
  listAt,
  textAt,
  type ApiRequest,
  type ApiResponse,
  type ProviderApi,
} from '../provider-http.ts'
import type { ProviderCall } from '../provider-payment.ts'

/** PayPal's API with its access token. */
export interface PaypalApi {
  /** @throws PaymentError when the answer is no success */
  call(request: Omit<ApiRequest, 'headers' | 'signal'>, how: ProviderCall): Promise<Json>
  accessToken(): Promise<string>
}

/** How PayPal is logged in to. */
export interface PaypalCredentials {
  readonly clientId: string
  readonly clientSecret: string
  /** Shares the token between isolates. */
  readonly tokens: Pick<StorePartition, 'get' | 'commit'> | undefined
}

const TOKEN_KEY = 'paypal/token'
/** A token is not used any more this long before it ends. */
const MARGIN_MS = 60_000

interface Token {
  readonly value: string
  readonly endsAt: number
}

export function createPaypalApi(api: ProviderApi, credentials: PaypalCredentials): PaypalApi {
  const { tokens } = credentials
  const key = `${TOKEN_KEY}/${credentials.clientId}`.slice(0, 300)
  let held: Token | undefined
  let asking: Promise<Token> | undefined

  async function token(fresh: boolean): Promise<Token> {
    const now = api.clock.now()
    if (fresh) held = undefined
    if (held !== undefined && held.endsAt > now) return held
    asking ??= findToken(fresh, now).finally(() => {
      asking = undefined
    })
    held = await asking
    return held
  }

  async function findToken(fresh: boolean, now: number): Promise<Token> {
    const kept = fresh ? undefined : (await tokens?.get(key))?.value
    const value = textAt(kept, 'value')
    const endsAt = Number(at(kept, 'endsAt'))
    if (value !== undefined && endsAt > now) return { value, endsAt }
    const made = await askForToken()
    const expiresInMs = made.endsAt - now
    if (expiresInMs > 0) await tokens?.commit({ set: [{ key, value: { ...made }, expiresInMs }] })
    return made
  }

  async function askForToken(): Promise<Token> {
    const login = encodeBase64(encodeUtf8(`${credentials.clientId}:${credentials.clientSecret}`))
    const { status, body, retryAfterMs } = await callApi(api, {
      action: 'log in',
      method: 'POST',
      path: '/v1/oauth2/token',
      headers: { authorization: `Basic ${login}` },
      body: new URLSearchParams({ grant_type: 'client_credentials' }),
    }).catch((error: unknown) => {
      // Logging in changes nothing, so nothing is unknown.
      throw new PaymentError('provider_unavailable', 'Cannot log in at paypal: no answer came', {
        provider: 'paypal',
        cause: error,
      })
    })
    const value = textAt(body, 'access_token')
    const seconds = Number(at(body, 'expires_in'))
    if (status === 200 && value !== undefined && seconds > 0)
      return { value, endsAt: api.clock.now() + seconds * 1000 - MARGIN_MS }
    if (status === 429)
      throw new PaymentError('rate_limited', 'Cannot log in at paypal: too many calls', {
        provider: 'paypal',
        retryAfterMs,
      })
    throw new PaymentError(
      'configuration',
      'Cannot log in at paypal: clientId and clientSecret are not accepted',
      { provider: 'paypal' },
    )
  }

  async function send(
    request: Omit<ApiRequest, 'headers' | 'signal'>,
    { idempotencyKey, signal }: ProviderCall,
    fresh: boolean,
  ): Promise<ApiResponse> {
    return callApi(api, {
      ...request,
      headers: {
        authorization: `Bearer ${(await token(fresh)).value}`,
        prefer: 'return=representation',
        ...(idempotencyKey !== undefined && { 'paypal-request-id': idempotencyKey }),
      },
      signal,
    })
  }

  return {
    accessToken: async () => (await token(false)).value,
    async call(request, how) {
      let response = await send(request, how, false)
      // A token can be taken back before it ends. Nothing was done yet.
      if (response.status === 401) response = await send(request, how, true)
      if (response.status < 300) return response.body
      throw refusal(request.action, response)
    },
  }
}

function refusal(action: string, { status, body, retryAfterMs }: ApiResponse): PaymentError {
  const issue = textAt(listAt(body, 'details')[0], 'issue') ?? textAt(body, 'name') ?? ''
  const failed = (code: PaymentError['code'], why: string, more = {}): PaymentError =>
    new PaymentError(code, `Cannot ${action} at paypal: ${why}`, { provider: 'paypal', ...more })
  if (status === 401 || status === 403)
    return failed('configuration', 'the account may not do this, or is not logged in')
  if (status === 404) return failed('not_found', 'there is no such object')
  if (status === 429) return failed('rate_limited', 'too many calls', { retryAfterMs })
  if (DECLINES.has(issue))
    return failed('declined', 'the means of payment was declined', {
      declineCode: issue.toLowerCase(),
    })
  if (issue === 'PAYER_ACTION_REQUIRED')
    return failed('authentication_required', 'the payer has to prove who they are')
  if (REFUND_LIMITS.has(issue)) return failed('refund_exceeds_capture', issue)
  if (status === 409 || CONFLICTS.has(issue)) return failed('conflict', issue || String(status))
  const field = textAt(listAt(body, 'details')[0], 'field')
  return failed(
    'invalid_request',
    `the request was refused with ${issue || status}${field === undefined ? '' : ` (${field})`}`,
  )
}

const DECLINES = new Set([
  'INSTRUMENT_DECLINED',
  'TRANSACTION_REFUSED',
  'PAYER_CANNOT_PAY',
  'CARD_EXPIRED',
  'CARD_CLOSED',
  'PAYER_ACCOUNT_RESTRICTED',
  'PAYER_ACCOUNT_LOCKED_OR_CLOSED',
  'REDIRECT_PAYER_FOR_ALTERNATE_FUNDING',
  'PAYMENT_DENIED',
])

const REFUND_LIMITS = new Set([
  'CAPTURE_FULLY_REFUNDED',
  'REFUND_AMOUNT_EXCEEDED',
  'MAX_NUMBER_OF_REFUNDS_EXCEEDED',
  'REFUND_CAPTURE_CURRENCY_MISMATCH',
])

const CONFLICTS = new Set([
  'ORDER_ALREADY_CAPTURED',
  'ORDER_ALREADY_AUTHORIZED',
  'ORDER_NOT_APPROVED',
  'ORDER_ALREADY_COMPLETED',
  'AUTHORIZATION_ALREADY_CAPTURED',
  'AUTHORIZATION_VOIDED',
  'AUTHORIZATION_EXPIRED',
  'PREVIOUSLY_CAPTURED',
  'PREVIOUSLY_VOIDED',
  'MAX_CAPTURE_AMOUNT_EXCEEDED',
  'SUBSCRIPTION_STATUS_INVALID',
  'DUPLICATE_REQUEST_ID',
  'DUPLICATE_INVOICE_ID',
])

/** Two calls of one operation have a key each. */
export function keyed({ idempotencyKey }: ProviderCall, step: string): ProviderCall {
  return idempotencyKey === undefined ? {} : { idempotencyKey: `${idempotencyKey}-${step}` }
}
