import { expectEqual, type Law } from '../../conformance.ts'
import type { QueueStore } from '../job-store.ts'
import {
  claim,
  claimNames,
  codeOf,
  HOUR_MS,
  job,
  kept,
  LEASE_MS,
  parent,
  settle,
  stateOf,
  type JobStoreHarness,
} from './law-steps.ts'

const RETRY_ORDERS = [
  ['c1', 'c2', 'p'],
  ['p', 'c2', 'c1'],
  ['c1', 'p', 'c2'],
]

/** What a flow does when some of it runs again. */
export const flowRetryLaws: readonly Law<JobStoreHarness>[] = [
  {
    name: 'a dead flow that is retried runs its children first, whatever the order of the ids',
    async run({ open }) {
      const store = await open()
      for (const [index, ids] of RETRY_ORDERS.entries()) {
        const queue = store.queue(`q${index}`)
        await addDeadFlow(queue)
        expectEqual(await queue.command({ type: 'retry', ids }), 3)
        expectEqual(await stateOf(queue, 'p'), 'blocked')
        await completeAll(queue, ['c1', 'c2'])
        expectEqual(await resultsOf(queue, 'p'), [
          ['c1', 'completed', 'c1 again'],
          ['c2', 'completed', 'c2 again'],
        ])
        expectEqual(await claimNames(queue, 9), ['p'])
      }
    },
  },
  {
    name: 'a flow that is retried job by job runs its children first, also parent first',
    async run({ open }) {
      const store = await open()
      for (const [index, ids] of RETRY_ORDERS.entries()) {
        const queue = store.queue(`q${index}`)
        await addDeadFlow(queue)
        for (const id of ids) await queue.command({ type: 'retry', ids: [id] })
        await completeAll(queue, ['c1', 'c2'])
        expectEqual(await claimNames(queue, 9), ['p'])
        expectEqual((await resultsOf(queue, 'p')).length, 2)
      }
    },
  },
  {
    name: 'a parent that is retried takes the children with it that failed it, at every depth',
    async run({ open }) {
      const queue = (await open()).queue('q')
      await queue.add([
        parent('root'),
        parent('mid', { parent: 'root' }),
        parent('leaf', { parent: 'mid' }),
        parent('well', { parent: 'mid', ...kept }),
        parent('soft', { parent: 'mid', onFailure: 'ignore' }),
      ])
      const [leaf, well, soft] = await claim(queue, 9)
      await settle(queue, well, { to: 'completed', result: 1 })
      await settle(queue, soft, { to: 'dead', error: 'x' })
      await settle(queue, leaf, { to: 'dead', error: 'x' })
      expectEqual(await stateOf(queue, 'root'), 'dead')
      expectEqual(await queue.command({ type: 'retry', ids: ['root'] }), 3)
      expectEqual(await Promise.all(['root', 'mid'].map((id) => stateOf(queue, id))), [
        'blocked',
        'blocked',
      ])
      await completeAll(queue, ['leaf'])
      expectEqual(await resultsOf(queue, 'mid'), [
        ['well', 'completed', 1],
        ['soft', 'dead', null],
        ['leaf', 'completed', 'leaf again'],
      ])
      await completeAll(queue, ['mid'])
      expectEqual(await claimNames(queue, 9), ['root'])
    },
  },
  {
    name: 'a child that was cancelled is taken along too; one that left no record counts as it ended',
    async run({ open }) {
      const queue = (await open()).queue('q')
      await queue.add([
        parent('p'),
        parent('stopped', { parent: 'p', priority: 9 }),
        parent('gone', { parent: 'p', keepDeadMs: 0 }),
        parent('purged', { parent: 'p' }),
      ])
      for (const held of await claim(queue, 2))
        await settle(queue, held, { to: 'dead', error: 'x' })
      await queue.command({ type: 'cancel', ids: ['stopped'] })
      await queue.command({ type: 'remove', ids: ['purged'] })
      expectEqual(await stateOf(queue, 'p'), 'dead')
      expectEqual(await queue.command({ type: 'retry', ids: ['p'] }), 2)
      await completeAll(queue, ['stopped'])
      expectEqual(
        (await resultsOf(queue, 'p')).map((child) => child.slice(0, 2)),
        [
          ['gone', 'dead'],
          ['purged', 'dead'],
          ['stopped', 'completed'],
        ],
      )
      expectEqual(await claimNames(queue, 9), ['p'])
    },
  },
  {
    name: 'a dead parent that is retried waits for the children that still run',
    async run({ open }) {
      const queue = (await open()).queue('q')
      await queue.add([parent('p'), parent('c1', { parent: 'p' }), parent('c2', { parent: 'p' })])
      const [c1, c2] = await claim(queue, 9)
      await settle(queue, c1, { to: 'dead', error: 'x' })
      await queue.command({ type: 'retry', ids: ['c1'] })
      await completeAll(queue, ['c1'])
      expectEqual(await stateOf(queue, 'p'), 'dead')
      expectEqual(await queue.command({ type: 'retry', ids: ['p'] }), 1)
      expectEqual(await stateOf(queue, 'p'), 'blocked')
      await settle(queue, c2, { to: 'completed' })
      expectEqual(await claimNames(queue, 9), ['p'])
    },
  },
  {
    name: "a child's newer end takes the place of its older one, in every state of the parent",
    async run({ open }) {
      const store = await open()
      const soft = { ...kept, onFailure: 'ignore' } as const
      for (const state of ['blocked', 'ready', 'scheduled', 'active', 'completed', 'dead']) {
        const queue = store.queue(state)
        await queue.add([
          parent('p', { ...kept, maxAttempts: 9 }),
          parent('c', { parent: 'p', ...soft }),
          ...(state === 'blocked' ? [parent('other', { parent: 'p', priority: 9 })] : []),
        ])
        await settle(queue, (await claim(queue, 1))[0], { to: 'dead', error: 'x' })
        const held = ['blocked', 'ready'].includes(state) ? undefined : (await claim(queue, 1))[0]
        if (state === 'scheduled') await settle(queue, held, { to: 'scheduled', delayMs: HOUR_MS })
        if (state === 'completed') await settle(queue, held, { to: 'completed' })
        if (state === 'dead') await settle(queue, held, { to: 'dead', error: 'own' })
        await queue.command({ type: 'retry', ids: ['c'] })
        const waits = ['blocked', 'ready', 'scheduled'].includes(state)
        expectEqual([state, await stateOf(queue, 'p')], [state, waits ? 'blocked' : state])
        expectEqual(await queue.children('p'), [])
        await completeAll(queue, ['c'])
        expectEqual(await resultsOf(queue, 'p'), [['c', 'completed', 'c again']])
        const after = state === 'blocked' ? 'blocked' : waits ? 'ready' : state
        expectEqual([state, await stateOf(queue, 'p')], [state, after])
      }
    },
  },
  {
    name: 'a parent that runs while a child is retried waits for it before its next attempt',
    async run({ open, advance }) {
      const store = await open()
      const ends = ['scheduled', 'refunded', 'lost', 'parked', 'dead', 'completed'] as const
      for (const end of ends) {
        const queue = store.queue(end)
        await queue.add([
          parent('p', { ...kept, maxAttempts: 5 }),
          parent('c', { parent: 'p', onFailure: 'ignore' }),
        ])
        await settle(queue, (await claim(queue, 1))[0], { to: 'dead', error: 'x' })
        const [p] = await claim(queue, 1)
        await queue.command({ type: 'retry', ids: ['c'] })
        if (end === 'scheduled') await settle(queue, p, { to: 'scheduled', delayMs: HOUR_MS })
        else if (end === 'refunded')
          await settle(queue, p, { to: 'scheduled', delayMs: 0, refund: true })
        else if (end === 'parked') await settle(queue, p, { to: 'parked', error: 'x' })
        else if (end === 'dead') await settle(queue, p, { to: 'dead', error: 'own' })
        else if (end === 'completed') await settle(queue, p, { to: 'completed' })
        else {
          await advance(LEASE_MS)
          await queue.exchange({})
        }
        await queue.command({ type: 'retry', ids: ['p'] })
        expectEqual([end, await stateOf(queue, 'p')], [end, 'blocked'])
        await completeAll(queue, ['c'])
        expectEqual(await claimNames(queue, 9), ['p'])
      }
    },
  },
  {
    name: 'a retried child that fails or is removed makes a parent dead that waits for it, and no other',
    async run({ open }) {
      const store = await open()
      for (const end of ['dead', 'remove', 'cancel', 'purge'] as const) {
        const queue = store.queue(end)
        await addDeadFlow(queue)
        await queue.command({ type: 'retry', ids: ['p'] })
        if (end === 'dead') {
          for (const held of await claim(queue, 1))
            await settle(queue, held, { to: 'dead', error: 'again' })
        } else if (end === 'purge') await queue.command({ type: 'purge', state: 'ready', limit: 1 })
        else await queue.command({ type: end, ids: ['c1'] })
        const record = await queue.get('p')
        expectEqual([record?.state, codeOf(record?.lastError)], ['dead', 'child_failed'])
      }
      const queue = store.queue('ended')
      await queue.add([parent('p', kept), parent('c', { parent: 'p', ...kept })])
      for (let turn = 0; turn < 2; turn++)
        await settle(queue, (await claim(queue, 1))[0], { to: 'completed', result: 1 })
      await queue.command({ type: 'retry', ids: ['c'] })
      await settle(queue, (await claim(queue, 1))[0], { to: 'dead', error: 'x' })
      expectEqual(await stateOf(queue, 'p'), 'completed')
      expectEqual(
        (await resultsOf(queue, 'p')).map(([, state]) => state),
        ['dead'],
      )
    },
  },
  {
    name: 'a flow waits again in its groups, and gives their room to others meanwhile',
    async run({ open }) {
      const queue = (await open()).queue('q')
      const group = { key: 'g', limit: 1 }
      await queue.add([
        parent('p', { group }),
        parent('c', { parent: 'p', onFailure: 'ignore' }),
        job('other', { group, priority: 9 }),
      ])
      const [c, other] = await claim(queue, 9)
      await settle(queue, c, { to: 'dead', error: 'x' })
      expectEqual(await stateOf(queue, 'p'), 'held')
      await settle(queue, other, { to: 'completed' })
      expectEqual(await stateOf(queue, 'p'), 'ready')
      await queue.command({ type: 'retry', ids: ['c'] })
      await queue.add([job('next', { group })])
      expectEqual(await claimNames(queue, 9), ['c', 'next'])
    },
  },
]

/** A parent and two children, all three dead. */
async function addDeadFlow(queue: QueueStore): Promise<void> {
  await queue.add([parent('p'), parent('c1', { parent: 'p' }), parent('c2', { parent: 'p' })])
  for (const held of await claim(queue, 9)) await settle(queue, held, { to: 'dead', error: 'x' })
  expectEqual((await queue.counts()).dead, 3)
}

/** Claims the jobs of these names, in any order, and completes them in this one. */
async function completeAll(queue: QueueStore, names: readonly string[]): Promise<void> {
  const held = await claim(queue, names.length)
  expectEqual(held.map(({ name }) => name).toSorted(), names.toSorted())
  for (const name of names)
    await settle(
      queue,
      held.find((one) => one.name === name),
      { to: 'completed', result: `${name} again` },
    )
}

async function resultsOf(queue: QueueStore, id: string): Promise<readonly unknown[][]> {
  return (await queue.children(id)).map(({ name, state, result }) => [name, state, result])
}
