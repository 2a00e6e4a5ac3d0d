import { expectEqual, expectTrue, type Law } from '../../../../src/runtime/ports/conformance.ts'
import type { ClaimedJob } from '../../../../src/runtime/ports/job-store/job-store.ts'
import type { JobOutcome } from '../../../../src/runtime/ports/job-store/job-outcome.ts'
import { defineJob, type JobOptions } from '../../../../src/services/background-jobs/index.ts'
import { queueOn, type JobQueueHarness } from './job-queue-harness.ts'
import {
  ACTIVE,
  each,
  ENDED,
  FREE,
  HOUR_MS,
  isWaiting,
  LEASE_MS,
  makeReady,
  REVIVED,
  stageOf,
  type Queue,
} from './job-stages.ts'

/** Each option, in each state of a job. */
export const stateLaws: readonly Law<JobQueueHarness>[] = [
  ...each('deduplication drops others until the job has ended', async (harness, state) => {
    const deduplication = { id: 'd' }
    const { add, id, queue } = await stageOf(harness, state, { deduplication })
    const isFree = FREE.includes(state)
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
    expectEqual(second.added, FREE.includes(state))
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
      const { add, queue, settle, claim } = stage
      const isFree = FREE.includes(state)
      expectEqual((await add(2, { deduplication })).added, isFree)
      expectEqual((await add(3, { deduplication })).added, false)
      if (isFree) return
      let { held } = stage
      // One that waits drops others for good: they would run right behind it.
      const last = held === undefined ? [] : [3]
      if (held === undefined) {
        await makeReady(stage)
        held = (await claim())[0]
        expectEqual((await add(5, { deduplication })).added, false)
        last.push(5)
      }
      // Not before its end: an attempt that fails is none.
      await settle({ to: 'scheduled', delayMs: 0, error: 'x' }, held)
      const [again] = await claim(5)
      expectEqual([again?.data, (await queue.counts()).ready], [0, 0])
      await settle({ to: 'completed' }, again)
      const [kept, ...more] = await claim(5)
      expectEqual([kept?.data, kept?.attempt, more.length], [last[0], 1, 0])
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
      const stage = await stageOf(harness, state, { priority: 5 })
      const { claim, add } = stage
      await add(1, { priority: 4 })
      await add(2, { priority: 6 })
      await makeReady(stage)
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
      const { claim, add } = stage
      await add(1)
      await makeReady(stage)
      expectEqual(
        (await claim(9)).map(({ data }) => data),
        [0, 1],
      )
    },
  ),
  ...each(
    'attempts are as many as were given, and all of them again after a retry',
    async (harness, state) => {
      const stage = await stageOf(harness, state, { attempts: 2 })
      const { claim, settle, queue, id, held } = stage
      if (held === undefined) await makeReady(stage)
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
    for (const to of ['completed', 'dead', 'cancelled'] as const)
      for (const keeping of [true, { age: '10m' }] as const) {
        // What leaves no record when it is dead can be retried by nobody.
        if (keeping === true && to !== 'completed' && REVIVED.includes(state)) continue
        const other: JobOptions['removeOnFail'] = { age: '2h' }
        const options: JobOptions = {
          removeOnComplete: to === 'completed' ? keeping : other,
          removeOnFail: to === 'completed' ? other : keeping,
        }
        const stage = await stageOf(harness, state, options)
        const { claim, settle, queue, id, held } = stage
        if ((await queue.get(id)) === null) {
          // It ended so before.
          expectTrue(keeping === true && ENDED.includes(state), 'a record of what has not ended')
          continue
        }
        if (held === undefined) await makeReady(stage)
        const current = held ?? (await claim())[0]
        await settle(to === 'dead' ? { to, error: 'x' } : { to }, current)
        expectEqual((await queue.get(id))?.state ?? null, keeping === true ? null : to)
        await harness.advance(600_000)
        expectEqual(await queue.get(id), null)
      }
  }),
  ...each(
    'a record stays until its job has ended, however long that takes',
    async (harness, state) => {
      const keeping = { age: '10m' } as const
      const stage = await stageOf(harness, state, {
        removeOnComplete: keeping,
        removeOnFail: keeping,
      })
      const { queue, id, held, settle, claim, store } = stage
      await harness.advance(601_000)
      await store.exchange({})
      const record = await queue.get(id)
      expectEqual(record === null, ENDED.includes(state))
      if (record === null) return
      if (held === undefined) await makeReady(stage)
      await settle({ to: 'completed' }, held ?? (await claim())[0])
      expectEqual((await queue.get(id))?.state, 'completed')
    },
  ),
  ...each(
    'tags find the job and stay with it, until others take their place',
    async (harness, state) => {
      const deduplication = { id: 'd', replace: true } as const
      const tags = ['customer:7', '語']
      const stage = await stageOf(harness, state, { tags, deduplication })
      const { queue, id, add, held, settle, claim } = stage
      const found = async (tag: string) => (await queue.list({ tag })).jobs.map((job) => job.id)
      expectEqual(
        [await found('customer:7'), await found('語'), await found('c')],
        [[id], [id], []],
      )
      const { replaced = false } = await add(2, { deduplication, tags: ['other'] })
      if (replaced) {
        expectEqual([await found('customer:7'), await found('other')], [[], [id]])
        return
      }
      if (FREE.includes(state)) await queue.remove((await found('other'))[0] ?? '')
      if (held === undefined) await makeReady(stage)
      await settle({ to: 'completed' }, held ?? (await claim())[0])
      const { state: end, tags: kept } = (await queue.get(id)) ?? {}
      expectEqual([end, kept, await found('customer:7')], ['completed', tags, [id]])
    },
  ),
  ...each(
    'what was said of a job’s attempts goes with it: timeout, backoff, crashes',
    async (harness, state) => {
      const given = {
        timeout: '7m',
        backoff: { type: 'custom', delay: '3m', maxDelay: '9m', jitter: 0.5 },
        maxCrashes: 1,
        attempts: 7,
      } as const
      const stage = await stageOf(harness, state, given)
      const { claim, held, queue, id, store } = stage
      await makeReady(stage)
      const [first] = await claim()
      const backoff = { type: 'custom', delayMs: 180_000, maxMs: 540_000, jitter: 0.5 }
      expectEqual([first?.id, first?.options], [id, { backoff, timeoutMs: 420_000 }])
      expectEqual([first?.maxAttempts, first?.crashes ?? 0], [7, 0])
      expectEqual(first?.attempt, held === undefined && state !== 'between attempts' ? 1 : 2)
      // It survives one crash, and no second in a row.
      for (const wanted of ['active', 'dead'] as const) {
        await harness.advance(LEASE_MS)
        if (wanted === 'active') expectEqual((await claim())[0]?.crashes, 1)
        else await store.exchange({})
        expectEqual((await queue.get(id))?.state, wanted)
      }
    },
  ),
  ...each(
    'a debounce runs once, with the last data, that long after the last',
    async (harness, state) => {
      const deduplication = { id: 'd', ttl: '3h', extend: true, replace: true } as const
      const stage = await stageOf(harness, state, { deduplication })
      const { add, claim, id, queue } = stage
      for (const data of [2, 3]) {
        const { added, replaced = false } = await add(data, { deduplication, delay: '30m' })
        expectEqual([added, replaced], [false, isWaiting(state)])
        await harness.advance(1_200_000)
      }
      // The delay began anew with the last one.
      if (isWaiting(state)) {
        expectEqual([(await queue.get(id))?.state, (await claim(5)).length], ['scheduled', 0])
        await harness.advance(600_000)
        const [found, ...more] = await claim(5)
        expectEqual([found?.id, found?.data, found?.attempt, more.length], [id, 3, 1, 0])
      } else expectEqual((await queue.get(id))?.data, 0)
      await harness.advance(3 * HOUR_MS)
      expectEqual((await add(4, { deduplication })).added, true)
    },
  ),
  ...each(
    'a paused group hands out none of its jobs, whatever brings them back',
    async (harness, state) => {
      const stage = await stageOf(
        harness,
        state,
        {},
        { concurrency: { limit: 5, key: () => 'k'.repeat(300) } },
      )
      const { queue, claim, id } = stage
      const group = queue.group('note', 'k'.repeat(300))
      expectEqual([await group.pause(), await group.pause()], [true, false])
      await makeReady(stage)
      expectEqual([(await claim(5)).length, (await queue.get(id))?.state], [0, 'held'])
      expectEqual(await group.resume(), true)
      expectEqual(
        (await claim(5)).map((job) => job.id),
        [id],
      )
    },
  ),
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
      else if (state === 'parked' || state === 'parked and promoted')
        await settle({ to: 'parked', error: 'x' })
      else if (!isActive) await settle({ to: 'dead', error: 'x' })
      const next = await claim()
      expectEqual(
        next.map(({ data }) => data),
        isActive ? [] : [1],
      )
      if (isActive) return
      if (state === 'redriven') expectEqual(await queue.redrive({ perSecond: Infinity }), 1)
      else if (state !== 'parked and promoted') await queue.retry(first?.id ?? '')
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
      const isParked = state === 'parked'
      await queue.add('note', 1, { priority: 2 })
      expectEqual(await queue.change(id, { delay: '1h' }), isFree)
      expectEqual(await queue.change(id, { data: 7, priority: 1 }), isFree || isParked)
      const record = await queue.get(id)
      expectEqual([record?.data, record?.priority], isFree || isParked ? [7, 1] : [0, 100])
      if (isParked) expectEqual(await queue.promote(id), true)
      expectEqual(await queue.change(id, { delay: 0 }), isFree || isParked)
      expectEqual(await queue.change(id, { delay: '1h' }), isFree || isParked)
      if (!isFree && !isParked) return
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
    expectEqual(await queue.promote(id), waits || state === 'parked')
    expectEqual(await queue.promote(id), false)
    expectEqual([await queue.retry(id), await queue.retry(id)], [ENDED.includes(state), false])
    const after = await queue.get(id)
    expectTrue(
      ACTIVE.includes(state) ? after?.state === 'active' : after?.state === 'ready',
      `the job not to be ${after?.state}`,
    )
  }),
]
