import { SidecarError } from '@white-cross/reuse/infrastructure/storage/sidecar'

/**
 * Works for so long at most. Whether the work obeys its signal or not, nobody waits longer.
 *
 * @throws SidecarError `deadline_exceeded`; the signal's reason; what `work` throws
 */
export async function withDeadline<Result>(
  ms: number,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  signal.throwIfAborted()
  const late = new AbortController()
  const { promise: ended, reject } = Promise.withResolvers<never>()
  const end = (reason: unknown): void => {
    late.abort(reason)
    reject(reason)
  }
  const onAbort = (): void => end(signal.reason)
  signal.addEventListener('abort', onAbort, { once: true })
  const timer = setTimeout(
    () => end(new SidecarError('deadline_exceeded', 'Cannot work: it takes too long')),
    Math.max(ms, 1),
  )
  try {
    return await Promise.race([work(late.signal), ended])
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', onAbort)
  }
}
