import { expectEqual, type Law } from '../../../../src/runtime/ports/conformance.ts'
import type { ClaimedJob, QueueStore } from '../../../../src/runtime/ports/job-store/job-store.ts'
import type { JobOutcome } from '../../../../src/runtime/ports/job-store/job-outcome.ts'
import type {
  AddedJob,
  JobDefinition,
  JobOptions,
  JobQueue,
} from '../../../../src/services/background-jobs/index.ts'
import { queueOn, type JobQueueHarness } from './job-queue-harness.ts'

export const HOUR_MS = 3_600_000
export const LEASE_MS = 2 * HOUR_MS
/** How long a job waits between its attempts, on every clock. */
const BACKOFF = { type: 'fixed', delay: '30m', jitter: 0 } as const

/** What may be the state of a job when something else is asked of its options. */
const STATES = [
  'waiting',
  'delayed',
  'active',
  'between attempts',
  'dead',
  'retried by hand',
  'retried and active',
  'promoted',
  'redriven',
  'parked',
  'parked and promoted',
  'completed',
  'cancelled',
  'lost and claimed again',
  'active, and not to be removed',
] as const
type State = (typeof STATES)[number]

export type Queue = JobQueue<{ readonly note: JobDefinition }>

/** A queue whose only job so far is in some state. */
interface Stage {
  readonly queue: Queue
  readonly store: QueueStore
  readonly id: string
  /** What it holds, where it is active. */
  readonly held: ClaimedJob | undefined
  add(data: number, options?: JobOptions): Promise<Pick<AddedJob, 'id' | 'added' | 'replaced'>>
  settle(outcome: JobOutcome, held?: ClaimedJob): Promise<void>
  claim(limit?: number): Promise<readonly ClaimedJob[]>
}

/** Brings a job, added with `options`, into `state`. */
export async function stageOf(
  harness: JobQueueHarness,
  state: State,
  options: JobOptions = {},
  definition: Pick<JobDefinition, 'concurrency'> = {},
): Promise<Stage> {
  const backend = await harness.open()
  const note: JobDefinition = { ...definition, run: () => undefined }
  const queue: Queue = queueOn(backend, harness, { note })
  const store = backend.jobStore.queue(queue.name)
  const claim = async (limit = 1): Promise<readonly ClaimedJob[]> =>
    (await store.exchange({ claim: { limit, leaseMs: LEASE_MS } })).claimed
  const settle = async (outcome: JobOutcome, held: ClaimedJob | undefined): Promise<void> => {
    const { id = '', token = 0 } = held ?? {}
    const { settled } = await store.exchange({ settle: [{ id, token, outcome }] })
    expectEqual(settled, ['settled'])
  }
  const delay = state === 'delayed' || state === 'promoted' ? { delay: '30m' as const } : {}
  const { id } = await queue.add('note', 0, {
    attempts: 3,
    backoff: BACKOFF,
    ...options,
    ...delay,
  })
  let held: ClaimedJob | undefined
  if (state !== 'waiting' && state !== 'delayed' && state !== 'promoted') [held] = await claim()
  switch (state) {
    case 'promoted':
      expectEqual(await queue.promote(id), true)
      break
    case 'redriven':
      await settle({ to: 'dead', error: 'x' }, held)
      expectEqual(await queue.redrive({ perSecond: Infinity }), 1)
      break
    case 'parked':
    case 'parked and promoted':
      await settle({ to: 'parked', error: 'x' }, held)
      if (state === 'parked and promoted') expectEqual(await queue.promote(id), true)
      break
    case 'between attempts':
      await settle({ to: 'scheduled', delayMs: 1_800_000, error: 'x' }, held)
      break
    case 'dead':
    case 'retried by hand':
    case 'retried and active':
      await settle({ to: 'dead', error: 'x' }, held)
      if (state === 'dead') break
      expectEqual(await queue.retry(id), true)
      if (state === 'retried and active') [held] = await claim()
      break
    case 'completed':
      await settle({ to: 'completed' }, held)
      break
    case 'cancelled':
      await settle({ to: 'cancelled' }, held)
      break
    case 'lost and claimed again':
      await harness.advance(LEASE_MS)
      held = (await claim())[0]
      break
    case 'active, and not to be removed':
      expectEqual(await queue.remove(id), false)
      break
    case 'waiting':
    case 'delayed':
    case 'active':
  }
  const isActive = (await queue.get(id))?.state === 'active'
  return {
    queue,
    store,
    id,
    held: isActive ? held : undefined,
    claim,
    settle: (outcome, other) => settle(outcome, other ?? held),
    add: (data, given = {}) => queue.add('note', data, { backoff: BACKOFF, ...given }),
  }
}

export const ACTIVE: readonly State[] = [
  'active',
  'retried and active',
  'lost and claimed again',
  'active, and not to be removed',
]
export const ENDED: readonly State[] = ['dead', 'completed', 'cancelled']
export const REVIVED: readonly State[] = ['retried by hand', 'retried and active', 'redriven']
/** Those in which a job holds no deduplication id without a time of its own. */
export const FREE: readonly State[] = [...ENDED, 'parked']
export const isWaiting = (state: State): boolean => !ACTIVE.includes(state) && !FREE.includes(state)

/** Makes the job ready, in the way that its state leaves: as a failed attempt, or by hand. */
export async function makeReady({ queue, id, held, settle }: Stage): Promise<void> {
  if (held !== undefined) return settle({ to: 'scheduled', delayMs: 0, error: 'x' })
  const record = await queue.get(id)
  if (record?.state === 'ready') return
  expectEqual(await (record?.state === 'scheduled' ? queue.promote(id) : queue.retry(id)), true)
}

/** One law for each state. */
export function each(
  promise: string,
  run: (harness: JobQueueHarness, state: State) => Promise<void>,
): readonly Law<JobQueueHarness>[] {
  return [
    {
      name: `${promise}: in every state`,
      async run(harness) {
        const broken: string[] = []
        for (const state of STATES)
          try {
            await run(harness, state)
          } catch (error) {
            broken.push(`${state}: ${error instanceof Error ? error.message : String(error)}`)
          }
        expectEqual(broken, [])
      },
    },
  ]
}
