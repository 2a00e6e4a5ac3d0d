import { expectEqual, expectTrue, type Law } from '../../../../src/runtime/ports/conformance.ts'
import type { ClaimedJob, QueueStore } from '../../../../src/runtime/ports/job-store/job-store.ts'
import type { JobOutcome } from '../../../../src/runtime/ports/job-store/job-outcome.ts'
import {
  defineJob,
  type AddedJob,
  type JobOptions,
  type JobQueue,
} from '../../../../src/services/background-jobs/index.ts'
import { queueOn, type JobQueueHarness } from './job-queue-harness.ts'

const HOUR_MS = 3_600_000
const LEASE_MS = 2 * HOUR_MS
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
  'completed',
  'cancelled',
  'lost and claimed again',
  'active, and not to be removed',
] as const
type State = (typeof STATES)[number]

type Queue = JobQueue<{ readonly note: ReturnType<typeof defineJob> }>

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
async function stageOf(
  harness: JobQueueHarness,
  state: State,
  options: JobOptions = {},
): Promise<Stage> {
  const backend = await harness.open()
  const queue: Queue = queueOn(backend, harness, { note: defineJob({ run: () => undefined }) })
  const store = backend.jobStore.queue(queue.name)
  const claim = async (limit = 1): Promise<readonly ClaimedJob[]> =>
    (await store.exchange({ claim: { limit, leaseMs: LEASE_MS } })).claimed
  const settle = async (outcome: JobOutcome, held: ClaimedJob | undefined): Promise<void> => {
    const { id = '', token = 0 } = held ?? {}
    const { settled } = await store.exchange({ settle: [{ id, token, outcome }] })
    expectEqual(settled, ['settled'])
  }
  const delay = state === 'delayed' ? { delay: '30m' as const } : {}
  const { id } = await queue.add('note', 0, {
    attempts: 3,
    backoff: BACKOFF,
    ...options,
    ...delay,
  })
  let held: ClaimedJob | undefined
  if (state !== 'waiting' && state !== 'delayed') [held] = await claim()
  switch (state) {
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

const ACTIVE: readonly State[] = [
  'active',
  'retried and active',
  'lost and claimed again',
  'active, and not to be removed',
]
const ENDED: readonly State[] = ['dead', 'completed', 'cancelled']
const isWaiting = (state: State): boolean => !ACTIVE.includes(state) && !ENDED.includes(state)

/** Each option, in each state of a job. */
export const stateLaws: readonly Law<JobQueueHarness>[] = [
  ...each('deduplication drops others until the job has ended', async (harness, state) => {
    const deduplication = { id: 'd' }
    const { add, id, queue } = await stageOf(harness, state, { deduplication })
    const isFree = ENDED.includes(state)
    const second = await add(2, { deduplication })
    expectEqual(second.added, isFree)
    if (!isFree) expectEqual(second.id, id)
    expectEqual(second.replaced, undefined)
    expectEqual((await queue.get(id))?.data, 0)
  }),
  ...each('deduplication with a ttl drops others for that time', async (harness, state) => {
    const deduplication = { id: 'd', ttl: '3h' } as const
    const { add, id } = await stageOf(harness, state, { deduplication })
    expectEqual(await add(2, { deduplication }), { id, added: false })
    await harness.advance(3 * HOUR_MS)
    expectEqual((await add(3, { deduplication })).added, true)
  }),
  ...each('deduplication with extend starts the ttl anew', async (harness, state) => {
    const deduplication = { id: 'd', ttl: '4h', extend: true } as const
    const { add, id } = await stageOf(harness, state, { deduplication })
    await harness.advance(HOUR_MS)
    expectEqual(await add(2, { deduplication }), { id, added: false })
    await harness.advance(3.5 * HOUR_MS)
    expectEqual(await add(3, { deduplication }), { id, added: false })
    await harness.advance(4 * HOUR_MS)
    expectEqual((await add(4, { deduplication })).added, true)
  }),
  ...each('deduplication with replace changes the job while it waits', async (harness, state) => {
    const deduplication = { id: 'd', replace: true } as const
    const { add, id, queue } = await stageOf(harness, state, { deduplication })
    const second = await add(2, { deduplication, priority: 7, attempts: 5 })
    expectEqual(second.added, ENDED.includes(state))
    expectEqual(second.replaced ?? false, isWaiting(state))
    const record = await queue.get(id)
    expectEqual(
      [record?.data, record?.priority, record?.maxAttempts],
      isWaiting(state) ? [2, 7, 5] : [0, 100, 3],
    )
    // One that waits between attempts begins anew, too.
    if (isWaiting(state)) expectEqual([record?.state, record?.attempt], ['ready', 0])
  }),
  ...each(
    'keepLastIfActive adds the latest once the active job has ended',
    async (harness, state) => {
      const deduplication = { id: 'd', keepLastIfActive: true } as const
      const stage = await stageOf(harness, state, { deduplication })
      const { add, queue, settle, claim, held } = stage
      const isFree = ENDED.includes(state)
      expectEqual((await add(2, { deduplication })).added, isFree)
      expectEqual((await add(3, { deduplication })).added, false)
      if (!ACTIVE.includes(state)) return
      // Not before its end: an attempt that fails is none.
      await settle({ to: 'scheduled', delayMs: 0, error: 'x' }, held)
      const [again] = await claim(5)
      expectEqual([again?.data, (await queue.counts()).ready], [0, 0])
      await settle({ to: 'completed' }, again)
      const [last, ...more] = await claim(5)
      expectEqual([last?.data, last?.attempt, more.length], [3, 1, 0])
      expectEqual((await add(4, { deduplication })).added, false)
    },
  ),
  ...each('a jobId is added once as long as its record is there', async (harness, state) => {
    const { add, queue, id } = await stageOf(harness, state, { jobId: 'mine' })
    expectEqual(await add(2, { jobId: 'mine' }), { id, added: false })
    const isRemoved = await queue.remove(id)
    expectEqual(isRemoved, !ACTIVE.includes(state))
    expectEqual((await add(3, { jobId: 'mine' })).added, isRemoved)
    expectEqual((await queue.get('mine'))?.data, isRemoved ? 3 : 0)
  }),
  ...each(
    'priority decides who is first, whenever the job is ready again',
    async (harness, state) => {
      const { claim, settle, queue, id, held, add } = await stageOf(harness, state, { priority: 5 })
      await add(1, { priority: 4 })
      await add(2, { priority: 6 })
      if (held !== undefined) await settle({ to: 'scheduled', delayMs: 0, error: 'x' }, held)
      else if (ENDED.includes(state)) await queue.retry(id)
      else await queue.promote(id)
      expectEqual(
        (await claim(9)).map(({ data }) => data),
        [1, 0, 2],
      )
    },
  ),
  ...each(
    'lifo goes ahead of its priority, whenever the job is ready again',
    async (harness, state) => {
      const stage = await stageOf(harness, state, { lifo: true })
      const { claim, settle, queue, id, held, add } = stage
      await add(1)
      if (held !== undefined) await settle({ to: 'scheduled', delayMs: 0, error: 'x' }, held)
      else if (ENDED.includes(state)) await queue.retry(id)
      else await queue.promote(id)
      expectEqual(
        (await claim(9)).map(({ data }) => data),
        [0, 1],
      )
    },
  ),
  ...each(
    'attempts are as many as were given, and all of them again after a retry',
    async (harness, state) => {
      const { claim, settle, queue, id, held } = await stageOf(harness, state, { attempts: 2 })
      if (ENDED.includes(state)) await queue.retry(id)
      if (held === undefined) await queue.promote(id)
      let current = held ?? (await claim())[0]
      const first = current?.attempt ?? 0
      for (let attempt = first; attempt < 2; attempt++) {
        await settle({ to: 'scheduled', delayMs: 0, error: 'x' }, current)
        current = (await claim())[0]
        expectEqual([current?.id, current?.attempt], [id, attempt + 1])
      }
      await settle({ to: 'scheduled', delayMs: 0, error: 'last' }, current)
      const record = await queue.get(id)
      expectEqual([record?.state, record?.attempt, record?.lastError], ['dead', 2, 'last'])
    },
  ),
  ...each('removeOnFail and removeOnComplete count for every end', async (harness, state) => {
    for (const to of ['completed', 'dead'] as const) {
      const options = { removeOnComplete: true, removeOnFail: { age: '10m' } } as const
      const { claim, settle, queue, id, held } = await stageOf(harness, state, options)
      if (state === 'completed') {
        expectEqual(await queue.get(id), null)
        continue
      }
      if (ENDED.includes(state)) expectEqual(await queue.retry(id), true)
      if (held === undefined) await queue.promote(id)
      const current = held ?? (await claim())[0]
      await settle(to === 'dead' ? { to, error: 'x' } : { to }, current)
      expectEqual((await queue.get(id))?.state ?? null, to === 'dead' ? 'dead' : null)
      await harness.advance(600_000)
      expectEqual(await queue.get(id), null)
    }
  }),
  ...each(
    'concurrency holds for every key, whatever becomes of its jobs',
    async (harness, state) => {
      const backend = await harness.open()
      const queue: Queue = queueOn(backend, harness, {
        note: defineJob({ concurrency: { limit: 1 }, run: () => undefined }),
      })
      const store = backend.jobStore.queue(queue.name)
      const ids = (
        await queue.addBulk([0, 1, 2].map((data) => ({ name: 'note' as const, data })))
      ).map(({ id }) => id)
      const claim = async (): Promise<readonly ClaimedJob[]> =>
        (await store.exchange({ claim: { limit: 9, leaseMs: LEASE_MS } })).claimed
      const [first, ...none] = await claim()
      expectEqual([first?.data, none.length], [0, 0])
      const settle = (outcome: JobOutcome) =>
        store.exchange({ settle: [{ id: first?.id ?? '', token: first?.token ?? 0, outcome }] })
      const isActive = ACTIVE.includes(state)
      if (state === 'between attempts')
        await settle({ to: 'scheduled', delayMs: HOUR_MS, error: 'x' })
      else if (state === 'completed') await settle({ to: 'completed' })
      else if (state === 'cancelled') await settle({ to: 'cancelled' })
      else if (!isActive) await settle({ to: 'dead', error: 'x' })
      const next = await claim()
      expectEqual(
        next.map(({ data }) => data),
        isActive ? [] : [1],
      )
      if (isActive) return
      await queue.retry(first?.id ?? '')
      await queue.promote(first?.id ?? '')
      expectEqual((await claim()).length, 0)
      expectEqual((await queue.get(ids[0] ?? ''))?.state, 'held')
      expectEqual((await queue.get(ids[2] ?? ''))?.state, 'held')
      await queue.cancel(next[0]?.id ?? '')
      expectEqual((await claim()).length, 0)
    },
  ),
  ...each(
    'change() answers whether it changed the job, and then it is so',
    async (harness, state) => {
      const { queue, id, claim } = await stageOf(harness, state)
      const isFree = isWaiting(state)
      await queue.add('note', 1, { priority: 2 })
      expectEqual(await queue.change(id, { data: 7, priority: 1, delay: 0 }), isFree)
      const record = await queue.get(id)
      expectEqual([record?.data, record?.priority], isFree ? [7, 1] : [0, 100])
      expectEqual(await queue.change(id, { delay: '1h' }), isFree)
      if (!isFree) return
      expectEqual((await queue.get(id))?.state, 'scheduled')
      expectEqual(
        (await claim(5)).map(({ data }) => data),
        [1],
      )
      await harness.advance(HOUR_MS)
      const [found] = await claim(5)
      expectEqual([found?.id, found?.data, found?.priority], [id, 7, 1])
    },
  ),
  ...each('a delay is over once, and a retry by hand waits for none', async (harness, state) => {
    const { queue, id } = await stageOf(harness, state)
    const record = await queue.get(id)
    const waits = record?.state === 'scheduled'
    expectEqual(waits, state === 'delayed' || state === 'between attempts')
    expectEqual(await queue.promote(id), waits)
    expectEqual(await queue.promote(id), false)
    const isEnded = ENDED.includes(state)
    expectEqual([await queue.retry(id), await queue.retry(id)], [isEnded, false])
    const after = await queue.get(id)
    expectTrue(
      ACTIVE.includes(state) ? after?.state === 'active' : after?.state === 'ready',
      `the job not to be ${after?.state}`,
    )
  }),
]

/** One law for each state. */
function each(
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
