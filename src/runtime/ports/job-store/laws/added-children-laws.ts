import { expectEqual, expectRejection, type Law } from '../../conformance.ts'
import type { ClaimedJob, NewJob, QueueStore } from '../job-store.ts'
import {
  child,
  claim,
  claimNames,
  codeOf,
  HOUR_MS,
  job,
  kept,
  LEASE_MS,
  names,
  parent,
  settle,
  stateOf,
  type JobStoreHarness,
} from './law-steps.ts'

/** How a job that runs waits for children that it adds. */
export const addedChildrenLaws: readonly Law<JobStoreHarness>[] = [
  {
    name: 'a job that ends its attempt with children waits for them, and runs again with an attempt unspent',
    async run({ open }) {
      const queue = (await open()).queue('q')
      await queue.add([{ ...job('p', kept), maxAttempts: 1 }])
      const [p] = await claim(queue, 1)
      await settleWith(queue, p, [job('c1'), job('c2', { priority: 1 })], { step: 2 })
      const { blocked, ready } = await queue.counts()
      expectEqual([blocked, ready], [1, 2])
      expectEqual((await settle(queue, p, { to: 'completed' })).settled, ['lost'])
      for (const held of await claim(queue, 9))
        await settle(queue, held, { to: 'completed', result: held.name })
      const [again] = await claim(queue, 9)
      expectEqual(
        [again?.id, again?.attempt, again?.data, (again?.token ?? 0) > (p?.token ?? 0)],
        [p?.id, 1, { step: 2 }, true],
      )
      expectEqual(
        (await queue.children(p?.id ?? '')).map(({ name, result }) => [name, result]),
        [
          ['c1', 'c1'],
          ['c2', 'c2'],
        ],
      )
      await settle(queue, again, { to: 'completed' })
      expectEqual(await stateOf(queue, p?.id ?? ''), 'completed')
    },
  },
  {
    name: 'a job may wait for children again and again, also for those of its flow, and for trees',
    async run({ open }) {
      const queue = (await open()).queue('q')
      await queue.add([parent('p', kept), child('c0', 'p')])
      for (const round of [0, 1, 2]) {
        for (let turn = 0; turn < Math.max(round, 1); turn++)
          for (const held of await claim(queue, 9)) {
            expectEqual([round, held.name[0]], [round, 'c'])
            await settle(queue, held, { to: 'completed' })
          }
        const [p] = await claim(queue, 9)
        expectEqual([p?.id, (await queue.children('p')).length], ['p', 1 + round])
        const tree = Array.from({ length: round + 1 }, (_, depth) =>
          parent(`c${round}-${depth}`, depth === 0 ? {} : { parent: `c${round}-${depth - 1}` }),
        )
        await settleWith(queue, p, tree)
      }
    },
  },
  {
    name: 'children that a running job adds fail it, or are ignored, like those of a flow',
    async run({ open }) {
      const store = await open()
      for (const onFailure of ['fail', 'ignore'] as const) {
        const queue = store.queue(onFailure)
        await queue.add([{ ...job('p', kept), id: 'p' }])
        await settleWith(queue, (await claim(queue, 1))[0], [
          { ...job('c', { ...kept, onFailure }), id: 'c' },
        ])
        await settle(queue, (await claim(queue, 1))[0], { to: 'dead', error: 'x' })
        const record = await queue.get('p')
        expectEqual(
          [record?.state, codeOf(record?.lastError)],
          onFailure === 'fail' ? ['dead', 'child_failed'] : ['ready', undefined],
        )
        if (onFailure === 'ignore') continue
        expectEqual(await queue.command({ type: 'retry', ids: ['p'] }), 2)
        await settle(queue, (await claim(queue, 9))[0], { to: 'completed', result: 1 })
        expectEqual(await claimNames(queue, 9), ['p'])
      }
    },
  },
  {
    name: 'an attempt that is no longer the job’s adds no children, and neither does one that was cancelled',
    async run({ open, advance }) {
      const queue = (await open()).queue('q')
      await queue.add([job('p', { ...kept, maxAttempts: 5 })])
      const [late] = await claim(queue, 1)
      await advance(LEASE_MS)
      const [p] = await claim(queue, 1)
      expectEqual((await settleWith(queue, late, [job('c')])).settled, ['lost'])
      await queue.command({ type: 'cancel', ids: [p?.id ?? ''] })
      expectEqual((await settleWith(queue, p, [job('c')])).settled, ['settled'])
      expectEqual([await stateOf(queue, p?.id ?? ''), await names(queue)], ['cancelled', []])
    },
  },
  {
    name: 'a child whose id is held is waited for; where that would be for ever, the job is dead',
    async run({ open }) {
      const queue = (await open()).queue('q')
      await queue.add([
        { ...job('ended', kept), id: 'ended' },
        { ...job('waits', { delayMs: HOUR_MS }), id: 'waits' },
      ])
      await settle(queue, (await claim(queue, 1))[0], { to: 'completed', result: 1 })
      await queue.add([parent('top', kept), parent('mid', { parent: 'top', ...kept })])
      const [mid] = await claim(queue, 1)
      await settleWith(queue, mid, [
        { ...job('x'), id: 'ended' },
        { ...job('x'), id: 'waits' },
      ])
      expectEqual((await queue.children('mid')).length, 1)
      await queue.command({ type: 'promote', ids: ['waits'] })
      await settle(queue, (await claim(queue, 1))[0], { to: 'completed', result: 2 })
      expectEqual(
        (await queue.children('mid')).map(({ id, result }) => [id, result]),
        [
          ['ended', 1],
          ['waits', 2],
        ],
      )
      const [again] = await claim(queue, 1)
      await settleWith(queue, again, [parent('fine'), { ...child('x', 'fine'), id: 'top' }])
      const record = await queue.get('mid')
      expectEqual([record?.state, codeOf(record?.lastError)], ['dead', 'flow_circle'])
      expectEqual([await stateOf(queue, 'fine'), await stateOf(queue, 'top')], [null, 'dead'])
    },
  },
  {
    name: 'children whose every one has ended already let the job run again at once',
    async run({ open }) {
      const queue = (await open()).queue('q')
      await queue.add([{ ...job('done', kept), id: 'done' }, job('p')])
      const [done, p] = await claim(queue, 2)
      await settle(queue, done, { to: 'completed', result: 1 })
      const answer = await settleWith(queue, p, [{ ...job('x'), id: 'done' }])
      expectEqual(answer.wakeInMs, 0)
      expectEqual(
        (await claim(queue, 1)).map(({ name, attempt }) => [name, attempt]),
        [['p', 1]],
      )
    },
  },
  {
    name: 'a job without children to wait for, with too many or with too much data is refused as a whole',
    async run({ open }) {
      const queue = (await open()).queue('q')
      await queue.add([job('p')])
      const [p] = await claim(queue, 1)
      const wrong: readonly (readonly NewJob[])[] = [
        [],
        Array.from({ length: 1001 }, () => job('c')),
        [job('c', { parent: 'nobody' })],
        [1, 2].map(() => job('c', { data: 'x'.repeat(600_000) })),
      ]
      for (const children of wrong)
        await expectRejection(
          () => settleWith(queue, p, children),
          (error) => error instanceof RangeError,
          'these children to be refused',
        )
      expectEqual((await queue.counts()).active, 1)
      const many = Array.from({ length: 1000 }, (_, index) => job(`c${index}`))
      await settleWith(queue, p, many)
      expectEqual((await queue.counts()).ready, 1000)
    },
  },
]

function settleWith(
  queue: QueueStore,
  held: ClaimedJob | undefined,
  children: readonly NewJob[],
  data?: NewJob['data'],
): ReturnType<typeof settle> {
  const outcome = { to: 'blocked', children, ...(data !== undefined && { data }) } as const
  return settle(queue, held, outcome)
}
