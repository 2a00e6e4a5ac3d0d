import { expectEqual, expectRejection, type Law } from '../../conformance.ts'
import {
  child,
  claim,
  claimNames,
  HOUR_MS,
  job,
  kept,
  names,
  parent,
  settle,
  stateOf,
  type JobStoreHarness,
} from './law-steps.ts'

/** What becomes of a child whose id another job holds: that one is waited for. */
export const adoptionLaws: readonly Law<JobStoreHarness>[] = [
  {
    name: 'a child whose id is held by a job that has not ended is waited for, in every state of that job',
    async run({ open }) {
      const store = await open()
      for (const state of ['ready', 'scheduled', 'active', 'parked', 'blocked', 'held']) {
        const queue = store.queue(state)
        const group = { key: 'g', limit: 1 }
        if (state === 'held') await queue.add([job('first', { group, priority: 0 })])
        await queue.add([
          parent('x', {
            ...kept,
            ...(state === 'scheduled' && { delayMs: HOUR_MS }),
            ...(state === 'held' && { group }),
          }),
          ...(state === 'blocked' ? [child('below', 'x')] : []),
        ])
        const [held] = ['active', 'parked'].includes(state) ? await claim(queue, 1) : []
        if (state === 'parked') await settle(queue, held, { to: 'parked', error: 'x' })
        const answer = await queue.add([parent('p'), { ...child('twin', 'p'), id: 'x' }])
        expectEqual(
          answer.jobs.map(({ added }) => added),
          [true, false],
        )
        expectEqual(
          [state, await stateOf(queue, 'p'), await queue.children('p')],
          [state, 'blocked', []],
        )
        await queue.command({ type: 'promote', ids: ['x'] })
        if (state === 'parked') await queue.command({ type: 'retry', ids: ['x'] })
        if (state === 'active') await settle(queue, held, { to: 'completed', result: 7 })
        for (let turn = 0; turn < 4 && (await stateOf(queue, 'x')) !== 'completed'; turn++)
          await settle(queue, (await claim(queue, 1))[0], { to: 'completed', result: 7 })
        expectEqual(
          (await queue.children('p')).map(({ id, name, result }) => [id, name, result]),
          [['x', 'x', 7]],
        )
        expectEqual(await names(queue), ['p'])
      }
    },
  },
  {
    name: 'a child whose id is held by a job that has ended counts as that one ended',
    async run({ open }) {
      const queue = (await open()).queue('q')
      await queue.add([parent('well', kept), parent('badly', kept)])
      const [well, badly] = await claim(queue, 2)
      await settle(queue, well, { to: 'completed', result: [1] })
      await settle(queue, badly, { to: 'dead', error: 'x' })
      await queue.add([
        parent('p', { delayMs: HOUR_MS }),
        { ...child('well', 'p'), id: 'well' },
        parent('q', kept),
        { ...child('well', 'q'), id: 'well' },
        { ...child('badly', 'q'), id: 'badly' },
        parent('r'),
        { ...child('badly', 'r'), id: 'badly', onFailure: 'ignore' },
      ])
      expectEqual(await Promise.all(['p', 'q', 'r'].map((id) => stateOf(queue, id))), [
        'scheduled',
        'dead',
        'ready',
      ])
      expectEqual(await queue.children('p'), [
        { id: 'well', name: 'well', state: 'completed', result: [1], error: null },
      ])
      expectEqual(
        (await queue.children('q')).map(({ state, error }) => [state, error]),
        [
          ['completed', null],
          ['dead', 'x'],
        ],
      )
      expectEqual(await queue.command({ type: 'retry', ids: ['q'] }), 2)
      // Each that has it as a child waits for it, as long as it has not ended itself.
      expectEqual(await Promise.all(['q', 'r'].map((id) => stateOf(queue, id))), [
        'blocked',
        'blocked',
      ])
      await settle(queue, (await claim(queue, 1))[0], { to: 'completed', result: 2 })
      expectEqual((await claimNames(queue, 9)).toSorted(), ['q', 'r'])
    },
  },
  {
    name: 'a job is waited for by each flow that names it, and fails those that do not ignore it',
    async run({ open }) {
      const queue = (await open()).queue('q')
      await queue.add([
        parent('p1'),
        { ...child('x', 'p1'), id: 'x', keepDeadMs: 0 },
        parent('p2'),
        { ...child('x', 'p2'), id: 'x', onFailure: 'ignore' },
        { ...child('x', 'p2'), id: 'x' },
        parent('p3', kept),
        { ...child('x', 'p3'), id: 'x' },
      ])
      expectEqual((await queue.counts()).blocked, 3)
      await settle(queue, (await claim(queue, 9))[0], { to: 'dead', error: 'x' })
      expectEqual(await Promise.all(['p1', 'p2', 'p3'].map((id) => stateOf(queue, id))), [
        'dead',
        'ready',
        'dead',
      ])
      for (const id of ['p1', 'p2', 'p3']) expectEqual((await queue.children(id)).length, 1)
    },
  },
  {
    name: 'a child whose deduplication id is held waits for its holder; what outlives the holder does not block',
    async run({ open }) {
      const queue = (await open()).queue('q')
      const ttl = { id: 'e', ttlMs: HOUR_MS }
      await queue.add([
        job('twin', { deduplication: { id: 'd' } }),
        job('past', { deduplication: ttl }),
      ])
      const [twin, past] = await claim(queue, 2)
      await settle(queue, past, { to: 'completed' })
      await queue.add([
        parent('p'),
        child('c', 'p', { deduplication: { id: 'd' } }),
        parent('q'),
        child('c', 'q', { deduplication: ttl }),
      ])
      expectEqual(await Promise.all(['p', 'q'].map((id) => stateOf(queue, id))), [
        'blocked',
        'ready',
      ])
      expectEqual(await queue.children('q'), [
        { id: past?.id, name: 'c', state: 'removed', result: null, error: null },
      ])
      await settle(queue, twin, { to: 'completed', result: 1 })
      expectEqual(await queue.children('p'), [
        { id: twin?.id, name: 'twin', state: 'completed', result: 1, error: null },
      ])
      expectEqual((await claimNames(queue, 9)).toSorted(), ['p', 'q'])
    },
  },
  {
    name: 'a flow whose job would wait for itself is refused, and nothing of it is added',
    async run({ open }) {
      const queue = (await open()).queue('q')
      const deduplication = { id: 'd' }
      const circles = [
        [parent('a'), { ...child('a', 'a'), id: 'a' }],
        [parent('a'), { ...parent('b'), parent: 'a' }, { ...child('a', 'b'), id: 'a' }],
        [parent('a', { deduplication }), child('b', 'a', { deduplication })],
        [
          parent('a'),
          parent('b', { parent: 'a' }),
          parent('c', { parent: 'b' }),
          { ...child('b', 'c'), id: 'b' },
        ],
      ]
      for (const jobs of circles)
        await expectRejection(
          () => queue.add(jobs),
          (error) => error instanceof RangeError,
          'a circle to be refused',
        )
      expectEqual(await names(queue), [])
      // The same job below two others is no circle.
      await queue.add([
        parent('a'),
        parent('b', { parent: 'a' }),
        parent('c', { parent: 'a' }),
        { ...child('d', 'b'), id: 'd' },
        { ...child('d', 'c'), id: 'd' },
      ])
      for (const expected of [['d'], ['b', 'c'], ['a']]) {
        const held = await claim(queue, 9)
        expectEqual(
          held.map(({ name }) => name),
          expected,
        )
        for (const one of held) await settle(queue, one, { to: 'completed' })
      }
    },
  },
]
