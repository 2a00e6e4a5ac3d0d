import { encodeBase64 } from '../../../../primitives/base64.ts'
import { encodeUtf8 } from '../../../../primitives/utf8.ts'
import type { WebhookPayload } from '../../signing/signed-content.ts'
import { askVendor, textOf, unavailable, type VendorTools } from '../ask-vendor.ts'
import { createBudget } from '../budget.ts'
import { eventField, eventText } from '../event-field.ts'
import { parseJson } from '../parse-json.ts'
import { createVendorLoads } from '../vendor-loads.ts'
import type { PaypalTransmission } from './paypal-transmission.ts'

/** An app of PayPal's, as its developer dashboard shows it. */
export interface PaypalCredentials {
  readonly clientId: string
  readonly clientSecret: string
}

/** Asks PayPal itself whether it sent a webhook. */
export type PaypalVerification = (
  transmission: PaypalTransmission,
  webhookId: string,
  payload: WebhookPayload,
  now: number,
) => Promise<boolean>

/** A token is given up this long before PayPal does, ms. */
const TOKEN_MARGIN_MS = 60_000

/**
 * So many are asked for at once, and one a second, that PayPal did not send; and tokens likewise.
 */
const BURST = 10
const REFILL_MS = 1000

interface Token {
  readonly value: string
  readonly until: number
}

/**
 * Makes a client of PayPal's `verify-webhook-signature`. It keeps its access token until that ends.
 *
 * @param host Such as `api-m.paypal.com`
 * @returns A function that throws WebhookVerificationError `key_unavailable` when PayPal does not
 *   answer, or was asked too often about what it did not send
 * @see https://developer.paypal.com/docs/api/webhooks/v1/#verify-webhook-signature_post
 */
export function createPaypalVerification(
  tools: VendorTools,
  host: string,
  { clientId, clientSecret }: PaypalCredentials,
): PaypalVerification {
  const basic = `Basic ${encodeBase64(encodeUtf8(`${clientId}:${clientSecret}`))}`
  const questions = createBudget(BURST, REFILL_MS)
  const tokens = createVendorLoads<Token>(tools.clock, createBudget(BURST, REFILL_MS))
  let token: Token | null = null

  function post(path: string, type: string, authorization: string, body: string) {
    const headers = { authorization, 'content-type': type, accept: 'application/json' }
    return askVendor(tools, `https://${host}${path}`, { method: 'POST', headers, body })
  }

  async function loadToken(now: number): Promise<Token> {
    const form = 'application/x-www-form-urlencoded'
    const path = '/v1/oauth2/token'
    const answer = parseJson(textOf(await post(path, form, basic, 'grant_type=client_credentials')))
    const value = eventText(answer, 'access_token')
    const seconds = eventField(answer, 'expires_in')
    if (value === null || typeof seconds !== 'number') throw unusable('has no access token')
    return { value, until: now + seconds * 1000 - TOKEN_MARGIN_MS }
  }

  return async (transmission, webhookId, payload, now) => {
    const event = readEvent(payload)
    if (event === null) return false
    if (!questions.take(now))
      throw unavailable(new Error('Unverified messages asked PayPal too often'))
    if (token === null || now >= token.until)
      token = await tokens('token', now, { load: () => loadToken(now) })
    const path = '/v1/notifications/verify-webhook-signature'
    const body = questionOf(transmission, webhookId, event)
    const used = token
    const answer = await post(path, 'application/json', `Bearer ${used.value}`, body)
    // The token was revoked; the sender's next try gets a new one.
    if (answer.status === 401 && token === used) token = null
    const status = eventText(parseJson(textOf(answer)), 'verification_status')
    if (status !== 'SUCCESS' && status !== 'FAILURE') throw unusable('has no verification status')
    if (status === 'SUCCESS') questions.giveBack()
    return status === 'SUCCESS'
  }
}

/**
 * @returns The body's text, or `null` when it is no JSON: it could add fields of its own to a
 *   request
 */
function readEvent(payload: WebhookPayload): string | null {
  if (parseJson(payload) === undefined) return null
  // Without the byte order mark, which is allowed before a text and not inside.
  const text = typeof payload === 'string' ? payload : new TextDecoder().decode(payload)
  return text.replace(/^\ufeff/, '')
}

function questionOf(
  { id, time, signature, certificateUrl, algorithm }: PaypalTransmission,
  webhookId: string,
  event: string,
): string {
  const fields = JSON.stringify({
    transmission_id: id,
    transmission_time: time,
    transmission_sig: signature,
    cert_url: certificateUrl,
    auth_algo: algorithm,
    webhook_id: webhookId,
  })
  // As text: written anew, numbers and empty objects would come out differently than PayPal signed
  // them.
  return `${fields.slice(0, -1)},"webhook_event":${event}}`
}

function unusable(fault: string): Error {
  return unavailable(new Error(`PayPal's answer ${fault}`))
}
