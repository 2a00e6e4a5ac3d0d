import { decodeBase64Url, encodeBase64Url } from '../../primitives/base64url.ts'
import { equalBytes } from '../../primitives/equal-bytes.ts'
import { createHmacSha256 } from '../../primitives/hmac-sha256.ts'
import { decodeUtf8, encodeUtf8 } from '../../primitives/utf8.ts'

/** Texts that carry JSON which nobody else can have written. */
export interface SignedText {
  sign(payload: object): string
  /** @returns The payload, which is then ours, or `null` */
  read(text: string): unknown
  /** A code of a text, 43 characters, to be compared. */
  codeOf(text: string): string
}

const MOST_LENGTH = 3000

/** @param purpose A text of one purpose is none of another */
export function createSignedText(purpose: string, secret: string): SignedText {
  const code = createHmacSha256(encodeUtf8(secret))
  const codeOf = (text: string): Uint8Array<ArrayBuffer> => code(encodeUtf8(`${purpose}.${text}`))
  return {
    sign(payload) {
      const text = encodeBase64Url(encodeUtf8(JSON.stringify(payload)))
      return `${text}.${encodeBase64Url(codeOf(text))}`
    },
    read(signed) {
      const [text = '', given = '', ...more] = signed.length <= MOST_LENGTH ? signed.split('.') : []
      const bytes = decodeBase64Url(given)
      if (bytes === null || more.length > 0 || !equalBytes(bytes, codeOf(text))) return null
      const payload = decodeBase64Url(text)
      return payload === null ? null : (JSON.parse(decodeUtf8(payload)) as unknown)
    },
    codeOf: (text) => encodeBase64Url(codeOf(text)),
  }
}
