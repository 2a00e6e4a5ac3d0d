import { encodeBase64Url } from '../../../primitives/base64url.ts'
import { canonicalJson } from '../../../primitives/canonical-json.ts'
import { encodeUtf8 } from '../../../primitives/utf8.ts'

/**
 * A key for a provider: the same parts always give the same 43 characters, which fit all providers
 * (Square takes 45) and say nothing of what they are made from.
 */
export async function deriveKey(...parts: readonly (string | number)[]): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', encodeUtf8(canonicalJson(parts)))
  return encodeBase64Url(new Uint8Array(digest))
}

/** Whether it can be an id of ours. What cannot is not looked for: it may be no key of a store. */
export function isOurId(id: unknown): id is string {
  return typeof id === 'string' && /^[\w-]{1,64}$/.test(id)
}

/**
 * Our id of what an operation makes. Derived from the operation's own id, so that whoever asks
 * again, here or after a crash, finds what was begun the first time.
 */
export async function deriveId(prefix: string, operationId: string): Promise<string> {
  return `${prefix}_${(await deriveKey(prefix, operationId)).slice(0, 24)}`
}
