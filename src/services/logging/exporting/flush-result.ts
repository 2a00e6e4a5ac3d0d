/** What became of what was waiting to be sent. */
export interface FlushResult {
  /** Taken by the receiver. */
  readonly sent: number
  /**
   * Lost since the last flush, also where batches were sent by themselves meanwhile: for lack of
   * room, refused by the receiver, or not to be encoded.
   */
  readonly dropped: number
  /** Why, the first ten. What could be tried again still waits. */
  readonly errors: readonly unknown[]
}

/** Something that keeps what it takes until it is flushed. */
export interface Flushable {
  flush?(): Promise<FlushResult>
}

/** Errors that a result carries. */
export const MAX_ERRORS = 10

/** Flushes all side by side. Never rejects: a rejection is one of the errors. */
export async function flushAll(all: readonly Flushable[]): Promise<FlushResult> {
  const results = await Promise.all(
    all.map(async (one): Promise<FlushResult> => {
      try {
        return (await one.flush?.()) ?? NOTHING
      } catch (error) {
        return { ...NOTHING, errors: [error] }
      }
    }),
  )
  return addResults(results)
}

/** One result of several. */
export function addResults(results: readonly FlushResult[]): FlushResult {
  let sent = 0
  let dropped = 0
  for (const result of results) {
    // What another program's sink answers may be anything.
    sent += Number(result.sent) || 0
    dropped += Number(result.dropped) || 0
  }
  const errors = results.flatMap((result) => result.errors ?? [])
  return { sent, dropped, errors: errors.slice(0, MAX_ERRORS) }
}

/** Nothing was waiting. */
export const NOTHING: FlushResult = { sent: 0, dropped: 0, errors: [] }
