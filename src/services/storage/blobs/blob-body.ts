import { encodeUtf8 } from '../../../primitives/utf8.ts'

/** What can be written: text goes as UTF-8. */
export type BlobBody =
  | string
  | ArrayBuffer
  | ArrayBufferView
  | Blob
  | ReadableStream<Uint8Array>
  | Request
  | Response

/** Bytes that come in the pieces that are asked for. */
export interface BodySource {
  /** Bytes in all; `null` for a stream. */
  readonly size: number | null
  /** What the body itself says it is. */
  readonly contentType: string | null
  /** @returns The next `length` bytes, fewer only at the end, none behind it */
  next(length: number): Promise<Uint8Array<ArrayBuffer>>
  /** Takes back what {@link next} gave, to use its memory again. */
  release(bytes: Uint8Array<ArrayBuffer>): void
  /** Reads no further. */
  cancel(reason: unknown): void
}

/**
 * @throws TypeError when `body` is nothing that can be written, or is a stream that was read
 *   already
 */
export function openBody(body: BlobBody): BodySource {
  if (typeof body === 'string') return bytesSource(encodeUtf8(body), 'text/plain; charset=utf-8')
  if (body instanceof ArrayBuffer) return bytesSource(new Uint8Array(body))
  if (ArrayBuffer.isView(body)) return bytesSource(viewOf(body))
  if (body instanceof Blob) return blobSource(body)
  if (body instanceof ReadableStream) return streamSource(body, null)
  if (isMessage(body)) {
    const type = body.headers.get('content-type')
    return body.body === null ? bytesSource(new Uint8Array(), type) : streamSource(body.body, type)
  }
  throw new TypeError(
    'Cannot write object: text, an ArrayBuffer or its view, a Blob, a ReadableStream, a Request or a Response expected',
  )
}

/** Of another realm or another implementation they are no instances of ours. */
function isMessage(body: unknown): body is Pick<Response, 'headers' | 'body'> {
  return (
    typeof body === 'object' &&
    body !== null &&
    'headers' in body &&
    body.headers instanceof Headers &&
    'body' in body &&
    (body.body === null || body.body instanceof ReadableStream)
  )
}

function viewOf(view: ArrayBufferView): Uint8Array<ArrayBuffer> {
  const { buffer, byteOffset, byteLength } = view
  return buffer instanceof ArrayBuffer
    ? new Uint8Array(buffer, byteOffset, byteLength)
    : // Memory that others may write to meanwhile; requests do not take it.
      new Uint8Array(buffer, byteOffset, byteLength).slice()
}

function bytesSource(
  bytes: Uint8Array<ArrayBuffer>,
  contentType: string | null = null,
): BodySource {
  let offset = 0
  return {
    size: bytes.length,
    contentType,
    next: async (length) => bytes.subarray(offset, (offset += length)),
    release: () => undefined,
    cancel: () => undefined,
  }
}

function blobSource(blob: Blob): BodySource {
  let offset = 0
  return {
    size: blob.size,
    contentType: blob.type || null,
    next: async (length) =>
      new Uint8Array(await blob.slice(offset, (offset += length)).arrayBuffer()),
    release: () => undefined,
    cancel: () => undefined,
  }
}

function streamSource(stream: ReadableStream<Uint8Array>, contentType: string | null): BodySource {
  const reader = stream.getReader()
  const free: Uint8Array<ArrayBuffer>[] = []
  let rest: Uint8Array = new Uint8Array()

  async function next(length: number): Promise<Uint8Array<ArrayBuffer>> {
    const found = free.findIndex((buffer) => buffer.length >= length)
    const buffer = found === -1 ? new Uint8Array(length) : free.splice(found, 1)[0]
    // One was found, or made.
    const target = buffer as Uint8Array<ArrayBuffer>
    let filled = 0
    for (;;) {
      const taken = rest.subarray(0, length - filled)
      target.set(taken, filled)
      filled += taken.length
      rest = rest.subarray(taken.length)
      if (filled === length) return target.subarray(0, filled)
      const { done, value } = await reader.read()
      if (done) return target.subarray(0, filled)
      if (!ArrayBuffer.isView(value))
        throw new TypeError('Cannot write object: its stream holds something else than bytes')
      rest = value
    }
  }

  return {
    size: null,
    contentType,
    next,
    release: (bytes) => void free.push(new Uint8Array(bytes.buffer)),
    cancel: (reason) => void reader.cancel(reason).catch(() => undefined),
  }
}
