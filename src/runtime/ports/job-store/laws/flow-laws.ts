import { expectEqual, expectTrue, type Law } from '../../conformance.ts'
import {
  claim,
  child,
  claimNames,
  codeOf,
  HOUR_MS,
  job,
  kept,
  LEASE_MS,
  list,
  names,
  near,
  parent,
  settle,
  stateOf,
  type JobStoreHarness,
} from './law-steps.ts'
import type { NewJob } from '../job-store.ts'
import type { JobOutcome } from '../job-outcome.ts'

/** How a job waits for its children. */
export const flowLaws: readonly Law<JobStoreHarness>[] = [
  {
    name: 'a parent is blocked until its children have finished, and children() has their results',
    async run({ open }) {
      const queue = (await open()).queue('q')
      const added = await queue.add([
        parent('p'),
        child('c1', 'p'),
        child('c2', 'p', { priority: 1 }),
      ])
      expectEqual(
        added.jobs.map((answer) => answer.added),
        [true, true, true],
      )
      const { blocked, ready } = await queue.counts()
      expectEqual([blocked, ready], [1, 2])
      const record = await queue.get('p')
      expectEqual([record?.state, record?.at], ['blocked', null])
      expectEqual(
        (await list(queue, 'blocked', 1)).map(({ id }) => id),
        ['p'],
      )
      const [c1, c2] = await claim(queue, 10)
      expectEqual(await queue.children('p'), [])
      await settle(queue, c2, { to: 'completed', result: { sum: [2] } })
      expectEqual(await stateOf(queue, 'p'), 'blocked')
      const last = await settle(queue, c1, { to: 'completed' })
      expectEqual(last.wakeInMs, 0)
      expectEqual(await claimNames(queue, 10), ['p'])
      expectEqual(await queue.children('p'), [
        { id: c2?.id, name: 'c2', state: 'completed', result: { sum: [2] }, error: null },
        { id: c1?.id, name: 'c1', state: 'completed', result: null, error: null },
      ])
      expectEqual(await queue.children('nobody'), [])
    },
  },
  {
    name: 'children may have children: a flow is a tree',
    async run({ open }) {
      const queue = (await open()).queue('q')
      await queue.add([
        parent('root'),
        { ...child('left', 'root'), id: 'left' },
        { ...child('right', 'root'), id: 'right' },
        child('l1', 'left'),
        child('l2', 'left'),
        child('r1', 'right'),
      ])
      const order: string[] = []
      for (let turn = 0; turn < 6; turn++) {
        const held = (await claim(queue, 1))[0]
        order.push(held?.name ?? '')
        await settle(queue, held, { to: 'completed', result: turn })
      }
      expectEqual(order.toSorted(), ['l1', 'l2', 'left', 'r1', 'right', 'root'])
      expectTrue(order.indexOf('left') > order.indexOf('l2'), 'left to wait for its children')
      expectTrue(order.indexOf('right') > order.indexOf('r1'), 'right to wait for its child')
      expectEqual(order.at(-1), 'root')
    },
  },
  {
    name: 'a flow as deep as a batch is long fails from the leaf to the root',
    async run({ open }) {
      const queue = (await open()).queue('q')
      await queue.add(
        Array.from({ length: 1000 }, (_, depth) => ({
          ...job('n'),
          id: `${depth}`,
          ...(depth > 0 && { parent: `${depth - 1}` }),
        })),
      )
      expectEqual((await queue.counts()).blocked, 999)
      await settle(queue, (await claim(queue, 5))[0], { to: 'dead', error: 'x' })
      const { blocked, dead } = await queue.counts()
      expectEqual([blocked, dead], [0, 1000])
    },
  },
  {
    name: 'a child that fails makes its parent dead, and the others go on',
    async run({ open }) {
      const queue = (await open()).queue('q')
      await queue.add([parent('p'), child('c1', 'p'), child('c2', 'p')])
      const [c1, c2] = await claim(queue, 10)
      await settle(queue, c1, { to: 'dead', error: { message: 'no' } })
      const record = await queue.get('p')
      expectEqual([record?.state, codeOf(record?.lastError)], ['dead', 'child_failed'])
      expectEqual((await settle(queue, c2, { to: 'completed', result: 2 })).settled, ['settled'])
      expectEqual(
        (await queue.children('p')).map(({ name, state, result, error }) => [
          name,
          state,
          result,
          error,
        ]),
        [
          ['c1', 'dead', null, { message: 'no' }],
          ['c2', 'completed', 2, null],
        ],
      )
      expectEqual(await stateOf(queue, 'p'), 'dead')
    },
  },
  {
    name: 'a child with onFailure ignore counts as finished however it ends',
    async run({ open, advance }) {
      const queue = (await open()).queue('q')
      const names = ['dead', 'cancelled', 'lost', 'removed', 'stopped']
      const added = await queue.add([
        parent('p'),
        ...names.map((name) => child(name, 'p', { onFailure: 'ignore' })),
      ])
      const ids = added.jobs.map(({ id }) => id)
      const [dead, cancelled] = await claim(queue, 3)
      await settle(queue, dead, { to: 'dead', error: 'x' })
      await settle(queue, cancelled, { to: 'cancelled' })
      await queue.command({ type: 'remove', ids: [ids[4] ?? ''] })
      await queue.command({ type: 'cancel', ids: [ids[5] ?? ''] })
      expectEqual(await stateOf(queue, 'p'), 'blocked')
      await advance(LEASE_MS)
      expectEqual(await claimNames(queue, 10), ['p'])
      const children = await queue.children('p')
      expectEqual(
        children.map(({ name, state, error }) => [name, state, codeOf(error) ?? error]),
        [
          ['dead', 'dead', 'x'],
          ['cancelled', 'cancelled', null],
          ['removed', 'removed', null],
          ['stopped', 'cancelled', null],
          ['lost', 'dead', 'lease_lost'],
        ],
      )
    },
  },
  {
    name: 'a child that is cancelled or removed fails its parent unless told otherwise',
    async run({ open }) {
      for (const type of ['cancel', 'remove'] as const) {
        const queue = (await open()).queue('q')
        const added = await queue.add([parent('p'), child('c', 'p')])
        await queue.command({ type, ids: [added.jobs[1]?.id ?? ''] })
        expectEqual(await stateOf(queue, 'p'), 'dead')
      }
    },
  },
  {
    name: 'a parked child has not finished',
    async run({ open }) {
      const queue = (await open()).queue('q')
      const added = await queue.add([parent('p'), child('c', 'p')])
      await settle(queue, (await claim(queue, 1))[0], { to: 'parked', error: 'no handler' })
      expectEqual([await stateOf(queue, 'p'), await queue.children('p')], ['blocked', []])
      await queue.command({ type: 'retry', ids: [added.jobs[1]?.id ?? ''] })
      await settle(queue, (await claim(queue, 1))[0], { to: 'completed' })
      expectEqual(await stateOf(queue, 'p'), 'ready')
    },
  },
  {
    name: 'a child of which nothing is kept leaves its outcome with the parent',
    async run({ open }) {
      const queue = (await open()).queue('q')
      const gone: Partial<NewJob> = { keepCompletedMs: 0, keepDeadMs: 0, onFailure: 'ignore' }
      await queue.add([parent('p'), ...['c1', 'c2', 'c3'].map((name) => child(name, 'p', gone))])
      const held = await claim(queue, 3)
      const outcomes: readonly JobOutcome[] = [
        { to: 'completed', result: [1] },
        { to: 'dead', error: { message: 'no' } },
        { to: 'scheduled', delayMs: 0, error: 'last' },
      ]
      await queue.exchange({
        settle: held.flatMap(({ id, token }, index) => {
          const outcome = outcomes[index]
          return outcome === undefined ? [] : [{ id, token, outcome }]
        }),
      })
      expectEqual(
        (await queue.children('p')).map(({ state, result, error }) => [state, result, error]),
        [
          ['completed', [1], null],
          ['dead', null, { message: 'no' }],
          ['dead', null, 'last'],
        ],
      )
      expectEqual(await names(queue), ['p'])
    },
  },
  {
    name: 'the children of a parent that is not added are not added either',
    async run({ open }) {
      const queue = (await open()).queue('q')
      await queue.add([{ ...job('p'), id: 'p' }])
      const answers = await queue.add([
        parent('p'),
        child('c1', 'p'),
        { ...child('c2', 'p'), id: 'c2' },
        child('c3', 'c2'),
      ])
      expectEqual(
        answers.jobs,
        ['p', 'p', 'c2', 'c2'].map((id) => ({ id, added: false })),
      )
      expectEqual(await names(queue), ['p'])
    },
  },
  {
    name: 'a blocked parent is ready at once when its children have finished, whatever its delay',
    async run({ open }) {
      const queue = (await open()).queue('q')
      const { wakeInMs } = await queue.add([
        parent('p', { delayMs: HOUR_MS }),
        child('c', 'p', { delayMs: 60_000 }),
      ])
      expectTrue(near(wakeInMs, 60_000), 'the wake to be the due time of the child')
      expectEqual(await queue.command({ type: 'promote', ids: ['p'] }), 0)
      const [c] = await list(queue, 'scheduled', 10)
      await queue.command({ type: 'promote', ids: [c?.id ?? ''] })
      await settle(queue, (await claim(queue, 1))[0], { to: 'completed' })
      expectEqual(await claimNames(queue, 1), ['p'])
    },
  },
  {
    name: 'blocked jobs drop duplicates, are not replaced, and can be cancelled, removed and purged',
    async run({ open }) {
      const queue = (await open()).queue('q')
      for (const id of ['p1', 'p2', 'p3']) await queue.add([parent(id), child('c', id)])
      const twin: NewJob = { ...job('other'), id: 'p1', replace: true }
      expectEqual((await queue.add([twin])).jobs, [{ id: 'p1', added: false }])
      expectEqual(await queue.command({ type: 'cancel', ids: ['p1'] }), 1)
      expectEqual(await queue.command({ type: 'remove', ids: ['p2'] }), 1)
      expectEqual(await queue.command({ type: 'purge', state: 'blocked', limit: 5 }), 1)
      expectEqual(await Promise.all(['p1', 'p2', 'p3'].map((id) => stateOf(queue, id))), [
        'cancelled',
        null,
        null,
      ])
      for (const held of await claim(queue, 3)) await settle(queue, held, { to: 'completed' })
      expectEqual(await stateOf(queue, 'p1'), 'cancelled')
      expectEqual((await queue.children('p1')).length, 1)
      expectEqual(await queue.children('p2'), [])
    },
  },
  {
    name: 'a purge of blocked jobs leaves alone what it makes leave that state',
    async run({ open }) {
      const queue = (await open()).queue('q')
      await queue.add([
        parent('root', { priority: 9 }),
        { ...child('mid', 'root'), id: 'mid' },
        child('leaf', 'mid'),
      ])
      expectEqual(await queue.command({ type: 'purge', state: 'blocked', limit: 5 }), 1)
      expectEqual([await stateOf(queue, 'mid'), await stateOf(queue, 'root')], [null, 'dead'])
      await queue.add([
        parent('gone', { priority: 9, keepDeadMs: 0 }),
        { ...child('mid', 'gone'), id: 'mid' },
        child('leaf', 'mid'),
      ])
      expectEqual(await queue.command({ type: 'purge', state: 'blocked', limit: 5 }), 1)
    },
  },
  {
    name: 'children() lasts as long as the parent, and an id used again begins anew',
    async run({ open, advance }) {
      const queue = (await open()).queue('q')
      await queue.add([parent('p', kept), child('c1', 'p', kept), child('c2', 'p', kept)])
      const [c1, c2] = await claim(queue, 9)
      await settle(queue, c1, { to: 'completed', result: 1 })
      await queue.command({ type: 'remove', ids: ['p'] })
      expectEqual(await queue.children('p'), [])
      await queue.add([parent('p', kept), child('c3', 'p')])
      await settle(queue, c2, { to: 'completed', result: 2 })
      expectEqual([await stateOf(queue, 'p'), await queue.children('p')], ['blocked', []])
      const [c3] = await claim(queue, 9)
      await settle(queue, c3, { to: 'completed', result: 3 })
      expectEqual(
        (await queue.children('p')).map(({ result }) => result),
        [3],
      )
      await settle(queue, (await claim(queue, 9))[0], { to: 'completed' })
      expectEqual((await queue.children('p')).length, 1)
      await advance(HOUR_MS)
      expectEqual(await queue.children('p'), [])
    },
  },
  {
    name: 'a blocked job takes no room in its group, and waits for room when its children have finished',
    async run({ open }) {
      const queue = (await open()).queue('q')
      const group = { key: 'g', limit: 1 }
      await queue.add([
        parent('p', { group }),
        child('c1', 'p', { group }),
        child('c2', 'p', { group }),
        job('other', { group }),
      ])
      const order: string[] = []
      for (let turn = 0; turn < 4; turn++) {
        const held = await claim(queue, 9)
        order.push(...held.map(({ name }) => name))
        await settle(queue, held[0], { to: 'completed' })
      }
      expectEqual(order, ['c1', 'c2', 'other', 'p'])
    },
  },
  {
    name: 'the job kept by keepLast for a child is no child of the flow',
    async run({ open }) {
      const queue = (await open()).queue('q')
      const deduplication = { id: 'd', keepLast: true }
      await queue.add([parent('p'), child('c', 'p', { deduplication })])
      const [c] = await claim(queue, 1)
      await queue.add([parent('p2'), child('c2', 'p2', { deduplication })])
      expectEqual(await stateOf(queue, 'p2'), 'blocked')
      await settle(queue, c, { to: 'completed' })
      expectEqual(await names(queue), ['p', 'p2', 'c2'])
      await settle(
        queue,
        (await claim(queue, 9)).find(({ name }) => name === 'c2'),
        { to: 'completed' },
      )
      expectEqual(
        (await queue.children('p2')).map(({ name }) => name),
        ['c'],
      )
    },
  },
]
