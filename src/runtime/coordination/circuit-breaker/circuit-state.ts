/** When a circuit opens, and how it closes again. All numbers are whole and positive. */
export interface CircuitPolicy {
  /** Opens after this many failures in a row; `null`: never for that reason. */
  readonly failureThreshold: number | null
  /**
   * Opens when this share of the window's calls failed, above 0, at most 1; `null`: never for that
   * reason.
   */
  readonly failureRate: number | null
  /** Calls in the window before their rate counts. */
  readonly minimumCalls: number
  readonly windowMs: number
  /**
   * How long an open circuit refuses before it lets probes through; also how long probes may take.
   */
  readonly resetTimeoutMs: number
  /**
   * Calls let through a half-open circuit; it closes when all of them succeeded, and opens when one
   * failed.
   */
  readonly halfOpenProbes: number
}

/** The state of a circuit: plain data, as it is kept in a store. Instants are ms since 1970. */
export type CircuitState =
  | { readonly mode: 'closed'; readonly generation: number; readonly tally: CallTally }
  | { readonly mode: 'open'; readonly generation: number; readonly until: number }
  | {
      readonly mode: 'half-open'
      readonly generation: number
      /** When probes that have not answered are given up. */
      readonly until: number
      readonly admitted: number
      readonly succeeded: number
    }

/** The calls of the last window, and how many failed in a row. */
export interface CallTally {
  readonly inARow: number
  /**
   * One element for each tenth of the window in which there were calls; `slot` counts tenths since
   * 1970.
   */
  readonly slots: readonly {
    readonly slot: number
    readonly calls: number
    readonly failures: number
  }[]
}

/** Whether a call may be made. Its outcome counts only for the generation that admitted it. */
export type Admission =
  | { readonly admitted: true; readonly generation: number; readonly state: CircuitState }
  | { readonly admitted: false; readonly retryAfterMs: number; readonly state: CircuitState }

/** Outcome of an admitted call; `abandoned` says nothing about the other side. */
export type CallOutcome = 'succeeded' | 'failed' | 'abandoned'

const SLOTS = 10

/** No calls. */
export const EMPTY_TALLY: CallTally = { inARow: 0, slots: [] }

/** A circuit that has seen no calls. */
export const CLOSED_CIRCUIT: CircuitState = { mode: 'closed', generation: 0, tally: EMPTY_TALLY }

/** Decides whether a call may be made now. */
export function admitCall(state: CircuitState, policy: CircuitPolicy, now: number): Admission {
  const { generation } = state
  if (state.mode === 'closed') return { admitted: true, generation, state }
  const leftMs = remainingMs(state.until, policy, now)
  if (state.mode === 'half-open' && leftMs > 0) {
    if (state.admitted >= policy.halfOpenProbes)
      return { admitted: false, retryAfterMs: leftMs, state }
    return { admitted: true, generation, state: { ...state, admitted: state.admitted + 1 } }
  }
  if (leftMs > 0) return { admitted: false, retryAfterMs: leftMs, state }
  const probing: CircuitState = {
    mode: 'half-open',
    generation: generation + 1,
    until: now + policy.resetTimeoutMs,
    admitted: 1,
    succeeded: 0,
  }
  return { admitted: true, generation: probing.generation, state: probing }
}

/**
 * Counts the outcome of a call that `generation` admitted; one that comes after the state has
 * changed is ignored.
 */
export function settleCall(
  state: CircuitState,
  policy: CircuitPolicy,
  {
    generation,
    outcome,
    now,
  }: {
    readonly generation: number
    readonly outcome: CallOutcome
    readonly now: number
  },
): CircuitState {
  if (state.generation !== generation || state.mode === 'open') return state
  if (state.mode === 'closed') {
    if (outcome === 'abandoned') return state
    return addCalls(state, policy, tallyOf(policy, outcome === 'failed', now), now)
  }
  switch (outcome) {
    case 'failed':
      return opened(generation, policy, now)
    case 'abandoned':
      return { ...state, admitted: Math.max(state.admitted - 1, 0) }
    case 'succeeded': {
      const succeeded = state.succeeded + 1
      if (succeeded < policy.halfOpenProbes) return { ...state, succeeded }
      return { mode: 'closed', generation: generation + 1, tally: EMPTY_TALLY }
    }
  }
}

/**
 * Adds calls to a closed circuit and opens it when that is too much; another one stays as it is.
 */
export function addCalls(
  state: CircuitState,
  policy: CircuitPolicy,
  calls: CallTally,
  now: number,
): CircuitState {
  if (state.mode !== 'closed') return state
  const tally = mergeTallies(state.tally, calls, policy, now)
  if (isTooMuch(tally, policy)) return opened(state.generation, policy, now)
  return { ...state, tally }
}

/** The tally of a single call. */
export function tallyOf(policy: CircuitPolicy, failed: boolean, now: number): CallTally {
  const failures = failed ? 1 : 0
  return { inARow: failures, slots: [{ slot: slotOf(policy, now), calls: 1, failures }] }
}

/**
 * The calls of both, without those that have left the window, or that a wrong clock put outside it;
 * `later` happened after `earlier`.
 */
export function mergeTallies(
  earlier: CallTally,
  later: CallTally,
  policy: CircuitPolicy,
  now: number,
): CallTally {
  const current = slotOf(policy, now)
  const merged = new Map<number, { slot: number; calls: number; failures: number }>()
  for (const { slot, calls, failures } of [...earlier.slots, ...later.slots]) {
    if (Math.abs(current - slot) >= SLOTS) continue
    const known = merged.get(slot) ?? { slot, calls: 0, failures: 0 }
    merged.set(slot, {
      slot,
      calls: known.calls + calls,
      failures: known.failures + failures,
    })
  }
  const allFailed = later.slots.every(({ calls, failures }) => calls === failures)
  return {
    inARow: allFailed ? earlier.inARow + later.inARow : later.inARow,
    slots: [...merged.values()].toSorted((a, b) => a.slot - b.slot),
  }
}

/** Calls and failures in the window. */
export function totalOf(tally: CallTally): { readonly calls: number; readonly failures: number } {
  let calls = 0
  let failures = 0
  for (const slot of tally.slots) {
    calls += slot.calls
    failures += slot.failures
  }
  return { calls, failures }
}

function isTooMuch(tally: CallTally, policy: CircuitPolicy): boolean {
  if (policy.failureThreshold !== null && tally.inARow >= policy.failureThreshold) return true
  if (policy.failureRate === null) return false
  const { calls, failures } = totalOf(tally)
  return calls >= policy.minimumCalls && failures >= calls * policy.failureRate
}

function opened(generation: number, policy: CircuitPolicy, now: number): CircuitState {
  return { mode: 'open', generation: generation + 1, until: now + policy.resetTimeoutMs }
}

/** A clock that was set back must not keep a circuit open for longer than its timeout. */
function remainingMs(until: number, policy: CircuitPolicy, now: number): number {
  const leftMs = until - now
  return leftMs > policy.resetTimeoutMs ? 0 : Math.max(leftMs, 0)
}

function slotOf(policy: CircuitPolicy, now: number): number {
  return Math.floor((now * SLOTS) / policy.windowMs)
}
