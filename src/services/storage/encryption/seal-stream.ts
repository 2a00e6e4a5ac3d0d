import { openBody, type BlobBody } from '../blobs/blob-body.ts'
import { nonceOf, notAuthentic, TAG_BYTES, type SealedHeader } from './sealed-format.ts'

/** @returns The header and the sealed chunks of a body, one at a time as they are read */
export function sealStream(
  body: BlobBody,
  { bytes: header, chunkBytes }: SealedHeader,
  key: CryptoKey,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const source = openBody(body)
  let index = 0
  let next: Uint8Array<ArrayBuffer> | null = null

  async function read(): Promise<Uint8Array<ArrayBuffer>> {
    // A copy: what the source gave may be of memory that it uses again.
    const piece = await source.next(chunkBytes)
    const copy = piece.slice()
    source.release(piece)
    return copy
  }

  return new ReadableStream(
    {
      async pull(controller) {
        if (next === null) {
          next = await read()
          controller.enqueue(header.slice())
          return
        }
        const chunk = next
        // A chunk is known to be the last one when there is none behind it.
        next = chunk.length < chunkBytes ? new Uint8Array() : await read()
        const last = next.length === 0
        controller.enqueue(await seal(chunk, index++, last, key))
        if (last) controller.close()
      },
      cancel: (reason) => source.cancel(reason),
    },
    { highWaterMark: 0 },
  )
}

/** Which chunks a stream holds, and which bytes of them are wanted. */
export interface OpenedSpan {
  /** Number of the stream's first chunk. */
  readonly first: number
  /** Chunks of the whole object. */
  readonly chunks: number
  /** First byte that is wanted, counted from the stream's first chunk. */
  readonly skip: number
  /** Bytes that are wanted. */
  readonly take: number
}

/**
 * @returns The plain bytes of sealed chunks; it fails as `not_authentic` at the first that is not
 *   what was written, and has passed on none of it
 */
export function openStream(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  { chunkBytes }: Pick<SealedHeader, 'chunkBytes'>,
  key: CryptoKey,
  { first, chunks, skip, take }: OpenedSpan,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const source = openBody(stream)
  let index = first
  let skipped = skip
  let left = take
  return new ReadableStream(
    {
      async pull(controller) {
        for (;;) {
          const sealed = await source.next(chunkBytes + TAG_BYTES)
          const last = index === chunks - 1
          const plain = await open(sealed, index++, last, key)
          const part = plain.subarray(skipped, skipped + left)
          skipped = Math.max(skipped - plain.length, 0)
          left -= part.length
          source.release(sealed)
          if (part.length > 0) controller.enqueue(part)
          const ends = left === 0 || index >= chunks
          if (ends) {
            source.cancel('done')
            controller.close()
          }
          if (ends || part.length > 0) return
        }
      },
      cancel: (reason) => source.cancel(reason),
    },
    { highWaterMark: 0 },
  )
}

async function seal(
  chunk: Uint8Array<ArrayBuffer>,
  index: number,
  last: boolean,
  key: CryptoKey,
): Promise<Uint8Array<ArrayBuffer>> {
  const iv = nonceOf(index, last)
  return new Uint8Array(await crypto.subtle.encrypt({ name: 'AES-GCM', iv }, key, chunk))
}

async function open(
  sealed: Uint8Array<ArrayBuffer>,
  index: number,
  last: boolean,
  key: CryptoKey,
): Promise<Uint8Array<ArrayBuffer>> {
  const iv = nonceOf(index, last)
  try {
    return new Uint8Array(await crypto.subtle.decrypt({ name: 'AES-GCM', iv }, key, sealed))
  } catch {
    throw notAuthentic('it is not what was written, or its key is another one')
  }
}
