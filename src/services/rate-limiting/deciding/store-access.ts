import { settleWithin } from '../../../primitives/settle-within.ts'
import {
  admitCall,
  CLOSED_CIRCUIT,
  settleCall,
  type CircuitPolicy,
  type CircuitState,
} from '../../../runtime/coordination/circuit-breaker/circuit-state.ts'
import { BackendError } from '../../../runtime/ports/backend-error.ts'
import type { Clock } from '../../../runtime/ports/platform/clock.ts'
import { createLocalRateLimits } from '../../../runtime/ports/rate-limit-store/local-rate-limits.ts'
import type {
  LocalRateLimits,
  RateLimitStore,
} from '../../../runtime/ports/rate-limit-store/rate-limit-store.ts'
import { createDenialCache, type DenialCache } from './denial-cache.ts'

/**
 * A store as a process that must answer soon sees it: with a limit of time, and a circuit that
 * spares it calls while it fails. Shared by all who use the same store on the same clock.
 */
export interface StoreAccess {
  readonly clock: Clock
  readonly denials: DenialCache
  /** Decides in this process while the store does not; made with the first need. */
  readonly fallback: LocalRateLimits
  /**
   * Calls the store.
   *
   * @throws BackendError when it failed, did not answer in time, or is not asked because it failed
   *   before
   */
  call<Result>(timeoutMs: number, act: (store: RateLimitStore) => Promise<Result>): Promise<Result>
  /** Until the store is asked again, ms; 0 when it is asked now. */
  restMs(): number
}

const DENIALS = 10_000
const LOCAL_SUBJECTS = 10_000

/**
 * Five failures in a row open the circuit; after a second one call looks whether it works again.
 */
const CIRCUIT: CircuitPolicy = {
  failureThreshold: 5,
  failureRate: null,
  minimumCalls: 1,
  windowMs: 60_000,
  resetTimeoutMs: 1000,
  halfOpenProbes: 1,
}

const accesses: WeakMap<RateLimitStore, StoreAccess> = /* @__PURE__ */ new WeakMap()

/** @param clock Default: the store's own */
export function accessOf(store: RateLimitStore, clock: Clock): StoreAccess {
  const known = accesses.get(store)
  if (known?.clock === clock) return known
  const access = createStoreAccess(store, clock)
  accesses.set(store, access)
  return access
}

function createStoreAccess(store: RateLimitStore, clock: Clock): StoreAccess {
  let circuit: CircuitState = CLOSED_CIRCUIT
  let fallback: LocalRateLimits | undefined

  function settle(generation: number, outcome: 'succeeded' | 'failed'): void {
    // Most calls succeed on a closed circuit that has seen no failure, and change nothing.
    if (outcome === 'succeeded' && circuit === CLOSED_CIRCUIT) return
    circuit = settleCall(circuit, CIRCUIT, { generation, outcome, now: clock.now() })
    if (circuit.mode === 'closed' && circuit.tally.inARow === 0) circuit = CLOSED_CIRCUIT
  }

  return {
    clock,
    denials: createDenialCache(DENIALS),
    get fallback() {
      fallback ??= createLocalRateLimits(clock, LOCAL_SUBJECTS)
      return fallback
    },
    async call(timeoutMs, act) {
      const admission = admitCall(circuit, CIRCUIT, clock.now())
      circuit = admission.state
      if (!admission.admitted) throw spared()
      try {
        const result = await settleWithin(clock, timeoutMs, act(store), () => {
          throw tooSlow(timeoutMs)
        })
        settle(admission.generation, 'succeeded')
        return result
      } catch (error) {
        settle(admission.generation, 'failed')
        throw error
      }
    },
    restMs() {
      const admission = admitCall(circuit, CIRCUIT, clock.now())
      return admission.admitted ? 0 : Math.ceil(admission.retryAfterMs)
    },
  }
}

function tooSlow(timeoutMs: number): BackendError {
  return new BackendError(
    'backend_unavailable',
    `Cannot check rate limit: the store has not answered within ${timeoutMs} ms`,
  )
}

function spared(): BackendError {
  return new BackendError(
    'backend_unavailable',
    'Cannot check rate limit: the store has failed repeatedly and is not asked for a moment',
  )
}
