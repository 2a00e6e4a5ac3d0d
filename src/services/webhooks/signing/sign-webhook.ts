import { encodeBase64 } from '../../../primitives/base64.ts'
import { encodeHex } from '../../../primitives/hex.ts'
import { systemClock, type Clock } from '../../../runtime/ports/platform/clock.ts'
import { systemRandom, type RandomSource } from '../../../runtime/ports/platform/random-source.ts'
import { checkPayload, signedContent, type WebhookPayload } from './signed-content.ts'
import { signingKey } from './signing-key.ts'
import { createKeyring, textKey, type WebhookSecret } from './webhook-keys.ts'

/** The headers that each scheme adds to a request. */
export interface SignatureHeaders {
  /**
   * Standard Webhooks: `v1` (HMAC-SHA256) for `whsec_` secrets, `v1a` (Ed25519) for `whsk_` keys.
   */
  readonly standard: {
    readonly 'webhook-id': string
    readonly 'webhook-timestamp': string
    readonly 'webhook-signature': string
  }
  /** As Stripe signs: `t=…,v1=…`, HMAC-SHA256 in hexadecimal over time and body. */
  readonly stripe: { readonly 'stripe-signature': string }
  /**
   * As GitHub signs: `sha256=…`, HMAC-SHA256 in hexadecimal over the body alone, so nothing limits
   * a replay.
   */
  readonly github: { readonly 'x-hub-signature-256': string }
}

/** A way of signing that {@link signWebhook} knows. */
export type SigningScheme = keyof SignatureHeaders

/** Options of {@link signWebhook}. */
export interface SignWebhookOptions<Scheme extends SigningScheme = SigningScheme> {
  /** Whose way of signing. Default `standard`. */
  readonly scheme?: Scheme
  /**
   * The message's id, the same in every attempt to deliver it: 1 to 256 visible ASCII characters
   * without a dot. Used by `standard` alone. Default: `msg_` and 24 random digits.
   */
  readonly id?: string
  /** When this attempt is made, seconds since 1970; fractions are cut off. Default: now. */
  readonly timestamp?: number
  /** Tells the time when `timestamp` is not given. Default: the platform's clock. */
  readonly clock?: Pick<Clock, 'now'>
  /** Makes the id when `id` is not given. Default: the platform's generator. */
  readonly random?: Pick<RandomSource, 'bytes'>
}

/**
 * Signs a webhook's body.
 *
 * @example
 * const headers = await signWebhook(body, secret)
 * await fetch(url, { method: 'POST', headers: { ...headers }, body })
 *
 * @param payload The exact body that is sent
 * @param secrets One secret, or several while they are rotated: the receiver needs any one of them
 * @returns The headers to send along with the body
 * @throws TypeError when the body is no text or bytes, or a secret is not written as the scheme
 *   wants it
 * @throws RangeError when a secret is too short, or the id or the timestamp is not valid
 */
export function signWebhook(
  payload: WebhookPayload,
  secrets: WebhookSecret | readonly WebhookSecret[],
  options?: SignWebhookOptions<'standard'>,
): Promise<SignatureHeaders['standard']>
export function signWebhook<Scheme extends SigningScheme>(
  payload: WebhookPayload,
  secrets: WebhookSecret | readonly WebhookSecret[],
  options: SignWebhookOptions<Scheme> & { readonly scheme: Scheme },
): Promise<SignatureHeaders[Scheme]>
export async function signWebhook(
  payload: WebhookPayload,
  secrets: WebhookSecret | readonly WebhookSecret[],
  options: SignWebhookOptions = {},
): Promise<SignatureHeaders[SigningScheme]> {
  checkPayload(payload)
  const list = [secrets].flat()
  if (list.length === 0) throw new RangeError('Cannot sign webhook: no secret is given')
  const { scheme = 'standard' } = options
  if (!Object.hasOwn(signers, scheme))
    throw new TypeError(
      'Cannot sign webhook: the scheme is unknown, standard, stripe or github needed',
    )
  return signers[scheme](payload, list, options)
}

const signers = { standard: signStandard, stripe: signStripe, github: signGitHub }

async function signStandard(
  payload: WebhookPayload,
  secrets: readonly WebhookSecret[],
  options: SignWebhookOptions,
): Promise<SignatureHeaders['standard']> {
  const id = checkId(options.id ?? createId(options.random ?? systemRandom))
  const timestamp = timestampOf(options)
  const content = signedContent(`${id}.${timestamp}.`, payload)
  const signatures: string[] = []
  for (const secret of secrets) {
    const key = standardKeyOf(secret)
    signatures.push(`${key.version},${encodeBase64(await key.sign(content))}`)
  }
  return {
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': signatures.join(' '),
  }
}

async function signStripe(
  payload: WebhookPayload,
  secrets: readonly WebhookSecret[],
  options: SignWebhookOptions,
): Promise<SignatureHeaders['stripe']> {
  const timestamp = timestampOf(options)
  const content = signedContent(`${timestamp}.`, payload)
  const parts = [`t=${timestamp}`]
  for (const secret of secrets) parts.push(`v1=${encodeHex(await textKeyOf(secret).sign(content))}`)
  return { 'stripe-signature': parts.join(',') }
}

async function signGitHub(
  payload: WebhookPayload,
  secrets: readonly WebhookSecret[],
): Promise<SignatureHeaders['github']> {
  const [secret, ...others] = secrets
  if (secret === undefined || others.length > 0)
    throw new RangeError(
      'Cannot sign webhook: the github scheme carries one signature, pass one secret',
    )
  const signature = await textKeyOf(secret).sign(signedContent('', payload))
  return { 'x-hub-signature-256': `sha256=${encodeHex(signature)}` }
}

const standardKeyOf = /* @__PURE__ */ createKeyring(signingKey)
const textKeyOf = /* @__PURE__ */ createKeyring(textKey)

/**
 * A dot would let two messages have the same signed content, so the specification keeps it out of
 * ids.
 */
function checkId(id: string): string {
  if (/^[!-\-/-~]{1,256}$/.test(id)) return id
  throw new RangeError(
    'Cannot sign webhook: the id is not valid, 1 to 256 visible ASCII characters without a dot are needed',
  )
}

function createId(random: Pick<RandomSource, 'bytes'>): string {
  return `msg_${encodeHex(random.bytes(12))}`
}

function timestampOf({ timestamp, clock = systemClock }: SignWebhookOptions): string {
  const seconds = Math.floor(timestamp ?? clock.now() / 1000)
  if (seconds >= 0 && seconds < 1e12) return String(seconds)
  throw new RangeError(
    'Cannot sign webhook: the timestamp is not valid, seconds since 1970 are needed',
  )
}
