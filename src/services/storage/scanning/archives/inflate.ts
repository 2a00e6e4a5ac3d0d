/**
 * Inflates, and stops as soon as more comes out than may.
 *
 * @returns The bytes; `longer` when there are more than `most`, `broken` when it is no such stream
 */
export async function inflate(
  format: 'gzip' | 'deflate-raw',
  data: Uint8Array<ArrayBuffer>,
  most: number,
  signal?: AbortSignal,
): Promise<Uint8Array<ArrayBuffer> | 'longer' | 'broken'> {
  const chunks: Uint8Array[] = []
  let length = 0
  const source = new Blob([data]).stream()
  const reader = source.pipeThrough(new DecompressionStream(format)).getReader()
  try {
    for (;;) {
      signal?.throwIfAborted()
      const { done, value } = await reader
        .read()
        .catch(() => ({ done: true, value: null }) as const)
      if (value === null) return 'broken'
      if (done) break
      length += value.length
      if (length > most) return 'longer'
      chunks.push(value)
    }
  } finally {
    await reader.cancel().catch(() => undefined)
  }
  const whole = new Uint8Array(length)
  let at = 0
  for (const chunk of chunks) {
    whole.set(chunk, at)
    at += chunk.length
  }
  return whole
}
