import type { Idempotency } from '@white-cross/reuse/infrastructure/runtime/coordination'
import { base64Url, fromBase64Url, sha256Hex, utf8 } from '../access/digest.ts'
import { ProblemError } from './problem.ts'
import type { Answer } from './route.ts'

/** An answer of a mutation, plain. */
export type PlainAnswer = Exclude<Answer, Response>

/** What makes a request the same one again. */
export interface RepeatableRequest {
  /** The header `idempotency-key`. */
  readonly key: string
  readonly tenant: string
  readonly method: string
  /** Path and query. */
  readonly address: string
  /** As it was sent. */
  readonly body: string
  /** `authorization` of whoever asks; a secret answer is kept under it. `null` for an open one. */
  readonly sealWith: string | null
}

/** A kept answer. */
interface KeptAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly target: string
  /** JSON text, or that encrypted; `null` where there is no body. */
  readonly body: string | null
}

/** Its text, 1 to 255 printable characters; as a structured field it stands in quotes. */
const KEY = /^[\x21-\x7e](?:[\x20-\x7e]{0,253}[\x21-\x7e])?$/

/** @returns The header `idempotency-key`, or `undefined` when there is none */
export function readIdempotencyKey(headers: Headers): string | undefined {
  const given = headers.get('idempotency-key')
  if (given === null) return undefined
  const key = /^"(.*)"$/.exec(given)?.[1] ?? given
  if (KEY.test(key)) return key
  throw new ProblemError(
    400,
    'invalid_idempotency_key',
    'The header idempotency-key is malformed, 1 to 255 printable ASCII characters expected',
  )
}

/**
 * Answers a request once for each key: again with what it answered, as the IETF's draft of the header
 * has it. The same key with another request is a 422, while the first is on its way a 409. A refusal
 * frees the key, since nothing was done.
 */
export async function answerOnce(
  idempotency: Idempotency,
  request: RepeatableRequest,
  work: () => Promise<PlainAnswer>,
): Promise<PlainAnswer> {
  const { key, tenant, method, address, body, sealWith } = request
  let isNew = false
  const kept = await idempotency.run(
    `${tenant}/${key}`,
    sha256Hex(JSON.stringify([method, address, body])),
    async () => {
      isNew = true
      const answer = await work()
      const text = answer.body === undefined ? null : JSON.stringify(answer.body)
      return {
        status: answer.status,
        headers: { ...answer.headers },
        target: answer.target ?? '',
        body: text === null || sealWith === null ? text : await seal(text, sealWith, key),
      }
    },
  )
  const { status, headers, body: text } = kept as KeptAnswer
  const open = text === null || sealWith === null ? text : await unseal(text, sealWith, key)
  return {
    status,
    headers: { ...headers, ...(isNew ? {} : { 'idempotency-replayed': 'true' }) },
    ...(open !== null && { body: JSON.parse(open) as unknown }),
  }
}

/** AES-GCM under a key that only whoever asked has: the store alone gives no secret away. */
async function seal(text: string, credential: string, salt: string): Promise<string> {
  const iv = crypto.getRandomValues(new Uint8Array(12))
  const sealed = await crypto.subtle.encrypt(
    { name: 'AES-GCM', iv },
    await sealKey(credential, salt),
    utf8(text),
  )
  return `${base64Url(iv)}.${chunked(new Uint8Array(sealed))}`
}

async function unseal(sealed: string, credential: string, salt: string): Promise<string> {
  const [iv = '', text = ''] = sealed.split('.')
  try {
    const opened = await crypto.subtle.decrypt(
      { name: 'AES-GCM', iv: fromBase64Url(iv) ?? new Uint8Array() },
      await sealKey(credential, salt),
      fromBase64Url(text) ?? new Uint8Array(),
    )
    return new TextDecoder().decode(opened)
  } catch {
    throw new ProblemError(
      409,
      'answer_sealed',
      'The answer shows a secret, and is repeated only for the very credential that asked first',
    )
  }
}

async function sealKey(credential: string, salt: string): Promise<CryptoKey> {
  const base = await crypto.subtle.importKey('raw', utf8(credential), 'HKDF', false, ['deriveKey'])
  return crypto.subtle.deriveKey(
    { name: 'HKDF', hash: 'SHA-256', salt: utf8(salt), info: utf8('gateway answer') },
    base,
    { name: 'AES-GCM', length: 256 },
    false,
    ['encrypt', 'decrypt'],
  )
}

/** A call of `String.fromCharCode` takes so many arguments and no more. */
function chunked(bytes: Uint8Array): string {
  const parts: string[] = []
  // A multiple of three, so that parts join to what the whole would be.
  for (let at = 0; at < bytes.length; at += 30_000)
    parts.push(base64Url(bytes.subarray(at, at + 30_000)))
  return parts.join('')
}
