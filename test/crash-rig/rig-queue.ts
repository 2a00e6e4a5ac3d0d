import { SagaOrchestrator } from '../../src/runtime/coordination/sagas/saga-orchestrator.ts'
import type { SagaContext } from '../../src/runtime/coordination/sagas/saga.ts'
import type { Backend } from '../../src/runtime/ports/backend.ts'
import { systemClock, type Clock } from '../../src/runtime/ports/platform/clock.ts'
import type { Json } from '../../src/runtime/ports/json.ts'
import {
  defineJob,
  JobQueue,
  RetryLaterError,
  UnrecoverableError,
  type BatchResult,
  type JobContext,
  type RunningJob,
} from '../../src/services/background-jobs/index.ts'
import type { RigFact } from './rig-journal.ts'
import type { RigData } from './rig-plan.ts'

/** Jobs of one key that run at once. */
export const KEY_LIMIT = 2
/** Attempts of the limited kind. */
export const RATE_LIMIT = { limit: 40, window: 1000 }
/** The leases of the rig's workers. */
export const LEASE_MS = 2000
/** No job is to use them up: each kill costs those that run one. */
const ATTEMPTS = 60
export const STEPS: readonly string[] = ['reserve', 'charge', 'ship']

/** The queue and the saga that all processes of the rig work on. */
export function openRig(
  backend: Pick<Backend, 'jobStore' | 'store' | 'rateLimits' | 'waker'>,
  note: (fact: RigFact) => Promise<void> | void,
  clock: Clock = systemClock,
) {
  type Job = RunningJob<RigData>

  async function work(kind: string, job: Job, { signal }: JobContext): Promise<Json> {
    const { id, token, data } = job
    const key = data.key === '' ? {} : { key: data.key }
    await note({ what: 'begun', id, kind, token, ...key })
    signal.addEventListener(
      'abort',
      () => void note({ what: 'aborted', id, token, why: String(signal.reason?.code) }),
      { once: true },
    )
    await waitMs(data.workMs, signal)
    const ok = job.attempt > data.failures
    await note({ what: 'ended', id, token, ok })
    if (!ok) throw new Error('Planned to fail')
    return { token }
  }

  const kinds = {
    work: defineJob<RigData>({ run: (job, context) => work('work', job, context) }),
    unique: defineJob<RigData>({ run: (job, context) => work('unique', job, context) }),
    tick: defineJob<RigData>({ run: (job, context) => work('tick', job, context) }),
    keyed: defineJob<RigData>({
      concurrency: { limit: KEY_LIMIT, key: ({ key }) => key },
      run: (job, context) => work('keyed', job, context),
    }),
    limited: defineJob<RigData>({
      rateLimit: RATE_LIMIT,
      run: (job, context) => work('limited', job, context),
    }),
    chain: defineJob<RigData>({
      async run(job, context) {
        const result = await work('chain', job, context)
        const { next } = job.data
        if (next > 0) {
          const jobId = `${job.id}+`
          await queue.add('chain', { ...job.data, next: next - 1 }, { jobId })
          await note({ what: 'added', id: jobId, kind: 'chain' })
        }
        return result
      },
    }),
    hopeless: defineJob<RigData>({
      async run(job, context) {
        await work('hopeless', { ...job, data: { ...job.data, failures: 0 } }, context)
        throw new UnrecoverableError('Planned to be hopeless')
      },
    }),
    later: defineJob<RigData>({
      async run(job, context) {
        const result = await work('later', { ...job, data: { ...job.data, failures: 0 } }, context)
        if (job.attempt === 1) throw new RetryLaterError(300)
        return result
      },
    }),
    batch: defineJob<RigData>({
      batch: { size: 5, wait: 100 },
      run: (jobs) =>
        Promise.all(
          jobs.map((job) =>
            // One that fails does not fail the others.
            work('batch', job, job).catch((error: unknown): BatchResult => error as Error),
          ),
        ),
    }),
    parent: defineJob<RigData>({
      async run(job, context) {
        const children = (await context.children()).map(({ id, state }) => `${id} ${state}`)
        await note({
          what: 'begun',
          id: job.id,
          kind: 'parent',
          token: job.token,
          children: children.toSorted(),
        })
        await note({ what: 'ended', id: job.id, token: job.token, ok: true })
        return { token: job.token }
      },
    }),
  }

  const queue = new JobQueue({
    name: 'rig',
    backend,
    clock,
    jobs: kinds,
    options: {
      attempts: ATTEMPTS,
      backoff: { type: 'exponential', delay: 50, maxDelay: 500 },
      removeOnComplete: { age: '1h' },
    },
    report: () => undefined,
  })

  const effect = async (step: string, { sagaId, fence, idempotencyKey }: SagaContext) => {
    const fact = { what: 'step', saga: sagaId, step, fence, key: idempotencyKey } as const
    await note({ ...fact, phase: 'begins' })
    await waitMs(10)
    await note({ ...fact, phase: 'ends' })
  }
  const sagas = new SagaOrchestrator({ backend, name: 'order', lease: LEASE_MS, clock })
  for (const name of STEPS)
    sagas.addStep({
      name,
      retry: { attempts: ATTEMPTS },
      compensateRetry: { attempts: ATTEMPTS },
      async execute(context) {
        await effect(name, context)
        if (name === STEPS.at(-1) && context.input === 'fails')
          throw Object.assign(new Error('Planned to fail'), { retryable: false })
      },
      compensate: (context) => effect(`undo ${name}`, context),
    })
  return { queue, sagas }
}

export type Rig = ReturnType<typeof openRig>

function waitMs(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms)
    signal?.addEventListener(
      'abort',
      () => {
        clearTimeout(timer)
        reject(signal.reason as Error)
      },
      { once: true },
    )
  })
}
