import { BackendError } from '../../runtime/ports/backend-error.ts'
import { isInstance, readThrown } from '../../primitives/read-thrown.ts'
import { createWakeFlag, type WakeFlag } from '../../runtime/workers/wake-flag.ts'
import type { QueueStore } from '../../runtime/ports/job-store/job-store.ts'
import type { Json } from '../../runtime/ports/json.ts'
import type { Clock } from '../../runtime/ports/platform/clock.ts'
import type { EndWatch } from './end-watch.ts'
import { JobError } from './job-error.ts'

/** Options of {@link import('./job-queue.ts').JobQueue.finished}. */
export interface FinishedOptions {
  /** Stops the wait; the job goes on. */
  readonly signal?: AbortSignal
}

const FIRST_LOOK_MS = 20
const LAST_LOOK_MS = 1000

/**
 * Waits until a job has ended, whichever process runs it: by looking at its record, at once when a
 * worker of this process has ended it or the job store says that another's has, and otherwise ever
 * more seldom, at least once a second.
 *
 * @returns What its handler returned
 * @throws JobError `not_completed` when it is dead or cancelled, `unknown_outcome` when its record
 *   is gone
 */
export async function waitUntilFinished(
  jobStore: Pick<QueueStore, 'get'>,
  clock: Clock,
  id: string,
  { signal }: FinishedOptions,
  watch: EndWatch,
): Promise<Json> {
  const flag = createWakeFlag(clock)
  const stopListening = watch.listen(id, flag.open)
  signal?.addEventListener('abort', flag.open)
  try {
    return await look(jobStore, id, flag, signal)
  } finally {
    stopListening()
    signal?.removeEventListener('abort', flag.open)
  }
}

async function look(
  jobStore: Pick<QueueStore, 'get'>,
  id: string,
  flag: WakeFlag,
  signal: AbortSignal | undefined,
): Promise<Json> {
  for (let waitMs = FIRST_LOOK_MS; ; waitMs = Math.min(waitMs * 2, LAST_LOOK_MS)) {
    signal?.throwIfAborted()
    flag.close()
    // A store that cannot be reached for a while says nothing of the job.
    const record = await jobStore.get(id).catch((error: unknown) => {
      if (isInstance(error, BackendError)) return undefined
      throw error
    })
    if (record === null)
      throw new JobError(
        'unknown_outcome',
        `Cannot tell how job ${JSON.stringify(id)} ended: its record is gone, keep it with removeOnComplete`,
      )
    if (record?.state === 'completed') return record.result
    if (record?.state === 'dead' || record?.state === 'cancelled') {
      const { lastError } = record
      const reason = lastError === null ? '' : `: ${readThrown(lastError).message}`
      const message = `Job ${JSON.stringify(id)} is ${record.state}${reason}`
      throw new JobError('not_completed', message, { cause: lastError })
    }
    await flag.wait(waitMs)
  }
}
