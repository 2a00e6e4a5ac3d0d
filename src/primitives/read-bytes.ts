/**
 * Reads a whole stream of bytes, as long as it is no longer than a limit; the rest is then
 * cancelled.
 *
 * @param maxBytes Most bytes read; an empty chunk counts as one, so that an endless run of them
 *   ends too
 * @param signal Cancels the stream when it aborts
 * @returns The bytes, or `null` when there were more
 * @throws The reason of `signal` when it aborts, or what the stream fails with
 */
export async function readBytes(
  stream: ReadableStream<Uint8Array>,
  maxBytes: number,
  signal?: AbortSignal,
): Promise<Uint8Array<ArrayBuffer> | null> {
  const reader = stream.getReader()
  // A pending read ends when its reader is cancelled, whatever the source does.
  const cancel = (): void => void reader.cancel(signal?.reason).catch(() => undefined)
  signal?.addEventListener('abort', cancel, { once: true })
  let bytes = new Uint8Array(Math.min(maxBytes, 4096))
  let length = 0
  let budget = maxBytes
  try {
    for (;;) {
      signal?.throwIfAborted()
      const { done, value } = await reader.read()
      signal?.throwIfAborted()
      if (done) return bytes.slice(0, length)
      budget -= Math.max(value.length, 1)
      if (budget < 0) return null
      if (length + value.length > bytes.length) {
        const longer = new Uint8Array(Math.min(maxBytes, 2 * (length + value.length)))
        longer.set(bytes.subarray(0, length))
        bytes = longer
      }
      bytes.set(value, length)
      length += value.length
    }
  } finally {
    signal?.removeEventListener('abort', cancel)
    cancel()
  }
}
