/** Waits until `work` has settled, however, or the signal aborts. */
export async function settledOrAborted(work: Promise<unknown>, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const done = (): void => {
      signal.removeEventListener('abort', done)
      resolve()
    }
    signal.addEventListener('abort', done, { once: true })
    work.then(done, done)
    if (signal.aborted) done()
  })
}
