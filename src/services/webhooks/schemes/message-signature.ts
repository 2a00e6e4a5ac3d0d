import { equalBytes } from '../../../primitives/equal-bytes.ts'
import { parseDictionary, type InnerList } from '../../../primitives/structured-dictionary.ts'
import { encodeUtf8 } from '../../../primitives/utf8.ts'
import type { WebhookVerificationCode } from '../webhook-verification-error.ts'
import { signedContent } from '../signing/signed-content.ts'
import { createKeyring } from '../signing/webhook-keys.ts'
import { eventText } from './event-field.ts'
import { judgeTimestamp } from './judge-timestamp.ts'
import { signatureBase } from './signature-base.ts'
import { verificationKey } from './verification-key.ts'
import type { WebhookMessage, WebhookScheme } from './webhook-scheme.ts'

/** Options of {@link messageSignatureWebhook}. */
export interface MessageSignatureWebhookOptions {
  /**
   * What the signature must cover at least. Default `@method`, `@target-uri` and `content-digest`; without the last, nobody
   * vouches for the body.
   */
  readonly components?: readonly string[]
  /** Which signature counts when there are several. Default: there must be one. */
  readonly label?: string
  /** What the signature says it is for, its `tag`. Default: not looked at. */
  readonly tag?: string
  /** From the URL that this server sees to the one that the sender called, for servers behind a proxy. Default: the same. */
  readonly url?: (seen: string) => string
}

/** Names of algorithms in the registry of RFC 9421, and the versions of keys that make such signatures. */
const ALGORITHMS: Readonly<Record<string, string>> = { 'hmac-sha256': 'v1', ed25519: 'v1a' }

/** Names of digests in RFC 9530, and WebCrypto's. */
const DIGESTS: Readonly<Record<string, string>> = { 'sha-256': 'SHA-256', 'sha-512': 'SHA-512' }

/**
 * HTTP Message Signatures (RFC 9421) with `hmac-sha256` or `ed25519`, and `Content-Digest` (RFC 9530) for the body. Secrets
 * are written as for Standard Webhooks: `whsec_…`, base64 or bytes, and `whpk_…` for Ed25519.
 *
 * A profile: `created` is demanded, components have no parameters, and `alg`, when it is there, must be that of a key.
 */
export function messageSignatureWebhook(
  options: MessageSignatureWebhookOptions = {},
): WebhookScheme {
  const { components = ['@method', '@target-uri', 'content-digest'], url: toPublic } = options
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
      const { created, expires, alg } = Object.fromEntries(input.parameters)
      if (created?.kind !== 'integer') return 'malformed_timestamp'
      const accepted = judgeTimestamp(String(created.value), policy)
      if (typeof accepted === 'string') return accepted
      if (expires !== undefined && !(Number(expires.value) * 1000 >= policy.now))
        return 'timestamp_too_old'
      const base = signatureBase(covered, input.text, message, toPublic)
      if (base === null) return 'malformed_signature'

      for (const key of keys) {
        if (alg !== undefined && ALGORITHMS[String(alg.value)] !== key.version) continue
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
  if (inputHeader === null || signatureHeader === null) return 'missing_signature'
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
    if (item.kind !== 'string' || parameters.size > 0 || covered.includes(item.value))
      return 'malformed_signature'
    covered.push(item.value)
  }
  return { input, covered, signature: signature.item.value }
}

/** Whether every digest that is known fits, and there is one. */
async function isBodyIntact({ payload, header }: WebhookMessage): Promise<boolean> {
  const body = signedContent('', payload)
  let checked = false
  for (const [name, member] of parseDictionary(header('content-digest') ?? '') ?? []) {
    const hash = Object.hasOwn(DIGESTS, name) ? DIGESTS[name] : undefined
    if (hash === undefined) continue
    if (!('item' in member) || member.item.kind !== 'bytes') return false
    const digest = new Uint8Array(await crypto.subtle.digest(hash, body))
    if (!equalBytes(digest, member.item.value)) return false
    checked = true
  }
  return checked
}
