import { callQuietly } from '../../../primitives/call-quietly.ts'
import { checkOptions, checkParts } from '../../../primitives/check-options.ts'
import { checkDuration, checkInteger, checkNumber } from '../../../primitives/check-range.ts'
import type { Duration } from '../../../primitives/duration.ts'
import { settleWithin } from '../../../primitives/settle-within.ts'
import type { Backend } from '../../ports/backend.ts'
import { systemClock, type Clock } from '../../ports/platform/clock.ts'
import { createCircuitKeeper, type CircuitKeeper } from './circuit-keeper.ts'
import { CircuitOpenError } from './circuit-open-error.ts'
import {
  admitCall,
  settleCall,
  tallyOf,
  type Admission,
  type CallOutcome,
  type CircuitPolicy,
  type CircuitState,
} from './circuit-state.ts'

/** What a {@link CircuitBreaker} is made of. */
export interface CircuitBreakerOptions {
  /**
   * What is called; breakers of one name in one store share their state. 1 to 256 characters, of
   * 500 UTF-8 bytes at most. Default `default`.
   */
  readonly name?: string
  /**
   * Opens after this many failures in a row, 1 to 1,000,000. Default: not for that reason; 5 when
   * `failureRate` is not given either.
   */
  readonly failureThreshold?: number
  /**
   * Opens when this share of the calls in `window` failed, above 0, at most 1. Default: not for
   * that reason.
   */
  readonly failureRate?: number
  /** Calls in `window` before `failureRate` counts, 1 to 1,000,000. Default 20. */
  readonly minimumCalls?: number
  /** 100 ms to 1 day. Default 1 min. */
  readonly window?: Duration
  /**
   * How long an open circuit refuses calls before it lets probes through, 10 ms to 1 day. Default
   * 30 s.
   */
  readonly resetTimeout?: Duration
  /**
   * Calls that a half-open circuit lets through in all; it closes when each of them succeeded. 1 to
   * 1,000. Default 1.
   */
  readonly halfOpenProbes?: number
  /**
   * Where the state is shared with other processes and isolates. Default: nowhere, the state is
   * this object's own.
   */
  readonly backend?: Pick<Backend, 'store'>
  /**
   * At most this often a closed circuit is compared with the shared one, in the background. 10 ms
   * to 1 day. Default 5 s.
   */
  readonly syncInterval?: Duration
  /**
   * Whether a rejection means that the other side is in trouble. Default: each does, unless the
   * caller's signal aborted; so it is where this itself throws, or takes over a second.
   */
  readonly isFailure?: (error: unknown) => Promise<boolean> | boolean
  /** Hears of each change, as this object sees it. What it throws is ignored. */
  readonly onStateChange?: (change: CircuitChange) => unknown
  /**
   * Hears when the store failed; the circuit goes on with what it knows. What it throws is ignored.
   */
  readonly onStoreError?: (error: unknown) => unknown
  /**
   * Keeps the platform alive for work in the background, as a Worker's `ctx.waitUntil` does.
   * Default: nothing does.
   */
  readonly waitUntil?: (work: Promise<unknown>) => unknown
  /** Default: the platform's. */
  readonly clock?: Clock
}

/** Where a circuit stands. */
export type CircuitMode = CircuitState['mode']

/** A change of a circuit's state. */
export interface CircuitChange {
  readonly name: string
  readonly from: CircuitMode
  readonly to: CircuitMode
}

/** Options of {@link CircuitBreaker.execute}. */
export interface ExecuteOptions {
  /** Handed to the call; when it aborts, the call's rejection counts neither way. */
  readonly signal?: AbortSignal
}

const DAY_MS = 86_400_000
const LONGEST_VERDICT_MS = 1000
const MANY = 1_000_000
const CREATE = 'create circuit breaker'
const OPTIONAL = [
  'name',
  'failureThreshold',
  'failureRate',
  'minimumCalls',
  'window',
  'resetTimeout',
  'halfOpenProbes',
  'backend',
  'syncInterval',
  'isFailure',
  'onStateChange',
  'onStoreError',
  'waitUntil',
  'clock',
] as const

/**
 * Stops calling what keeps failing, and tries again with a few probes.
 *
 * With a store, many isolates act as one: calls are counted here and merged into the shared window
 * at most each `syncInterval` (the first failure at once), so a closed circuit adds no round trip
 * to a call after the first one of this object's life. Opening, each probe and closing are commits,
 * awaited. The breaker fails open: without its store, or with one that takes over a second, it goes
 * on as if it were alone.
 *
 * @example
 * const breaker = new CircuitBreaker({ name: 'mailer', failureRate: 0.5, backend })
 * await breaker.execute(({ signal }) => mailer.send(message, signal))
 */
export class CircuitBreaker {
  readonly name: string
  readonly #policy: CircuitPolicy
  readonly #clock: Clock
  readonly #isFailure: (error: unknown) => Promise<boolean> | boolean
  readonly #keeper: CircuitKeeper

  /** @throws RangeError when an option is out of range */
  constructor(options: CircuitBreakerOptions = {}) {
    checkOptions(CREATE, options, [], OPTIONAL)
    const { name = 'default', clock = systemClock, isFailure = () => true, backend } = options
    if (backend !== undefined) checkParts(CREATE, 'backend', backend, ['store'])
    checkInteger(CREATE, 'the length of name', name.length, 1, 256)
    const { onStateChange, onStoreError, waitUntil, syncInterval = 5000 } = options
    this.name = name
    this.#policy = policyOf(options)
    this.#clock = backend === undefined ? unsettable(clock) : clock
    this.#isFailure = isFailure
    this.#keeper = createCircuitKeeper({
      policy: this.#policy,
      clock: this.#clock,
      shared:
        backend === undefined
          ? null
          : { partition: backend.store.partition(`circuit:${name}`), key: 'state' },
      syncMs: checkDuration(CREATE, 'syncInterval', syncInterval, 10, DAY_MS),
      // What hears of a call must not change it.
      background: (work) => callQuietly(() => waitUntil?.(work)),
      onChange: (from, to) => callQuietly(() => onStateChange?.({ name, from, to })),
      onStoreError: (error) => callQuietly(() => onStoreError?.(error)),
    })
  }

  /**
   * Makes the call unless the circuit is open, and counts how it ends.
   *
   * @returns What the call resolves with
   * @throws CircuitOpenError when the call was not made; otherwise what the call throws
   */
  async execute<Result>(
    call: (context: { readonly signal: AbortSignal }) => Promise<Result> | Result,
    options: ExecuteOptions = {},
  ): Promise<Result> {
    const { signal = new AbortController().signal } = options
    signal.throwIfAborted()
    const generation = await this.#admit()
    let outcome: CallOutcome = 'abandoned'
    try {
      const result = await call({ signal })
      outcome = 'succeeded'
      return result
    } catch (error) {
      if (!signal.aborted) outcome = await this.#judge(error)
      throw error
    } finally {
      await this.#settle(generation, outcome)
    }
  }

  /**
   * Where the circuit stands as this object knows it. An open one says so until a call is let
   * through as a probe.
   */
  state(): CircuitMode {
    return this.#keeper.state().mode
  }

  async #admit(): Promise<number> {
    await this.#keeper.ready()
    this.#keeper.refresh()
    const state = this.#keeper.state()
    if (state.mode === 'closed') return state.generation
    let admission: Admission = admitCall(state, this.#policy, this.#clock.now())
    if (admission.admitted) {
      // A probe: everybody who shares the circuit shares its budget.
      const settled = await this.#keeper.update((current) => {
        admission = admitCall(current, this.#policy, this.#clock.now())
        return admission.state
      })
      if (settled && admission.admitted) return admission.generation
    }
    const retryAfterMs = admission.admitted ? this.#policy.resetTimeoutMs : admission.retryAfterMs
    throw new CircuitOpenError(this.name, Math.ceil(retryAfterMs))
  }

  async #judge(error: unknown): Promise<CallOutcome> {
    try {
      const verdict = this.#isFailure(error)
      const isFailure =
        typeof verdict === 'object'
          ? await settleWithin(
              this.#clock,
              LONGEST_VERDICT_MS,
              Promise.resolve(verdict),
              () => true,
            )
          : verdict
      return isFailure ? 'failed' : 'succeeded'
    } catch {
      // The caller is to see what the call threw, not this; and nobody has said that it is no
      // failure.
      return 'failed'
    }
  }

  async #settle(generation: number, outcome: CallOutcome): Promise<void> {
    const state = this.#keeper.state()
    if (state.generation !== generation) return
    if (state.mode === 'half-open') {
      await this.#keeper.update((current) =>
        settleCall(current, this.#policy, { generation, outcome, now: this.#clock.now() }),
      )
    } else if (state.mode === 'closed' && outcome !== 'abandoned') {
      const failed = outcome === 'failed'
      await this.#keeper.count(tallyOf(this.#policy, failed, this.#clock.now()))
    }
  }
}

function policyOf(options: CircuitBreakerOptions): CircuitPolicy {
  const { failureRate, minimumCalls = 20, window = 60_000 } = options
  const { resetTimeout = 30_000, halfOpenProbes = 1 } = options
  const { failureThreshold = failureRate === undefined ? 5 : null } = options
  if (failureRate === 0)
    throw new RangeError(`Cannot ${CREATE}: failureRate is 0, above 0 and at most 1 expected`)
  if (failureRate !== undefined) checkNumber(CREATE, 'failureRate', failureRate, 0, 1)
  if (options.failureThreshold !== undefined)
    checkInteger(CREATE, 'failureThreshold', options.failureThreshold, 1, MANY)
  checkInteger(CREATE, 'minimumCalls', minimumCalls, 1, MANY)
  checkInteger(CREATE, 'halfOpenProbes', halfOpenProbes, 1, 1000)
  return {
    failureThreshold,
    failureRate: failureRate ?? null,
    minimumCalls,
    windowMs: checkDuration(CREATE, 'window', window, 100, DAY_MS),
    resetTimeoutMs: checkDuration(CREATE, 'resetTimeout', resetTimeout, 10, DAY_MS),
    halfOpenProbes,
  }
}

/** A circuit that nobody shares goes by elapsed time, which nobody sets. */
function unsettable(clock: Clock): Clock {
  const { elapsed } = clock
  if (elapsed === undefined) return clock
  return {
    now: () => elapsed.call(clock),
    setTimer: (wake, delayMs) => clock.setTimer(wake, delayMs),
  }
}
