import { checkPayload, type WebhookPayload } from '../signing/signed-content.ts'
import type { WebhookSecret } from '../signing/webhook-keys.ts'
import { decideWebhook, type SignatureAgeOptions } from './decide-webhook.ts'
import { headerReader, type WebhookHeaders } from '../schemes/webhook-headers.ts'
import type { WebhookScheme } from '../schemes/webhook-scheme.ts'
import { findScheme, type WebhookSchemeName } from '../schemes/webhook-schemes.ts'

/** Options of {@link verifyWebhook}. */
export interface VerifyWebhookOptions extends SignatureAgeOptions {
  /**
   * Whose way of signing. Default: `stripe` for a bare signature, since Stripe's alone says when it
   * was made, and `standard` for headers. Never guessed from what arrives, or the sender could
   * choose the weakest.
   */
  readonly scheme?: WebhookSchemeName | WebhookScheme
}

/**
 * Says whether a webhook is authentic. The answer is a promise: a condition on it without `await`
 * does not compile. To get the event in the same step, use `readWebhook`.
 *
 * @example
 * const body = await request.text()
 * if (!(await verifyWebhook(body, request.headers, secret)))
 *   return new Response(null, { status: 401 })
 *
 * @param payload The raw body, text or bytes as it arrived
 * @param signature The request's headers, or the value of its one signature header; absent is not
 *   authentic
 * @param secrets One secret, or several while they are rotated
 * @throws TypeError when the body is a parsed object, the scheme needs more than what is given, or
 *   an option is not known
 * @throws RangeError when a secret or an option is out of range
 * @throws WebhookVerificationError `key_unavailable` when that cannot be told now; let the sender
 *   try again
 */
export async function verifyWebhook(
  payload: WebhookPayload,
  signature: string | WebhookHeaders | null | undefined,
  secrets: WebhookSecret | readonly WebhookSecret[],
  options: VerifyWebhookOptions = {},
): Promise<boolean> {
  checkPayload(payload)
  for (const name in options)
    if (name !== 'scheme' && name !== 'tolerance' && name !== 'clock')
      throw new TypeError(`Cannot verify webhook: option ${name} is not known`)
  const bare = typeof signature !== 'object' || signature === null
  const scheme = findScheme(options.scheme ?? (bare ? 'stripe' : 'standard'))
  const { signatureHeader } = scheme
  if (bare && signatureHeader === undefined)
    throw new TypeError(`Cannot verify webhook: the ${scheme.name} scheme needs the headers`)
  const header = bare
    ? (name: string) => (name === signatureHeader && signature) || null
    : headerReader(signature)
  const verdict = await decideWebhook(scheme, { payload, header }, secrets, options)
  return typeof verdict === 'object'
}
