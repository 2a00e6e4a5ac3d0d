import { encodeBase64 } from '../../../../primitives/base64.ts'
import { encodeUtf8 } from '../../../../primitives/utf8.ts'
import { WebhookVerificationError } from '../../webhook-verification-error.ts'
import type { WebhookPayload } from '../../signing/signed-content.ts'
import { eventField, eventText } from '../event-field.ts'
import { fetchText, type FetchTextTools } from '../fetch-text.ts'
import { parseJson } from '../parse-json.ts'
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
) => Promise<boolean>

/** A token is given up this long before PayPal does, ms. */
const TOKEN_MARGIN_MS = 60_000

/**
 * Makes a client of PayPal's `verify-webhook-signature`. It keeps its access token until that ends.
 *
 * @param host Such as `api-m.paypal.com`
 * @returns A function that throws WebhookVerificationError `key_unavailable` when PayPal does not answer
 * @see https://developer.paypal.com/docs/api/webhooks/v1/#verify-webhook-signature_post
 */
export function createPaypalVerification(
  tools: FetchTextTools,
  host: string,
  { clientId, clientSecret }: PaypalCredentials,
): PaypalVerification {
  const basic = `Basic ${encodeBase64(encodeUtf8(`${clientId}:${clientSecret}`))}`
  let token: { readonly value: string; readonly until: number } | null = null

  async function ask(
    path: string,
    type: string,
    authorization: string,
    body: string,
  ): Promise<unknown> {
    const headers = { authorization, 'content-type': type, accept: 'application/json' }
    return parseJson(
      await fetchText(tools, `https://${host}${path}`, { method: 'POST', headers, body }),
    )
  }

  async function accessToken(): Promise<string> {
    const now = tools.clock.now()
    if (token !== null && now < token.until) return token.value
    const form = 'application/x-www-form-urlencoded'
    const answer = await ask('/v1/oauth2/token', form, basic, 'grant_type=client_credentials')
    const value = eventText(answer, 'access_token')
    const seconds = eventField(answer, 'expires_in')
    if (value === null || typeof seconds !== 'number') throw unusable('has no access token')
    token = { value, until: now + seconds * 1000 - TOKEN_MARGIN_MS }
    return value
  }

  return async ({ id, time, signature, certificateUrl, algorithm }, webhookId, payload) => {
    const text = typeof payload === 'string' ? payload : new TextDecoder().decode(payload)
    // Only a whole JSON value may stand inside the request, or a body could add fields of its own to it.
    if (parseJson(text) === undefined) return false
    const fields = JSON.stringify({
      transmission_id: id,
      transmission_time: time,
      transmission_sig: signature,
      cert_url: certificateUrl,
      auth_algo: algorithm,
      webhook_id: webhookId,
    })
    // As text: written anew, numbers and empty objects would come out differently than PayPal signed them.
    const body = `${fields.slice(0, -1)},"webhook_event":${text}}`
    const path = '/v1/notifications/verify-webhook-signature'
    const bearer = `Bearer ${await accessToken()}`
    let answer: unknown
    try {
      answer = await ask(path, 'application/json', bearer, body)
    } catch (error) {
      // The token may have been revoked; the sender's next try gets a new one.
      token = null
      throw error
    }
    const status = eventText(answer, 'verification_status')
    if (status !== 'SUCCESS' && status !== 'FAILURE') throw unusable('has no verification status')
    return status === 'SUCCESS'
  }
}

function unusable(fault: string): WebhookVerificationError {
  return new WebhookVerificationError('key_unavailable', undefined, {
    cause: new Error(`PayPal's answer ${fault}`),
  })
}
