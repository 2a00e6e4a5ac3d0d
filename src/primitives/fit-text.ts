import { encodeHex } from './hex.ts'
import { encodeUtf8 } from './utf8.ts'

const HASH_CHARACTERS = 32

/**
 * Makes a name from a text that may be longer than names can be: the text itself where it fits,
 * otherwise its beginning and half of its SHA-256, so that two texts do not get one name.
 *
 * @param most UTF-16 code units of the name, 40 or more
 */
export async function fitText(text: string, most: number): Promise<string> {
  if (text.length <= most) return text
  const digest = await crypto.subtle.digest('SHA-256', encodeUtf8(text))
  const hash = encodeHex(new Uint8Array(digest)).slice(0, HASH_CHARACTERS)
  const beginning = text.slice(0, most - HASH_CHARACTERS - 1)
  // The cut may have gone through a surrogate pair.
  return `${beginning.toWellFormed()}~${hash}`
}
