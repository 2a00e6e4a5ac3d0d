import { decodeBase64Url, encodeBase64Url } from '../../../primitives/base64url.ts'
import { equalBytes } from '../../../primitives/equal-bytes.ts'
import { createHmacSha256 } from '../../../primitives/hmac-sha256.ts'
import { decodeUtf8, encodeUtf8 } from '../../../primitives/utf8.ts'
import { StorageError } from '../storage-error.ts'

/** Texts that carry JSON which nobody else can have written. Whoever has one can read it. */
export interface SignedTokens {
  sign(payload: object): string
  /**
   * @returns The payload, which is then ours
   * @throws StorageError `access_denied`
   */
  read(token: unknown): unknown
}

const MOST_SECRETS = 8
const MOST_LENGTH = 16_384

/**
 * @param purpose Tokens of one purpose are none of another
 * @param secrets The first signs, all are taken: so one replaces another without a gap
 * @throws RangeError when a secret has fewer than 16 bytes
 */
export function createSignedTokens(
  purpose: string,
  secrets: string | readonly string[],
): SignedTokens {
  const all = typeof secrets === 'string' ? [secrets] : secrets
  if (!Array.isArray(all) || all.length === 0 || all.length > MOST_SECRETS)
    throw new RangeError(`Cannot sign tokens: 1 to ${MOST_SECRETS} secrets expected`)
  const keys = all.map((secret: unknown) => {
    const bytes = encodeUtf8(typeof secret === 'string' ? secret : '')
    if (bytes.length >= 16) return createHmacSha256(bytes)
    throw new RangeError('Cannot sign tokens: a secret has fewer than 16 bytes')
  })
  const messageOf = (text: string): Uint8Array => encodeUtf8(`${purpose}.${text}`)

  return {
    sign(payload) {
      const text = encodeBase64Url(encodeUtf8(JSON.stringify(payload)))
      const [key] = keys
      // There is one, as checked above.
      return `${text}.${encodeBase64Url((key as NonNullable<typeof key>)(messageOf(text)))}`
    },
    read(token) {
      const [text = '', code = '', ...more] =
        typeof token === 'string' && token.length <= MOST_LENGTH ? token.split('.') : []
      const given = decodeBase64Url(code) ?? new Uint8Array()
      const message = messageOf(text)
      // Each is compared, so that nobody learns which one it was.
      const matches = keys.filter((key) => equalBytes(key(message), given))
      const bytes = matches.length > 0 && more.length === 0 ? decodeBase64Url(text) : null
      if (bytes === null)
        throw new StorageError('access_denied', 'Cannot use token: it is none of ours')
      return JSON.parse(decodeUtf8(bytes)) as unknown
    },
  }
}
