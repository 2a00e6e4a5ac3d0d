import type { Clock } from '../../../runtime/ports/platform/clock.ts'
import { openBody, type BlobBody } from '../blobs/blob-body.ts'

/** Bytes that arrive piece by piece and may break off. */
export interface BodyPieces {
  /** Bytes in all; `null` where that is unknown. */
  readonly size: number | null
  /** @returns What has come: fewer than `length` only at the end, or where it broke off */
  next(length: number): Promise<{
    readonly bytes: Uint8Array<ArrayBuffer>
    readonly ended: boolean
    /** Why it broke off. */
    readonly failure: { readonly reason: unknown } | null
  }>
  cancel(reason: unknown): void
}

/** How long a body may say nothing. */
export interface BodyPatience {
  readonly clock: Pick<Clock, 'setTimer'>
  readonly idleMs: number
}

/**
 * Opens a body so that what has come of it is not lost with it. One that says nothing for too long
 * has broken off: a client that changed its network is not heard of again.
 */
export function openPieces(body: BlobBody, { clock, idleMs }: BodyPatience): BodyPieces {
  const stream = streamOf(body)
  if (stream === null) {
    const source = openBody(body)
    const { size } = source
    let left = size ?? 0
    return {
      size,
      async next(length) {
        const bytes = await source.next(length)
        left -= bytes.length
        return { bytes, ended: left === 0, failure: null }
      },
      cancel: (reason) => source.cancel(reason),
    }
  }
  const reader = stream.getReader()
  let rest: Uint8Array = new Uint8Array()
  let done = false

  async function read(): ReturnType<typeof reader.read> {
    const { promise: idle, reject } = Promise.withResolvers<never>()
    const cancelTimer = clock.setTimer(() => {
      const reason = new Error(`Nothing came for ${idleMs} ms`)
      reject(reason)
      void reader.cancel(reason).catch(() => undefined)
    }, idleMs)
    return Promise.race([reader.read(), idle]).finally(cancelTimer)
  }

  return {
    size: null,
    async next(length) {
      const target = new Uint8Array(length)
      let filled = 0
      for (;;) {
        const taken = rest.subarray(0, length - filled)
        target.set(taken, filled)
        filled += taken.length
        rest = rest.subarray(taken.length)
        if (done || filled === length)
          return { bytes: target.subarray(0, filled), ended: done, failure: null }
        try {
          const piece = await read()
          if (piece.done) done = true
          else if (ArrayBuffer.isView(piece.value)) rest = piece.value
          else throw new TypeError('Cannot append: the stream holds something else than bytes')
        } catch (reason) {
          return { bytes: target.subarray(0, filled), ended: true, failure: { reason } }
        }
      }
    },
    cancel: (reason) => void reader.cancel(reason).catch(() => undefined),
  }
}

function streamOf(body: BlobBody): ReadableStream<Uint8Array> | null {
  if (body instanceof ReadableStream) return body
  if (body instanceof Request || body instanceof Response)
    return body.body ?? new Response(new Uint8Array()).body
  return null
}
