import { decodeUtf8, encodeUtf8, utf8Length } from '../../../primitives/utf8.ts'
import { StorageError } from '../storage-error.ts'

/**
 * A sealed object: a header of 128 bytes, then chunks of AES-256-GCM, each with its tag.
 *
 * Every object has a key of its own, HKDF of the master key, a random salt and the header. A
 * chunk's nonce is its number and whether it is the last one, so that chunks cannot be moved,
 * repeated, left out or cut off at the end.
 */
export const HEADER_BYTES = 128
/** What GCM adds to a chunk. */
export const TAG_BYTES = 16
export const SALT_BYTES = 32
const MAGIC = 'RSE1'
const KEY_ID_BYTES = 64

/** What a header says. */
export interface SealedHeader {
  readonly keyId: string
  readonly chunkBytes: number
  readonly salt: Uint8Array<ArrayBuffer>
  /** All of it, as it is authenticated. */
  readonly bytes: Uint8Array<ArrayBuffer>
}

/** @throws RangeError when the key's id is not 1 to 64 bytes */
export function writeHeader(
  keyId: string,
  chunkBytes: number,
  salt: Uint8Array<ArrayBuffer>,
): SealedHeader {
  const length = utf8Length(keyId)
  if (length === 0 || length > KEY_ID_BYTES)
    throw new RangeError(`Cannot encrypt: the key's id is not 1 to ${KEY_ID_BYTES} bytes`)
  const bytes = new Uint8Array(HEADER_BYTES)
  bytes.set(encodeUtf8(MAGIC))
  new DataView(bytes.buffer).setUint32(4, chunkBytes)
  bytes[8] = length
  bytes.set(encodeUtf8(keyId), 9)
  bytes.set(salt, HEADER_BYTES - SALT_BYTES)
  return { keyId, chunkBytes, salt, bytes }
}

/** @throws StorageError `not_authentic` when these are no header */
export function readHeader(bytes: Uint8Array<ArrayBuffer>): SealedHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const known = bytes.length === HEADER_BYTES && MAGIC === ascii(bytes.subarray(0, 4))
  const chunkBytes = known ? view.getUint32(4) : 0
  const length = bytes[8] ?? 0
  if (chunkBytes < 1024 || chunkBytes > 2 ** 24 || length === 0 || length > KEY_ID_BYTES)
    throw notAuthentic('it does not begin as what was encrypted here does')
  try {
    const keyId = decodeUtf8(bytes.subarray(9, 9 + length))
    return { keyId, chunkBytes, salt: bytes.slice(HEADER_BYTES - SALT_BYTES), bytes }
  } catch {
    throw notAuthentic('its key has no name')
  }
}

/** Derives an object's own key. @param context What else it must be, as where it is stored */
export async function objectKey(
  master: Uint8Array<ArrayBuffer>,
  { salt, bytes }: SealedHeader,
  context: string,
): Promise<CryptoKey> {
  const base = await crypto.subtle.importKey('raw', master, 'HKDF', false, ['deriveKey'])
  const more = encodeUtf8(context)
  const info = new Uint8Array(bytes.length + more.length)
  info.set(bytes)
  info.set(more, bytes.length)
  return crypto.subtle.deriveKey(
    { name: 'HKDF', hash: 'SHA-256', salt, info },
    base,
    { name: 'AES-GCM', length: 256 },
    false,
    ['encrypt', 'decrypt'],
  )
}

/** @returns A chunk's nonce. It is unique under its object's key */
export function nonceOf(index: number, last: boolean): Uint8Array<ArrayBuffer> {
  const nonce = new Uint8Array(12)
  const view = new DataView(nonce.buffer)
  view.setUint32(0, Math.floor(index / 2 ** 32))
  view.setUint32(4, index >>> 0)
  nonce[11] = last ? 1 : 0
  return nonce
}

/** @returns How long plain bytes are once they are sealed */
export function sealedSize(size: number, chunkBytes: number): number {
  return HEADER_BYTES + size + TAG_BYTES * Math.max(Math.ceil(size / chunkBytes), 1)
}

/** @returns How many chunks a sealed object has and how many bytes are in them */
export function plainSize(
  sealed: number,
  chunkBytes: number,
): { readonly size: number; readonly chunks: number } {
  const body = sealed - HEADER_BYTES
  const chunks = Math.max(Math.ceil(body / (chunkBytes + TAG_BYTES)), 1)
  const size = body - chunks * TAG_BYTES
  if (size < 0) throw notAuthentic('it is cut off')
  return { size, chunks }
}

export function notAuthentic(why: string): StorageError {
  return new StorageError('not_authentic', `Cannot decrypt object: ${why}`)
}

function ascii(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes)
}
