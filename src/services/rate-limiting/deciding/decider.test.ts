import { expect, test, vi } from 'vitest'
import { memory } from '../../../runtime/backends/memory/index.ts'
import { BackendError } from '../../../runtime/ports/backend-error.ts'
import type { RateLimitStore } from '../../../runtime/ports/rate-limit-store/rate-limit-store.ts'
import { createFakeClock } from '../../../testing/fake-clock.ts'
import { FixedWindowLimiter } from '../limiters/fixed-window-limiter.ts'
import { GcraLimiter } from '../limiters/gcra-limiter.ts'
import type { WindowLimiterOptions } from '../limiters/window-limiter-options.ts'

/**
 * A store that is not in this process, as far as anyone can tell: it can be counted, slowed down
 * and stopped.
 */
function fixture(options: Partial<WindowLimiterOptions> = {}) {
  const clock = createFakeClock()
  const { rateLimits } = memory({ clock })
  const state = { calls: 0, mode: 'works' as 'works' | 'fails' | 'hangs' }
  async function call<Result>(act: () => Promise<Result>): Promise<Result> {
    state.calls++
    if (state.mode === 'hangs') return new Promise(() => undefined)
    if (state.mode === 'fails') throw new BackendError('backend_unavailable', 'Cannot: it is down')
    return act()
  }
  const store: RateLimitStore = {
    clock,
    consume: (...args) => call(() => rateLimits.consume(...args)),
    settle: (...args) => call(() => rateLimits.settle(...args)),
    reset: (...args) => call(() => rateLimits.reset(...args)),
  }
  const failures: unknown[] = []
  const given = {
    backend: { rateLimits: store },
    onFailure: (error: unknown) => void failures.push(error),
    ...{ limit: 2, window: '1m' as const },
    ...options,
  }
  return { clock, state, failures, store, given, limiter: new FixedWindowLimiter(given) }
}

test.for(['works', 'fails', 'hangs'] as const)(
  'check() is one round trip, and none when it is denied again, of a store that %s',
  async (mode) => {
    const { limiter, state, clock } = fixture()
    await limiter.check('k', { cost: 2 })
    expect((await limiter.check('k')).decidedBy).toBe('store')
    expect(state.calls).toBe(2)
    state.mode = mode
    await clock.advance(20_000)
    const denied = await limiter.check('k')
    expect(denied).toMatchObject({ allowed: false, decidedBy: 'cache', retryAfterMs: 40_000 })
    expect(denied.resetAt).toBe(clock.now() + 40_000)
    expect(denied.limits[0]).toMatchObject({ allowed: false, retryAfterMs: 40_000 })
    await clock.advance(39_999)
    expect((await limiter.check('k')).retryAfterMs).toBe(1)
    expect(state.calls).toBe(2)
  },
)

test('check() asks the store again when the time of a denial has come, and not earlier', async () => {
  const { limiter, state, clock } = fixture()
  await limiter.check('k', { cost: 2 })
  await limiter.check('k')
  await clock.advance(59_999)
  expect((await limiter.check('k')).allowed).toBe(false)
  expect(state.calls).toBe(2)
  await clock.advance(1)
  expect((await limiter.check('k')).allowed).toBe(true)
  expect(state.calls).toBe(3)
})

test('a denial is remembered for its cost, its limits and its key alone, and no longer than denialMaxAge', async () => {
  const { limiter, state, clock, given } = fixture({ window: '1h', denialMaxAge: '10s' })
  const other = new FixedWindowLimiter({ ...given, limit: 3 })
  await limiter.check('k')
  expect((await limiter.check('k', { cost: 2 })).allowed).toBe(false)
  expect((await limiter.check('k')).allowed).toBe(true)
  await limiter.check('k')
  expect((await limiter.check('k')).decidedBy).toBe('cache')
  expect((await other.check('k')).allowed).toBe(true)
  expect((await limiter.check('l')).allowed).toBe(true)
  const before = state.calls
  await clock.advance(9999)
  expect((await limiter.check('k')).decidedBy).toBe('cache')
  await clock.advance(1)
  expect((await limiter.check('k')).decidedBy).toBe('store')
  expect(state.calls).toBe(before + 1)
})

test('what is reset or given back in this process is not remembered as denied, by any limiter', async () => {
  const { limiter, given } = fixture()
  const twin = new FixedWindowLimiter(given)
  await limiter.check('k', { cost: 2, operation: 'op' })
  expect((await twin.check('k')).allowed).toBe(false)
  await limiter.refund('k', { operation: 'op' })
  expect((await twin.check('k')).allowed).toBe(true)
  await limiter.check('k')
  await limiter.check('k')
  await twin.reset('k')
  expect((await limiter.check('k')).allowed).toBe(true)
})

test('a clock that steps back lets nobody be denied by memory alone', async () => {
  const { limiter, clock } = fixture()
  await limiter.check('k', { cost: 2 })
  await limiter.check('k')
  clock.step(-1000)
  expect((await limiter.check('k')).decidedBy).toBe('store')
})

test('operations and peek() always ask the store', async () => {
  const { limiter } = fixture()
  await limiter.check('k', { cost: 2, operation: 'op' })
  await limiter.check('k')
  expect((await limiter.check('k', { cost: 2, operation: 'op' })).allowed).toBe(true)
  expect((await limiter.peek('k')).decidedBy).toBe('store')
})

test('denialMaxAge 0 asks the store each time', async () => {
  const { limiter, state } = fixture({ denialMaxAge: 0 })
  await limiter.check('k', { cost: 2 })
  for (let count = 0; count < 3; count++) expect((await limiter.check('k')).decidedBy).toBe('store')
  expect(state.calls).toBe(4)
})

test('onError allow lets everything pass while the store fails, deny nothing, and both say so', async () => {
  const allows = fixture({ onError: 'allow' })
  allows.state.mode = 'fails'
  for (let count = 0; count < 4; count++)
    expect(await allows.limiter.check('k')).toMatchObject({
      allowed: true,
      decidedBy: 'failure',
      limit: 2,
      remaining: 0,
      retryAfterMs: 0,
    })
  const denies = fixture({ onError: 'deny' })
  denies.state.mode = 'fails'
  const denied = await denies.limiter.check('k')
  expect(denied).toMatchObject({ allowed: false, decidedBy: 'failure' })
  expect(denied.retryAfterMs).toBeGreaterThan(0)
  expect(denies.failures).toHaveLength(1)
  expect(denies.failures[0]).toBeInstanceOf(BackendError)
})

test('onError local limits in this process, exactly, until the store works again', async () => {
  const { limiter, state, clock } = fixture()
  state.mode = 'fails'
  const outcomes = [await limiter.check('k'), await limiter.check('k'), await limiter.check('k')]
  expect(outcomes.map(({ allowed, decidedBy }) => [allowed, decidedBy])).toEqual([
    [true, 'local'],
    [true, 'local'],
    [false, 'local'],
  ])
  expect(outcomes[2]?.retryAfterMs).toBe(60_000)
  state.mode = 'works'
  await clock.advance(1000)
  expect(await limiter.check('k')).toMatchObject({ allowed: true, decidedBy: 'store' })
})

test('what was taken locally is given back locally', async () => {
  const { limiter, state } = fixture()
  state.mode = 'fails'
  const taken = await limiter.check('k', { cost: 2, operation: 'op' })
  expect((await limiter.refund('k', taken))?.remaining).toBe(2)
  expect((await limiter.check('k', { cost: 2 })).allowed).toBe(true)
})

test('a store that does not answer costs the timeout, five times, and then nothing but a look each second', async () => {
  const { limiter, state, clock, failures } = fixture({ timeout: '100ms' })
  state.mode = 'hangs'
  for (let count = 0; count < 5; count++) {
    let decided: string | undefined
    const checked = limiter.check(`k${count}`).then((outcome) => (decided = outcome.decidedBy))
    await clock.advance(99)
    expect(decided).toBeUndefined()
    await clock.advance(1)
    await checked
    expect(decided).toBe('local')
  }
  expect(state.calls).toBe(5)
  for (let count = 0; count < 1000; count++)
    expect((await limiter.check('k')).decidedBy).toBe('local')
  expect(state.calls).toBe(5)
  await clock.advance(1000)
  const probe = limiter.check('k')
  const meanwhile = await limiter.check('k')
  expect([state.calls, meanwhile.decidedBy]).toEqual([6, 'local'])
  await clock.advance(100)
  expect((await probe).decidedBy).toBe('local')
  await clock.advance(1000)
  state.mode = 'works'
  expect((await limiter.check('k')).decidedBy).toBe('store')
  expect((await limiter.check('k')).decidedBy).toBe('store')
  expect(failures.length).toBe(5 + 1000 + 2)
})

test('reset() and settle() throw while the store fails: what cannot be done is not said to be', async () => {
  const { limiter, state } = fixture()
  state.mode = 'fails'
  await expect(limiter.reset('k')).rejects.toBeInstanceOf(BackendError)
  await expect(limiter.refund('k', { operation: 'op' })).rejects.toBeInstanceOf(BackendError)
})

test('wrong arguments are errors whatever the policy, and are not told as failures', async () => {
  const { limiter, state, failures } = fixture({ onError: 'allow' })
  state.mode = 'fails'
  await expect(limiter.check('k', { cost: 3 })).rejects.toBeInstanceOf(RangeError)
  await expect(limiter.check('')).rejects.toBeInstanceOf(RangeError)
  expect(failures).toEqual([])
})

test('onLimited hears of each denial, pending waits for it, and what it throws changes nothing', async () => {
  const heard: unknown[] = []
  let told: () => void = () => undefined
  const { limiter } = fixture({
    onLimited: ({ key, outcome }) => {
      heard.push([key, outcome.allowed, outcome.policy])
      return new Promise((resolve) => (told = resolve))
    },
  })
  await limiter.check('k', { cost: 2 })
  const { pending } = await limiter.check('k')
  let isDone = false
  void pending.then(() => (isDone = true))
  await Promise.resolve()
  expect([heard, isDone]).toEqual([[['k', false, 'fixed-window-1m']], false])
  told()
  await pending

  const throwing = fixture({
    onLimited: () => {
      throw new Error('of its own')
    },
  })
  await throwing.limiter.check('k', { cost: 2 })
  expect((await throwing.limiter.check('k')).allowed).toBe(false)
  const rejecting = fixture({
    onLimited: async () => {
      throw new Error('of its own')
    },
  })
  await rejecting.limiter.check('k', { cost: 2 })
  await (
    await rejecting.limiter.check('k')
  ).pending
  expect([...throwing.failures, ...rejecting.failures].map(String)).toEqual([
    'Error: of its own',
    'Error: of its own',
  ])
})

test('metrics count decisions by policy, outcome and who decided, and never by key', async () => {
  const inc = vi.fn<(labels: Readonly<Record<string, string>>) => void>()
  const counter = vi.fn<() => { inc: typeof inc }>(() => ({ inc }))
  const { given } = fixture()
  const limiter = new FixedWindowLimiter({ ...given, metrics: { counter } })
  const dry = new FixedWindowLimiter({ ...given, metrics: { counter }, dryRun: true })
  await limiter.check('secret', { cost: 2 })
  await limiter.check('secret')
  await dry.check('secret')
  await limiter.peek('secret')
  expect(counter).toHaveBeenCalledWith('rate_limit_decisions_total', {
    help: 'Decisions of rate limits',
    labels: ['policy', 'outcome', 'decided_by'],
  })
  expect(inc.mock.calls.map(([labels]) => Object.values(labels))).toEqual([
    ['fixed-window-1m', 'allowed', 'store'],
    ['fixed-window-1m', 'denied', 'store'],
    ['fixed-window-1m', 'dry_run', 'cache'],
  ])
})

test('hardCap never lets more than the limit pass in any window, whoever comes when', async () => {
  for (const [limit, burst] of [
    [1, undefined],
    [2, undefined],
    [10, undefined],
    [10, 1],
    [10, 9],
    [7, 3],
  ] as const) {
    const clock = createFakeClock()
    const limiter = new GcraLimiter({
      ...{ backend: memory({ clock }), limit, window: '1m', hardCap: true },
      ...(burst !== undefined && { burst }),
    })
    const passed: number[] = []
    for (let step = 0; step < 600; step++) {
      await clock.advance(step % 97 === 0 ? 61_000 : 250)
      if ((await limiter.check('k')).allowed) passed.push(clock.now())
      const window = passed.filter((at) => at > clock.now() - 60_000)
      expect(window.length).toBeLessThanOrEqual(limit)
    }
    expect(passed.length).toBeGreaterThan(1)
  }
  expect(() => new GcraLimiter({ ...fixture().given, limit: 5, burst: 5, hardCap: true })).toThrow(
    RangeError,
  )
})

test('checkSync() answers what check() does, at once, and nothing of a store that is elsewhere', async () => {
  const clock = createFakeClock()
  const heard: string[] = []
  const options = {
    ...{ limit: 2, window: '1m' as const, dryRun: false },
    onLimited: ({ key }: { readonly key: string }) => void heard.push(key),
  }
  const here = new GcraLimiter({ backend: memory({ clock }), ...options })
  const twin = new GcraLimiter({ backend: memory({ clock }), ...options })
  for (const asked of [
    undefined,
    { cost: 0 },
    { operation: 'op' },
    { operation: 'op' },
    undefined,
  ]) {
    expect(here.checkSync('k', asked)).toEqual(await twin.check('k', asked))
    await clock.advance(1001)
  }
  expect(heard).toEqual(['k', 'k'])
  expect(() => here.checkSync('k', { cost: 3 })).toThrow(RangeError)
  expect(() => here.checkSync('')).toThrow(RangeError)
  expect(() => here.checkSync('k', { price: 1 } as object)).toThrow(TypeError)
  const { limiter, state } = fixture()
  expect(() => limiter.checkSync('k')).toThrow(TypeError)
  expect(state.calls).toBe(0)
})
