import { encodeHex } from '../../../primitives/hex.ts'
import type { Waker } from '../../ports/waker/waker.ts'
import type { JobStore } from '../../ports/job-store/job-store.ts'
import type { RandomSource } from '../../ports/platform/random-source.ts'
import { sagaJobData } from './saga-processor.ts'
import type { SagaState } from './saga-state.ts'
import { tryWake } from '../../workers/try-wake.ts'

/** What {@link createSagaWake} needs. */
export interface SagaWakeOptions {
  readonly jobStore: JobStore
  readonly waker: Pick<Waker, 'wake'> | undefined
  readonly queue: string
  readonly random: RandomSource
}

/** Adds the jobs by which a worker goes on with sagas. */
export interface SagaWake {
  /** A job that holds the whole saga; one of that id is added once. */
  begin(id: string, create: SagaState): Promise<void>
  /**
   * A job for later, should this process not come so far: with the whole saga, or only whom to
   * wake. @returns Its id
   */
  insure(id: string, create: SagaState | null, delayMs: number): Promise<string>
  /** Brings a job for later forward. */
  promote(jobId: string): Promise<void>
}

/** Crashes of workers that one saga survives before its job is dead. */
const MAX_CRASHES = 1000

export function createSagaWake({ jobStore, waker, queue, random }: SagaWakeOptions): SagaWake {
  const jobs = jobStore.queue(queue)

  async function add(jobId: string, data: ReturnType<typeof sagaJobData>, delayMs: number) {
    const { wakeInMs } = await jobs.add([
      { id: jobId, name: 'saga', data, delayMs, maxAttempts: MAX_CRASHES },
    ])
    await tryWake(waker, queue, wakeInMs)
  }

  return {
    begin: (id, create) => add(id, sagaJobData(id, create), 0),
    async insure(id, create, delayMs) {
      const jobId = `${id}/${encodeHex(random.bytes(8))}`
      await add(jobId, sagaJobData(id, create), delayMs)
      return jobId
    },
    async promote(jobId) {
      await jobs.command({ type: 'promote', ids: [jobId] })
      await tryWake(waker, queue, 0)
    },
  }
}
