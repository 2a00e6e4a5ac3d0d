import { encodeHex } from './hex.ts'

/** One element of DER (X.690): a tag and what it holds. */
export interface DerElement {
  readonly tag: number
  readonly content: Uint8Array<ArrayBuffer>
  /** Tag, length and content. */
  readonly whole: Uint8Array<ArrayBuffer>
}

/** Tags of the universal types that certificates and signatures use. */
export const DER = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  objectId: 0x06,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const

/**
 * Reads elements that fill `bytes` exactly, strictly: definite lengths in their shortest form, tags
 * of one byte.
 *
 * @returns `null` when the bytes are something else
 */
export function readDer(bytes: Uint8Array<ArrayBuffer>): readonly DerElement[] | null {
  const elements: DerElement[] = []
  for (let start = 0; start < bytes.length;) {
    const tag = bytes[start] ?? 0
    const length = readLength(bytes, start + 1)
    if ((tag & 0x1f) === 0x1f || length === null) return null
    const end = length.contentStart + length.contentLength
    if (end > bytes.length) return null
    elements.push({
      tag,
      content: bytes.subarray(length.contentStart, end),
      whole: bytes.subarray(start, end),
    })
    start = end
  }
  return elements
}

/**
 * @returns The elements inside `element`, or `null` when it has not this tag or holds something
 *   else
 */
export function readDerInside(
  element: DerElement | undefined,
  tag: number,
): readonly DerElement[] | null {
  return element?.tag === tag ? readDer(element.content) : null
}

/** @returns A number's bytes, or `null` for a negative one or one with a needless zero in front */
export function readDerUnsigned(element: DerElement | undefined): Uint8Array | null {
  if (element?.tag !== DER.integer) return null
  const [first = 0x80, second = 0x80] = element.content
  if (first >= 0x80) return null
  if (first !== 0 || element.content.length === 1) return element.content
  return second < 0x80 ? null : element.content.subarray(1)
}

/** @returns An object identifier's content in hexadecimal, or an empty text when it is none */
export function readDerObjectId(element: DerElement | undefined): string {
  return element?.tag === DER.objectId ? encodeHex(element.content) : ''
}

/** @returns The whole bytes of a bit string, or `null` when some bits of the last one are unused */
export function readDerBytes(element: DerElement | undefined): Uint8Array<ArrayBuffer> | null {
  return element?.tag === DER.bitString && element.content[0] === 0
    ? element.content.subarray(1)
    : null
}

function readLength(
  bytes: Uint8Array,
  at: number,
): { readonly contentStart: number; readonly contentLength: number } | null {
  const first = bytes[at]
  if (first === undefined) return null
  if (first < 0x80) return { contentStart: at + 1, contentLength: first }
  const size = first & 0x7f
  // No length of 2³¹ bytes or more, and none that a shorter form could say.
  if (size < 1 || size > 3 || at + size >= bytes.length) return null
  let contentLength = 0
  for (let index = 1; index <= size; index++)
    contentLength = contentLength * 256 + (bytes[at + index] ?? 0)
  const isShortest = contentLength >= (size === 1 ? 0x80 : 256 ** (size - 1))
  return isShortest ? { contentStart: at + 1 + size, contentLength } : null
}
