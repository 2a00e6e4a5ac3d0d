import { equalBytes } from '../../../primitives/equal-bytes.ts'
import { parseDictionary, type InnerList } from '../../../primitives/structured-dictionary.ts'
import { encodeUtf8 } from '../../../primitives/utf8.ts'
import type { WebhookVerificationCode } from '../webhook-verification-error.ts'
import { signedContent } from '../signing/signed-content.ts'
import { createKeyring } from '../signing/webhook-keys.ts'
import { eventText } from './event-field.ts'
import { decideTimestamp } from './decide-timestamp.ts'
import { isComponentName, isDerived, signatureBase } from './signature-base.ts'
import { verificationKey } from './verification-key.ts'
import type { WebhookMessage, WebhookScheme } from './webhook-scheme.ts'

/** Options of {@link messageSignatureWebhook}. */
export interface MessageSignatureWebhookOptions {
  /**
   * What the signature must cover at least: names of fields, lower case, and of `@method`,
   * `@target-uri`, `@authority`, `@scheme`, `@request-target`, `@path` and `@query`. Default
   * `@method`, `@target-uri` and `content-digest`; without the last, nobody vouches for the body.
   */
  readonly components?: readonly string[]
  /** Which signature counts when there are several. Default: there must be one. */
  readonly label?: string
  /** What the signature says it is for, its `tag`. Default: not looked at. */
  readonly tag?: string
  /**
   * From the URL that this server sees to the one that the sender called, for servers behind a
   * proxy. Default: the same.
   */
  readonly url?: (seen: string) => string
}

/**
 * Names of algorithms in the registry of RFC 9421, and the versions of keys that sign with them.
 */
const ALGORITHMS = new Map<unknown, string>([
  ['hmac-sha256', 'v1'],
  ['ed25519', 'v1a'],
])

/** Names of digests in RFC 9530, and WebCrypto's. */
const DIGESTS = new Map([
  ['sha-256', 'SHA-256'],
  ['sha-512', 'SHA-512'],
])

/**
 * HTTP Message Signatures (RFC 9421) with `hmac-sha256` or `ed25519`, and `Content-Digest` (RFC
 * 9530) for the body. Secrets are written as for Standard Webhooks: `whsec_…`, base64 or bytes, and
 * `whpk_…` for Ed25519.
 *
 * A profile: `created` is demanded, components have no parameters, and `alg`, when it is there,
 * must be that of a key.
 *
 * @example
 * const scheme = messageSignatureWebhook({ label: 'sig1' })
 * const { event } = await readWebhook(request, { scheme, secrets: env.SIGNING_SECRET })
 *
 * @throws TypeError when a component is none, or is needed and only headers are there
 */
export function messageSignatureWebhook(
  options: MessageSignatureWebhookOptions = {},
): WebhookScheme {
  const { components = ['@method', '@target-uri', 'content-digest'], url: toPublic } = options
  const odd = components.find((name) => !isComponentName(name))
  if (odd !== undefined)
    throw new TypeError(
      'Cannot verify message signatures: components holds what is no name of a component, names of fields in lower case or of RFC 9421 §2.2 expected',
    )
  const keyOf = createKeyring(verificationKey)
  return {
    name: 'http-message-signature',
    toleranceMs: 300_000,
    async verify(message, secrets, policy) {
      const keys = secrets.map(keyOf)
      if (keys.length === 0) throw new RangeError('Cannot verify webhook: no secret is given')
      const claim = readClaim(message, options)
      if (typeof claim === 'string') return claim
      const { signature, input, covered } = claim
      if (!components.every((component) => covered.includes(component)))
        return 'malformed_signature'
      const created = input.parameters.get('created')
      const expires = input.parameters.get('expires') ?? { kind: 'integer', value: Infinity }
      const alg = input.parameters.get('alg')
      if (created?.kind !== 'integer' || expires.kind !== 'integer') return 'malformed_timestamp'
      const accepted = decideTimestamp(String(created.value), policy)
      if (typeof accepted === 'string') return accepted
      if (expires.value * 1000 < policy.now) return 'timestamp_too_old'
      // Only where it is always so: what a stranger covers besides is no mistake of the caller.
      if (message.url === undefined && components.some(isDerived))
        throw new TypeError(
          'Cannot verify webhook: the signature has to cover the request, use readWebhook with the whole request',
        )
      const base = signatureBase(covered, input.text, message, toPublic)
      if (base === null) return 'malformed_signature'

      for (const key of keys) {
        if (alg !== undefined && ALGORITHMS.get(alg.value) !== key.version) continue
        if (!(await key.verify(signature, encodeUtf8(base)))) continue
        const intact = !covered.includes('content-digest') || (await isBodyIntact(message))
        return intact ? accepted : 'signature_mismatch'
      }
      return 'signature_mismatch'
    },
    identify: (event) => ({
      id: eventText(event, 'id'),
      idIsSigned: components.includes('content-digest'),
      type: eventText(event, 'type'),
    }),
  }
}

interface Claim {
  readonly input: InnerList & { readonly text: string }
  /** Names of the components, without parameters. */
  readonly covered: readonly string[]
  readonly signature: Uint8Array<ArrayBuffer>
}

function readClaim(
  { header }: WebhookMessage,
  { label, tag }: MessageSignatureWebhookOptions,
): Claim | WebhookVerificationCode {
  const [inputHeader, signatureHeader] = [header('signature-input'), header('signature')]
  if (!inputHeader || !signatureHeader) return 'missing_signature'
  const signatures = parseDictionary(signatureHeader)
  const inputs = [...(parseDictionary(inputHeader) ?? [])]
    .filter(([name]) => label === undefined || name === label)
    .filter(([, { parameters }]) => tag === undefined || parameters.get('tag')?.value === tag)
  const [[name, input] = [], ...others] = inputs
  const signature = name === undefined ? undefined : signatures?.get(name)
  if (input === undefined || signature === undefined || others.length > 0)
    return 'malformed_signature'
  if (!('items' in input) || !('item' in signature) || signature.item.kind !== 'bytes')
    return 'malformed_signature'
  const covered: string[] = []
  for (const { item, parameters } of input.items) {
    if (item.kind !== 'string' || parameters.size > 0) return 'malformed_signature'
    if (!isComponentName(item.value) || covered.includes(item.value)) return 'malformed_signature'
    covered.push(item.value)
  }
  return { input, covered, signature: signature.item.value }
}

/** Whether every digest that is known fits, and there is one. */
async function isBodyIntact({ payload, header }: WebhookMessage): Promise<boolean> {
  const body = signedContent('', payload)
  let checked = false
  for (const [name, member] of parseDictionary(header('content-digest') ?? '') ?? []) {
    const hash = DIGESTS.get(name)
    if (hash === undefined) continue
    if (!('item' in member) || member.item.kind !== 'bytes') return false
    const digest = new Uint8Array(await crypto.subtle.digest(hash, body))
    if (!equalBytes(digest, member.item.value)) return false
    checked = true
  }
  return checked
}
