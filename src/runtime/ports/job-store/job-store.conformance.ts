import { expectEqual, expectRejection, expectTrue, type Law } from '../conformance.ts'
import { crashLaws } from './laws/crash-laws.ts'
import { deduplicationLaws } from './laws/deduplication-laws.ts'
import { addedChildrenLaws } from './laws/added-children-laws.ts'
import { adoptionLaws } from './laws/adoption-laws.ts'
import { eventLaws } from './laws/event-laws.ts'
import { flowLaws } from './laws/flow-laws.ts'
import { flowRetryLaws } from './laws/flow-retry-laws.ts'
import { growthLaws } from './laws/growth-laws.ts'
import { groupControlLaws } from './laws/group-control-laws.ts'
import { groupLaws } from './laws/group-laws.ts'
import { keepingLaws } from './laws/keeping-laws.ts'
import { operatorLaws } from './laws/operator-laws.ts'
import { searchLaws } from './laws/search-laws.ts'
import { tagLaws } from './laws/tag-laws.ts'
import {
  claim,
  extend,
  HOUR_MS,
  job,
  kept,
  LEASE_MS,
  names,
  near,
  settle,
  type JobStoreHarness,
} from './laws/law-steps.ts'
import type { ClaimedJob, NewJob } from './job-store.ts'

export type { JobStoreHarness } from './laws/law-steps.ts'

const coreLaws: readonly Law<JobStoreHarness>[] = [
  {
    name: 'add() keeps a job as it was given, and claim hands it over once',
    async run({ open }) {
      const queue = (await open()).queue('q')
      const data = { to: 'ü€😀', list: [], nothing: null, nested: { a: [1, 2.5] } }
      const added = await queue.add([
        { name: 'send', data, options: { backoff: [1] }, priority: 7, maxAttempts: 3 },
      ])
      const id = added.jobs[0]?.id ?? ''
      expectEqual(added, { jobs: [{ id, added: true }], wakeInMs: 0 })
      const [job, ...rest] = await claim(queue, 10)
      expectEqual(rest, [])
      expectTrue(
        job !== undefined && job.token > 0 && job.addedAt > 0,
        'the job to be claimed with a token',
      )
      const { token, addedAt, ...stable } = job
      expectEqual(stable, {
        id,
        name: 'send',
        data,
        options: { backoff: [1] },
        attempt: 1,
        maxAttempts: 3,
        priority: 7,
        lastError: null,
      })
      expectEqual(await claim(queue, 10), [])
      const record = await queue.get(id)
      expectEqual([record?.state, record?.token, record?.addedAt], ['active', token, addedAt])
    },
  },
  {
    name: 'claim takes lower priority numbers first, and first in first out within one',
    async run({ open }) {
      const queue = (await open()).queue('q')
      await queue.add([
        job('b1', { priority: 5 }),
        job('b2', { priority: 5 }),
        job('c', { priority: 2_097_151 }),
      ])
      await queue.add([
        job('a', { priority: 0 }),
        job('b3', { priority: 5 }),
        job('b0', { priority: 5, lifo: true }),
      ])
      expectEqual(await names(queue), ['a', 'b0', 'b1', 'b2', 'b3', 'c'])
      expectEqual(
        (await claim(queue, 2)).map((j) => j.name),
        ['a', 'b0'],
      )
      expectEqual(
        (await claim(queue, 10)).map((j) => j.name),
        ['b1', 'b2', 'b3', 'c'],
      )
    },
  },
  {
    name: 'a delayed job is claimed from its due time on, and wakeInMs says when',
    async run({ open, advance }) {
      const queue = (await open()).queue('q')
      const { wakeInMs } = await queue.add([job('later', { delayMs: HOUR_MS })])
      expectTrue(
        wakeInMs !== null && wakeInMs > HOUR_MS - 5000 && wakeInMs <= HOUR_MS,
        'the wake to be the due time',
      )
      const early = await queue.exchange({ claim: { limit: 1, leaseMs: LEASE_MS } })
      expectEqual(early.claimed, [])
      expectTrue(near(early.wakeInMs, HOUR_MS), 'the wake to be the due time after a claim too')
      await advance(HOUR_MS)
      expectEqual(
        (await claim(queue, 1)).map((j) => j.name),
        ['later'],
      )
    },
  },
  {
    name: 'a job that falls due takes its place by priority',
    async run({ open, advance }) {
      const queue = (await open()).queue('q')
      await queue.add([
        job('due-low', { priority: 9, delayMs: 1000 }),
        job('due-high', { priority: 1, delayMs: 2000 }),
        job('mid', { priority: 5 }),
      ])
      await advance(2000)
      expectEqual(
        (await claim(queue, 10)).map((j) => j.name),
        ['due-high', 'mid', 'due-low'],
      )
    },
  },
  {
    name: 'add() does not add an id twice, whatever became of the first',
    async run({ open }) {
      const queue = (await open()).queue('q')
      const once: NewJob = { ...job('n', kept), id: 'order/1' }
      expectEqual((await queue.add([once, once])).jobs, [
        { id: 'order/1', added: true },
        { id: 'order/1', added: false },
      ])
      const [first] = await claim(queue, 1)
      expectEqual((await queue.add([once])).jobs, [{ id: 'order/1', added: false }])
      await settle(queue, first, { to: 'completed' })
      expectEqual((await queue.add([once])).jobs, [{ id: 'order/1', added: false }])
      expectEqual((await queue.counts()).completed, 1)
      await queue.command({ type: 'remove', ids: ['order/1'] })
      expectEqual((await queue.add([once])).jobs, [{ id: 'order/1', added: true }])
      const [second] = await claim(queue, 1)
      expectTrue((second?.token ?? 0) > (first?.token ?? 0), 'the token of a reused id to grow')
    },
  },
  {
    name: 'settle completed keeps the result as long as asked, then forgets the job',
    async run({ open, advance }) {
      const queue = (await open()).queue('q')
      const [kind] = (await queue.add([job('n', kept)])).jobs
      const before = (await claim(queue, 1))[0]
      expectEqual(
        (await settle(queue, before, { to: 'completed', result: { sum: [1] } })).settled,
        ['settled'],
      )
      const record = await queue.get(kind?.id ?? '')
      expectEqual(
        [record?.state, record?.result, record?.cancelRequested],
        ['completed', { sum: [1] }, false],
      )
      expectTrue(
        record?.at != null && record.at >= record.addedAt,
        'the record to say when it finished',
      )
      await advance(HOUR_MS)
      await queue.exchange({})
      expectEqual(await queue.get(kind?.id ?? ''), null)
      expectEqual((await queue.counts()).completed, 0)
    },
  },
  {
    name: 'settle removes a job at once when nothing is to be kept',
    async run({ open }) {
      const queue = (await open()).queue('q')
      const [added] = (await queue.add([job('n', { keepCompletedMs: 0 })])).jobs
      const result = await settle(queue, (await claim(queue, 1))[0], { to: 'completed', result: 1 })
      expectEqual(result, { settled: ['settled'], extended: [], claimed: [], wakeInMs: null })
      expectEqual(await queue.get(added?.id ?? ''), null)
    },
  },
  {
    name: 'settle scheduled runs the job again after the delay, with what the attempt left behind',
    async run({ open, advance }) {
      const queue = (await open()).queue('q')
      await queue.add([job('n', { maxAttempts: 3 })])
      const first = (await claim(queue, 1))[0]
      await settle(queue, first, {
        to: 'scheduled',
        delayMs: 60_000,
        error: { message: 'no' },
        data: { step: 2 },
      })
      expectEqual(await claim(queue, 1), [])
      await advance(60_000)
      const second = (await claim(queue, 1))[0]
      expectEqual(
        [second?.attempt, second?.data, second?.lastError],
        [2, { step: 2 }, { message: 'no' }],
      )
      expectTrue((second?.token ?? 0) > (first?.token ?? 0), 'the token to grow with each claim')
    },
  },
  {
    name: 'settle scheduled without delay makes the job ready, and a refund gives the attempt back',
    async run({ open }) {
      const queue = (await open()).queue('q')
      await queue.add([job('n')])
      await settle(queue, (await claim(queue, 1))[0], { to: 'scheduled', delayMs: 0, refund: true })
      const again = (await claim(queue, 1))[0]
      expectEqual([again?.attempt, again?.data], [1, { for: 'n' }])
    },
  },
  {
    name: 'settle scheduled after the last attempt makes the job dead, with its error',
    async run({ open }) {
      const queue = (await open()).queue('q')
      const added = await queue.add([
        job('said', { maxAttempts: 1 }),
        job('silent', { maxAttempts: 1 }),
      ])
      const [said, silent] = await claim(queue, 2)
      await settle(queue, said, { to: 'scheduled', delayMs: 0, error: { message: 'no' } })
      await settle(queue, silent, { to: 'scheduled', delayMs: 1000 })
      const records = await Promise.all(added.jobs.map(({ id }) => queue.get(id)))
      expectEqual(
        records.map((record) => record?.state),
        ['dead', 'dead'],
      )
      expectEqual(records[0]?.lastError, { message: 'no' })
      expectEqual((records[1]?.lastError as { code?: string } | null)?.code, 'attempts_used')
    },
  },
  {
    name: 'settle is refused to a token that is no longer the claim, and changes nothing',
    async run({ open, advance }) {
      const queue = (await open()).queue('q')
      const [added] = (await queue.add([job('n', { maxAttempts: 5, ...kept })])).jobs
      const first = (await claim(queue, 1))[0]
      await advance(LEASE_MS)
      const second = (await claim(queue, 1))[0]
      expectEqual(second?.attempt, 2)
      for (const outcome of [
        { to: 'completed' },
        { to: 'dead', error: 'x' },
        { to: 'scheduled', delayMs: 0 },
      ] as const) {
        expectEqual((await settle(queue, first, outcome)).settled, ['lost'])
      }
      expectEqual((await extend(queue, first)).extended, ['lost'])
      expectEqual((await queue.get(added?.id ?? ''))?.token, second?.token)
      expectEqual((await settle(queue, second, { to: 'completed' })).settled, ['settled'])
      expectEqual((await settle(queue, second, { to: 'completed' })).settled, ['lost'])
      expectEqual(
        (await settle(queue, { ...second, id: 'nobody' } as ClaimedJob, { to: 'completed' }))
          .settled,
        ['lost'],
      )
    },
  },
  {
    name: 'extend prolongs the lease and keeps the progress',
    async run({ open, advance }) {
      const queue = (await open()).queue('q')
      const [added] = (await queue.add([job('n', { maxAttempts: 2 })])).jobs
      const held = (await claim(queue, 1))[0]
      await advance(LEASE_MS - 1000)
      const extended = await queue.exchange({
        extend: [
          {
            id: held?.id ?? '',
            token: held?.token ?? 0,
            leaseMs: LEASE_MS,
            progress: { done: 0.5 },
          },
        ],
      })
      expectEqual(extended.extended, ['extended'])
      expectTrue(near(extended.wakeInMs, LEASE_MS), 'the wake to be the end of the lease')
      await advance(LEASE_MS - 1000)
      expectEqual(await claim(queue, 1), [])
      expectEqual((await queue.get(added?.id ?? ''))?.progress, { done: 0.5 })
      await advance(1000)
      expectEqual((await claim(queue, 1))[0]?.attempt, 2)
    },
  },
  {
    name: 'a lost lease makes the job dead once its attempts are used up',
    async run({ open, advance }) {
      const queue = (await open()).queue('q')
      const [added] = (await queue.add([job('n', { maxAttempts: 2 })])).jobs
      await claim(queue, 1)
      await advance(LEASE_MS)
      await claim(queue, 1)
      await advance(LEASE_MS)
      expectEqual(await claim(queue, 1), [])
      const record = await queue.get(added?.id ?? '')
      expectEqual(
        [record?.state, record?.attempt, (record?.lastError as { code?: string })?.code],
        ['dead', 2, 'lease_lost'],
      )
      expectEqual(
        (await queue.exchange({})).wakeInMs === null || (await queue.counts()).dead === 1,
        true,
      )
    },
  },
  {
    name: 'exchange settles before it claims, so that a retried job can be taken in the same step',
    async run({ open }) {
      const queue = (await open()).queue('q')
      await queue.add([job('n', { maxAttempts: 3 })])
      const held = (await claim(queue, 1))[0]
      const result = await queue.exchange({
        settle: [
          { id: held?.id ?? '', token: held?.token ?? 0, outcome: { to: 'scheduled', delayMs: 0 } },
        ],
        claim: { limit: 1, leaseMs: LEASE_MS },
      })
      expectEqual([result.settled, result.claimed[0]?.attempt], [['settled'], 2])
    },
  },
  {
    name: 'wakeInMs is 0 while jobs are ready, and null only when no job waits',
    async run({ open, advance }) {
      const queue = (await open()).queue('q')
      expectEqual((await queue.exchange({})).wakeInMs, null)
      await queue.add([job('a'), job('b')])
      const first = await queue.exchange({ claim: { limit: 1, leaseMs: LEASE_MS } })
      expectEqual(first.wakeInMs, 0)
      const second = await queue.exchange({ claim: { limit: 1, leaseMs: LEASE_MS } })
      expectTrue(near(second.wakeInMs, LEASE_MS), 'the wake to be the end of the lease')
      await advance(LEASE_MS)
      expectEqual((await queue.exchange({})).wakeInMs, null)
    },
  },
  {
    name: 'claim hands each job to exactly one of many concurrent workers',
    async run({ open }) {
      const queue = (await open()).queue('q')
      await queue.add(Array.from({ length: 60 }, (_, index) => job(`n${index}`)))
      const batches = await Promise.all(Array.from({ length: 20 }, () => claim(queue, 4)))
      const ids = batches.flat().map((j) => j.id)
      expectEqual([ids.length, new Set(ids).size], [60, 60])
    },
  },
  {
    name: 'settle parked keeps the job aside, without an attempt spent, until it is retried',
    async run({ open, advance }) {
      const queue = (await open()).queue('q')
      const [added] = (await queue.add([job('n', { keepDeadMs: 1000 })])).jobs
      await settle(queue, (await claim(queue, 1))[0], {
        to: 'parked',
        error: { message: 'no handler' },
      })
      await advance(10 * 365 * 24 * HOUR_MS)
      await queue.exchange({})
      const record = await queue.get(added?.id ?? '')
      expectEqual([record?.state, record?.attempt], ['parked', 0])
      await queue.command({ type: 'retry', ids: [added?.id ?? ''] })
      expectEqual((await claim(queue, 1)).length, 1)
    },
  },
  {
    name: 'queue() keeps queues apart',
    async run({ open }) {
      const jobStore = await open()
      await jobStore.queue('a').add([{ ...job('n'), id: 'same' }])
      expectEqual(
        (await jobStore.queue('b').add([{ ...job('n'), id: 'same' }])).jobs[0]?.added,
        true,
      )
      expectEqual((await claim(jobStore.queue('a'), 10)).length, 1)
      expectEqual(
        await jobStore
          .queue('a.b')
          .exchange({})
          .then((result) => result.wakeInMs),
        null,
      )
    },
  },
  {
    name: 'add() and exchange() refuse what is over the limits, and write nothing',
    async run({ open }) {
      const jobStore = await open()
      const queue = jobStore.queue('q')
      const isRangeError = (error: unknown): boolean => error instanceof RangeError
      const bad: readonly NewJob[] = [
        { ...job('n'), id: '' },
        { ...job('n'), id: 'half a pair \ud83d' },
        job(''),
        job('n', { priority: -1 }),
        job('n', { priority: 2_097_152 }),
        job('n', { priority: 0.5 }),
        job('n', { delayMs: Number.NaN }),
        job('n', { maxAttempts: 0 }),
        job('n', { group: { key: '', limit: 1 } }),
        job('n', { group: { key: 'k', limit: 0 } }),
        job('n', { group: { key: 'k', limit: 1001 } }),
        job('n', { parent: 'nobody' }),
        job('n', { keepCompletedCount: 0 }),
        job('n', { keepDeadCount: 1_000_001 }),
        job('n', { keepDeadCount: 1.5 }),
        job('n', { deduplication: { id: 'd', ttlMs: 1000, keepLast: true } }),
        { ...job('n'), data: 'x'.repeat(1_048_577) },
      ]
      for (const one of bad)
        await expectRejection(
          async () => queue.add([job('fine'), one]),
          isRangeError,
          `a malformed job to be refused`,
        )
      await expectRejection(
        async () => queue.add(Array.from({ length: 1001 }, () => job('n'))),
        isRangeError,
        'too many jobs to be refused',
      )
      await expectRejection(async () => claim(queue, 0), isRangeError, 'a claim of 0 to be refused')
      await expectRejection(
        async () => jobStore.queue('no spaces'),
        isRangeError,
        'a malformed queue name to be refused',
      )
      expectEqual(await names(queue), [])
    },
  },
  {
    name: 'extend never shortens a lease',
    async run({ open, advance }) {
      const queue = (await open()).queue('q')
      await queue.add([job('n', { maxAttempts: 2 })])
      const held = (await claim(queue, 1))[0]
      const { id = '', token = 0 } = held ?? {}
      const result = await queue.exchange({ extend: [{ id, token, leaseMs: 1000 }] })
      expectEqual(result.extended, ['extended'])
      expectTrue(near(result.wakeInMs, LEASE_MS), 'the wake to be the end of the longer lease')
      await advance(LEASE_MS - 6000)
      expectEqual(await claim(queue, 1), [])
      expectEqual((await settle(queue, held, { to: 'completed' })).settled, ['settled'])
    },
  },
  {
    name: 'exchange() refuses a result over the limit before it settles anything',
    async run({ open }) {
      const queue = (await open()).queue('q')
      await queue.add([job('a', kept), job('b', kept)])
      const [a, b] = await claim(queue, 2)
      const outcomes = ['fine', 'x'.repeat(1_048_577)].map(
        (result) => ({ to: 'completed', result }) as const,
      )
      await expectRejection(
        async () =>
          queue.exchange({
            settle: [a, b].flatMap((held, index) => {
              const outcome = outcomes[index]
              return held && outcome ? [{ id: held.id, token: held.token, outcome }] : []
            }),
          }),
        (error) => error instanceof RangeError,
        'a result of more than 1 MiB to be refused',
      )
      expectEqual((await queue.counts()).active, 2)
      expectEqual((await settle(queue, a, { to: 'completed' })).settled, ['settled'])
    },
  },
]

/**
 * What every {@link import('./job-store.ts').JobStore} keeps to; an adapter is correct when it
 * passes them.
 */
export const jobStoreLaws: readonly Law<JobStoreHarness>[] = [
  ...coreLaws,
  ...operatorLaws,
  ...searchLaws,
  ...tagLaws,
  ...crashLaws,
  ...deduplicationLaws,
  ...groupLaws,
  ...groupControlLaws,
  ...flowLaws,
  ...eventLaws,
  ...flowRetryLaws,
  ...adoptionLaws,
  ...addedChildrenLaws,
  ...keepingLaws,
  ...growthLaws,
]
