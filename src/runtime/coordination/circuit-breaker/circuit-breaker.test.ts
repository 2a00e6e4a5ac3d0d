import { expect, test } from 'vitest'
import { createFakeClock } from '../../../testing/fake-clock.ts'
import { memory } from '../../backends/memory/index.ts'
import type { AtomicStore } from '../../ports/atomic-store/atomic-store.ts'
import { CircuitBreaker, type CircuitBreakerOptions } from './circuit-breaker.ts'
import { CircuitOpenError } from './circuit-open-error.ts'

test('execute() opens after 5 failures in a row by default, without a store', async () => {
  const clock = createFakeClock()
  const breaker = new CircuitBreaker({ clock })
  for (let call = 0; call < 5; call++) {
    expect(breaker.state()).toBe('closed')
    await fail(breaker)
  }
  const refused = await breaker.execute(() => 'never').catch((error: unknown) => error)
  expect(refused).toBeInstanceOf(CircuitOpenError)
  expect(refused).toMatchObject({ code: 'circuit_open', retryAfterMs: 30_000 })
  await clock.advance(30_000)
  expect(await breaker.execute(() => 'through')).toBe('through')
  expect(breaker.state()).toBe('closed')
})

test('execute() of many at once through a half-open circuit lets the probes through alone', async () => {
  const { clock, breaker } = open({ halfOpenProbes: 2 })
  await fail(breaker)
  await clock.advance(1000)
  let calls = 0
  const outcomes = await Promise.allSettled(
    Array.from({ length: 10 }, () => breaker.execute(async () => ++calls)),
  )
  expect(calls).toBe(2)
  expect(outcomes.filter(({ status }) => status === 'rejected').length).toBe(8)
  expect(breaker.state()).toBe('closed')
})

test('execute() does not count what isFailure() excuses, nor what its caller aborted', async () => {
  const { breaker } = open({
    isFailure: (error) => String(error) !== 'Error: not found',
    failureThreshold: 2,
  })
  await fail(breaker)
  await fail(breaker, 'not found')
  await fail(breaker)
  expect(breaker.state()).toBe('closed')
  const stop = new AbortController()
  for (let call = 0; call < 3; call++) {
    const running = breaker.execute(
      ({ signal }) =>
        new Promise((_, reject) => {
          signal.addEventListener('abort', () => reject(new Error('aborted')))
          stop.abort()
        }),
      call === 0 ? { signal: stop.signal } : { signal: AbortSignal.any([stop.signal]) },
    )
    await expect(running).rejects.toThrow()
  }
  expect(breaker.state()).toBe('closed')
  await fail(breaker)
  expect(breaker.state()).toBe('open')
})

test('execute() gives an aborted probe back', async () => {
  const { clock, breaker } = open()
  await fail(breaker)
  await clock.advance(1000)
  const stop = new AbortController()
  const probing = breaker.execute(
    ({ signal }) =>
      new Promise((_, reject) => {
        signal.addEventListener('abort', () => reject(new Error('aborted')))
      }),
    { signal: stop.signal },
  )
  const outcome = probing.catch((error: unknown) => String(error))
  await clock.advance(1)
  stop.abort()
  expect(await outcome).toBe('Error: aborted')
  expect(breaker.state()).toBe('half-open')
  expect(await breaker.execute(() => 'probe')).toBe('probe')
})

test('execute() tells of each change, and what listens cannot break it', async () => {
  const changes: string[] = []
  const { clock, breaker } = open({
    name: 'mailer',
    onStateChange: ({ name, from, to }) => {
      changes.push(`${name}: ${from} > ${to}`)
      throw new Error('the listener failed')
    },
  })
  await fail(breaker)
  await clock.advance(1000)
  await breaker.execute(() => 1)
  expect(changes).toEqual([
    'mailer: closed > open',
    'mailer: open > half-open',
    'mailer: half-open > closed',
  ])
})

test('execute() hands work in the background to waitUntil(), and takes a waitUntil() that throws', async () => {
  const kept: Promise<unknown>[] = []
  const { clock, breaker } = open({
    backend: memory({ clock: createFakeClock() }),
    failureThreshold: 100,
    syncInterval: 1000,
    waitUntil: (work) => {
      kept.push(work)
      throw new Error('too late for that')
    },
  })
  await breaker.execute(() => 1)
  expect(kept.length).toBe(0)
  await clock.advance(1000)
  expect(await breaker.execute(() => 2)).toBe(2)
  expect(kept.length).toBe(1)
  await Promise.all(kept)
})

test('execute() waits a second at most for a store that hangs', async () => {
  const clock = createFakeClock()
  const hanging: AtomicStore = {
    partition: () => ({
      get: () => new Promise(() => {}),
      getMany: () => new Promise(() => {}),
      list: () => new Promise(() => {}),
      commit: () => new Promise(() => {}),
    }),
  }
  const errors: unknown[] = []
  const breaker = new CircuitBreaker({
    clock,
    backend: { store: hanging },
    failureThreshold: 1,
    onStoreError: (error) => errors.push(error),
  })
  const running = breaker.execute(() => 'through')
  await clock.advance(1000)
  expect(await running).toBe('through')
  expect(errors).toMatchObject([{ code: 'backend_unavailable' }])
  const failing = fail(breaker)
  await clock.advance(1000)
  await failing
  expect(breaker.state()).toBe('open')
})

test('execute() takes a state that another version wrote for a closed one', async () => {
  const clock = createFakeClock()
  const { store } = memory({ clock })
  const foreign = [
    1,
    { mode: 'ajar' },
    { mode: 'closed', generation: 1 },
    { mode: 'closed', generation: 1, inARow: 1, slots: [[1]] },
    { mode: 'open', generation: 1 },
    { mode: 'half-open', generation: 1, until: 1 },
    { mode: 'open', generation: -1, until: clock.now() + 1000 },
  ]
  for (const [index, value] of foreign.entries()) {
    const name = `b${index}`
    await store.partition(`circuit:${name}`).commit({ set: [{ key: 'state', value }] })
    const breaker = new CircuitBreaker({ clock, backend: { store }, name, failureThreshold: 1 })
    expect(await breaker.execute(() => 1)).toBe(1)
    await fail(breaker)
    const other = new CircuitBreaker({ clock, backend: { store }, name })
    await expect(other.execute(() => 1)).rejects.toBeInstanceOf(CircuitOpenError)
  }
})

test('execute() is not held up by a clock of another machine that is ahead', async () => {
  const clock = createFakeClock()
  const { store } = memory({ clock })
  const ahead = { now: () => clock.now() + 3_600_000, setTimer: clock.setTimer }
  const options = { backend: { store }, failureThreshold: 1, resetTimeout: 1000 } as const
  await fail(new CircuitBreaker({ ...options, clock: ahead }))
  const breaker = new CircuitBreaker({ ...options, clock })
  await expect(breaker.execute(() => 1)).rejects.toMatchObject({ retryAfterMs: 1000 })
  await clock.advance(1000)
  expect(await breaker.execute(() => 1)).toBe(1)
})

test('execute() makes no probe that nobody granted it, and counts a conflict that never ends as refused', async () => {
  const clock = createFakeClock()
  let version = 1
  let contended = false
  const state = { mode: 'open', generation: 1, until: clock.now() + 1000 }
  const current = () => ({ key: 'state', value: state, version: ++version })
  const store: AtomicStore = {
    partition: () => ({
      get: async () => current(),
      getMany: () => Promise.reject(new Error('not used')),
      list: () => Promise.reject(new Error('not used')),
      commit: async () => {
        contended = true
        return { ok: false, key: 'state', current: current() }
      },
    }),
  }
  const breaker = new CircuitBreaker({ clock, backend: { store }, resetTimeout: 1000 })
  await expect(breaker.execute(() => 1)).rejects.toBeInstanceOf(CircuitOpenError)
  await clock.advance(1000)
  await expect(breaker.execute(() => 1)).rejects.toBeInstanceOf(CircuitOpenError)
  expect(contended).toBe(true)
})

test('execute() is not misled by an answer of the store that was overtaken', async () => {
  const clock = createFakeClock()
  const { store } = memory({ clock })
  let answer: (() => void) | undefined
  const overtaken: AtomicStore = {
    partition(name) {
      const partition = store.partition(name)
      return {
        ...partition,
        async get(key) {
          const entry = await partition.get(key)
          await new Promise<void>((resolve) => (answer = resolve))
          return entry
        },
      }
    },
  }
  const options = { clock, failureThreshold: 1, resetTimeout: 1000, syncInterval: 500 } as const
  await fail(new CircuitBreaker({ ...options, backend: { store } }))
  const breaker = new CircuitBreaker({ ...options, backend: { store: overtaken } })
  const first = breaker.execute(() => 1).catch((error: unknown) => error)
  await clock.advance(0)
  answer?.()
  expect(await first).toBeInstanceOf(CircuitOpenError)
  await clock.advance(600)
  // Refreshes in the background: the store reads "open", and the answer is held back.
  await breaker.execute(() => 1).catch(() => {})
  await clock.advance(400)
  expect(await breaker.execute(() => 'probe')).toBe('probe')
  expect(breaker.state()).toBe('closed')
  answer?.()
  await clock.advance(0)
  expect(breaker.state()).toBe('closed')
})

test('execute() that opens the circuit while older calls are being sent tells of it as well', async () => {
  const clock = createFakeClock()
  const { store } = memory({ clock })
  let gate: Promise<void> = Promise.resolve()
  const slow: AtomicStore = {
    partition(name) {
      const partition = store.partition(name)
      return {
        ...partition,
        async commit(change) {
          await gate
          return partition.commit(change)
        },
      }
    },
  }
  const breaker = new CircuitBreaker({ clock, backend: { store: slow }, failureThreshold: 3 })
  const opened = Promise.withResolvers<void>()
  gate = opened.promise
  await fail(breaker)
  const failing = [fail(breaker), fail(breaker)]
  await clock.advance(1)
  opened.resolve()
  await Promise.all(failing)
  const other = new CircuitBreaker({ clock, backend: { store } })
  await expect(other.execute(() => 1)).rejects.toBeInstanceOf(CircuitOpenError)
})

test('execute() counts calls once while they are being sent', async () => {
  const changes: string[] = []
  const { clock, breaker } = open({
    backend: memory({ clock: createFakeClock() }),
    failureThreshold: 5,
    syncInterval: 1000,
    onStateChange: ({ from, to }) => changes.push(`${from}>${to}`),
  })
  for (let call = 0; call < 4; call++) {
    await fail(breaker)
    await clock.advance(call * 500)
  }
  expect([breaker.state(), changes]).toEqual(['closed', []])
  await fail(breaker)
  expect(changes).toEqual(['closed>open'])
})

test('new CircuitBreaker() refuses options out of range', () => {
  const refused: CircuitBreakerOptions[] = [
    { name: '' },
    { name: 'x'.repeat(257) },
    { failureThreshold: 0 },
    { failureThreshold: 1.5 },
    { failureRate: 0 },
    { failureRate: 1.1 },
    { failureRate: NaN },
    { minimumCalls: 0 },
    { window: 99 },
    { resetTimeout: '2d' },
    { halfOpenProbes: 0 },
    { syncInterval: 1 },
  ]
  for (const options of refused)
    expect(() => new CircuitBreaker(options), JSON.stringify(options)).toThrow(RangeError)
})

function open(options: CircuitBreakerOptions = {}) {
  const clock = createFakeClock()
  const breaker = new CircuitBreaker({ clock, failureThreshold: 1, resetTimeout: 1000, ...options })
  return { clock, breaker }
}

async function fail(breaker: CircuitBreaker, message = 'the other side failed'): Promise<void> {
  await breaker.execute(() => Promise.reject(new Error(message))).catch(() => {})
}
