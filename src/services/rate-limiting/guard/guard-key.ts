import { encodeBase64Url } from '../../../primitives/base64url.ts'
import type { IpAddress } from '../../../primitives/ip-address.ts'
import { sha256 } from '../../../primitives/sha256.ts'
import { encodeUtf8, utf8Length } from '../../../primitives/utf8.ts'
import { addressKey } from '../addresses/client-address.ts'
import type { GuardKey } from './guard-rule.ts'

/** How a request's callers are found. */
export interface CallerSources {
  /** `null` where it cannot be told. */
  address(): IpAddress | null
  user(): Promise<string | null> | string | null
  apiKey(): Promise<string | null> | string | null
  readonly ipv6Prefix: number
}

/** Longer keys are digested. */
const MAX_KEY_BYTES = 200
const DIGEST_BYTES = 16

/**
 * @returns The key of a request's budget; `null` where it needs the client's address and that
 *   cannot be told
 * @throws TypeError when a function answers no text
 */
export async function guardKey(
  request: Request,
  keys: readonly GuardKey[],
  sources: CallerSources,
): Promise<string | null> {
  const [only] = keys
  if (only !== undefined && keys.length === 1) return partOf(request, only, sources)
  const parts: string[] = []
  for (const key of keys) {
    const part = await partOf(request, key, sources)
    if (part === null) return null
    parts.push(part)
  }
  // No part holds a bar, so no two lists of parts become one key.
  return fitted(parts.map((part) => part.replaceAll('%', '%25').replaceAll('|', '%7C')).join('|'))
}

async function partOf(
  request: Request,
  key: GuardKey,
  sources: CallerSources,
): Promise<string | null> {
  if (typeof key === 'function') {
    const own: unknown = await key(request)
    if (typeof own === 'string') return fitted(`key:${own}`)
    throw new TypeError(`Cannot check request: key answered a ${typeof own}, a text expected`)
  }
  if (key === 'everyone') return 'everyone'
  if (key === 'user') {
    const user = await sources.user()
    if (user !== null) return fitted(`user:${user}`)
  }
  if (key === 'api-key') {
    const apiKey = await sources.apiKey()
    if (apiKey !== null) return `api-key:${digest(apiKey)}`
  }
  return keyOfAddress(sources.address(), sources.ipv6Prefix)
}

/** @returns The key `ip`; `null` where the address cannot be told */
export function keyOfAddress(ip: IpAddress | null, ipv6Prefix: number): string | null {
  return ip === null ? null : addressKey(ip, ipv6Prefix)
}

/** A caller may send a text of any length and of any characters. */
function fitted(text: string): string {
  if (
    text.isWellFormed() &&
    (text.length * 3 <= MAX_KEY_BYTES || utf8Length(text) <= MAX_KEY_BYTES)
  )
    return text
  return `digest:${digest(text)}`
}

function digest(text: string): string {
  return encodeBase64Url(sha256(encodeUtf8(text)).subarray(0, DIGEST_BYTES))
}
