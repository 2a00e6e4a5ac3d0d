/** The beginning of a body as text; `truncated` when there was more or the rest did not arrive. */
export interface BodyExcerpt {
  readonly text: string
  readonly truncated: boolean
}

/** Reads of one body: an endless run of empty chunks must end too. */
const MAX_CHUNKS = 100_000

/**
 * Reads at most `maxBytes` of a body and cancels the rest, so that an endless body costs no more
 * than its beginning.
 *
 * Never rejects: a body that breaks off or is aborted leaves what arrived before.
 */
export async function readBody(
  { body }: Pick<Response, 'body'>,
  maxBytes: number,
  signal: AbortSignal,
): Promise<BodyExcerpt> {
  if (body === null) return { text: '', truncated: false }
  const reader = body.getReader()
  const decoder = new TextDecoder()
  // A body that ignores the request's signal is cancelled here; the pending read then ends.
  const cancel = (): void => void reader.cancel().catch(() => undefined)
  signal.addEventListener('abort', cancel, { once: true })
  let text = ''
  let bytes = 0
  let truncated = signal.aborted
  try {
    for (let chunk = 0; !truncated; chunk++) {
      const { done, value } = await reader.read()
      if (signal.aborted) truncated = true
      if (done) break
      truncated ||= bytes + value.length > maxBytes || chunk === MAX_CHUNKS
      text += decoder.decode(value.subarray(0, maxBytes - bytes), { stream: true })
      bytes += value.length
    }
  } catch {
    truncated = true
  } finally {
    signal.removeEventListener('abort', cancel)
  }
  if (truncated) cancel()
  return { text: text + (truncated ? '' : decoder.decode()), truncated }
}
