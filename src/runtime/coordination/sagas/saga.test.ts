import { expect, expectTypeOf, test } from 'vitest'
import { createFakeClock } from '../../../testing/fake-clock.ts'
import { createSeededRandom } from '../../../testing/seeded-random.ts'
import { memory } from '../../backends/memory/index.ts'
import { SagaOrchestrator } from './saga-orchestrator.ts'
import { saga, sagaOf, type SagaStepToAdd } from './saga.ts'

const execute = (): void => {}

test('saga() infers what steps are handed and what the saga returns', async () => {
  const checkout = saga<{ readonly cents: number }>('checkout', 1)
    .step('reserve', {
      execute: ({ input, results }) => {
        expectTypeOf(input).toEqualTypeOf<{ readonly cents: number }>()
        expectTypeOf(results).toEqualTypeOf<unknown>()
        return { stock: input.cents }
      },
      compensate: ({ result }) => {
        expectTypeOf(result).toEqualTypeOf<{ stock: number } | undefined>()
      },
    })
    .pivot('charge', {
      execute: async ({ results }) => String(results.reserve.stock),
    })
    .step('ship', {
      execute: ({ results }) => {
        expectTypeOf(results.charge).toEqualTypeOf<string>()
      },
    })
    .build()
  const orchestrator = new SagaOrchestrator({ backend: memory(), saga: checkout })
  const outcome = await orchestrator.run({ cents: 5 })
  if (outcome.status !== 'completed') throw new Error(outcome.status)
  expectTypeOf(outcome.results.charge).toEqualTypeOf<string>()
  expect(outcome.results).toEqual({ reserve: { stock: 5 }, charge: '5', ship: null })
  // @ts-expect-error the saga takes an object
  const wrong = (): unknown => orchestrator.run('5')
  // @ts-expect-error the saga takes something
  const missing = (): unknown => orchestrator.run()
  expect([wrong, missing].length).toBe(2)
})

test('new SagaOrchestrator() with addStep() runs steps without names and without input', async () => {
  const done: string[] = []
  const outcome = await new SagaOrchestrator({ backend: memory() })
    .addStep({ execute: () => void done.push('one'), compensate: () => void done.push('undo one') })
    .addStep({ execute: ({ results }) => ({ seen: Object.keys(results) }) })
    .run()
  expect(outcome).toMatchObject({
    status: 'completed',
    results: { 'step-1': null, 'step-2': { seen: ['step-1'] } },
  })
  expect(done).toEqual(['one'])
})

test('addStep() is refused once the saga is defined', async () => {
  const given = new SagaOrchestrator({
    backend: memory(),
    saga: saga('s', 1).step('a', { execute }).build(),
  })
  expect(() => given.addStep({ execute })).toThrow(TypeError)
  const begun = new SagaOrchestrator({ backend: memory() }).addStep({ execute })
  await begun.run()
  expect(() => begun.addStep({ execute })).toThrow(TypeError)
  await expect(new SagaOrchestrator({ backend: memory() }).run()).rejects.toThrow(RangeError)
})

test('saga() refuses names, versions and steps that are out of range', () => {
  expect(() => saga('no spaces', 1)).toThrow(RangeError)
  expect(() => saga('', 1)).toThrow(RangeError)
  expect(() => saga('s', 0)).toThrow(RangeError)
  expect(() => saga('s', 1.5)).toThrow(RangeError)
  const refused: [string, SagaStepToAdd[]][] = [
    ['no steps', []],
    ['too many', Array.from({ length: 101 }, () => ({ execute }))],
    [
      'one name twice',
      [
        { name: 'a', execute },
        { name: 'a', execute },
      ],
    ],
    ['a default name twice', [{ name: 'step-2', execute }, { execute }]],
    ['an empty name', [{ name: '', execute }]],
    [
      'two pivots',
      [
        { execute, pivot: true },
        { execute, pivot: true },
      ],
    ],
    [
      'undoing behind the pivot',
      [
        { execute, pivot: true },
        { execute, compensate: execute },
      ],
    ],
    ['a long timeout', [{ execute, timeout: '2d' }]],
    ['many attempts', [{ execute, retry: { attempts: 1001 } }]],
  ]
  for (const [why, steps] of refused) expect(() => sagaOf('s', 1, steps), why).toThrow(RangeError)
  expect(() => sagaOf('s', 1, [{} as SagaStepToAdd])).toThrow(TypeError)
  expect(() => sagaOf('s', 1, [{ execute, compensate: 1 as never }])).toThrow(TypeError)
})

test('new SagaOrchestrator() refuses options out of range and definitions of several sagas', () => {
  const definition = saga('s', 1).step('a', { execute }).build()
  for (const options of [
    { lease: 99 },
    { lease: '2d' },
    { keep: '1s' },
    { saga: definition, name: 'other' },
    { saga: definition, earlier: [saga('other', 1).step('a', { execute }).build()] },
  ] as const)
    expect(() => new SagaOrchestrator({ backend: memory(), ...options })).toThrow(RangeError)
})

test('run({ signal }) works the sagas that were started, until it is stopped', async () => {
  const clock = createFakeClock()
  const backend = memory({ clock, random: createSeededRandom() })
  const orchestrator = new SagaOrchestrator({ backend, clock, name: 'order' }).addStep({
    execute: () => 'done',
  })
  const stop = new AbortController()
  const running = orchestrator.run({ signal: stop.signal })
  await clock.advance(0)
  const id = await orchestrator.start({ order: 1 })
  await clock.advance(0)
  expect(await orchestrator.inspect(id)).toMatchObject({ status: 'completed' })
  stop.abort()
  await clock.advance(0)
  expect(await running).toBeUndefined()
})

test('run() takes input that has a signal of its own, which is no AbortSignal', async () => {
  const orchestrator = new SagaOrchestrator({ backend: memory() }).addStep({
    execute: ({ input }) => input,
  })
  expect(await orchestrator.run({ signal: 'green' })).toMatchObject({
    results: { 'step-1': { signal: 'green' } },
  })
})

test('sweep() and drain() take up a saga whose wake was lost', async () => {
  const clock = createFakeClock()
  const woken: string[] = []
  const kept = memory({ clock, random: createSeededRandom() })
  const backend = { ...kept, waker: { wake: () => Promise.reject(new Error('lost')) } }
  const orchestrator = new SagaOrchestrator({ backend, clock }).addStep({ execute: () => null })
  const id = await orchestrator.start(null)
  const other = new SagaOrchestrator({
    backend: { ...kept, waker: { wake: async (queue) => void woken.push(queue) } },
    clock,
  }).addStep({ execute: () => null })
  await other.sweep()
  expect([woken, other.processors, other.name]).toEqual([['saga.saga'], [other.processor], 'saga'])
  expect(await other.drain()).toBe(1)
  expect(await other.inspect(id)).toMatchObject({ status: 'completed' })
})

test('an orchestrator without a job store has no processors, nothing to sweep, and cannot be worked', async () => {
  const { store } = memory()
  const orchestrator = new SagaOrchestrator({ backend: { store } }).addStep({
    execute: () => null,
  })
  expect(orchestrator.processors).toEqual([])
  await orchestrator.sweep()
  const { signal } = new AbortController()
  for (const work of [() => orchestrator.run({ signal }), () => orchestrator.drain()])
    await expect(work()).rejects.toMatchObject({ code: 'saga_no_job_store' })
})
