import { settleWithin } from '../../../primitives/settle-within.ts'
import type { StoreEntry, StorePartition } from '../../ports/atomic-store/atomic-store.ts'
import type { Clock } from '../../ports/platform/clock.ts'
import { BackendError } from '../../ports/backend-error.ts'
import { inRounds, type Round } from '../in-rounds.ts'
import {
  addCalls,
  CLOSED_CIRCUIT,
  EMPTY_TALLY,
  mergeTallies,
  type CallTally,
  type CircuitPolicy,
  type CircuitState,
} from './circuit-state.ts'
import { readCircuit, writeCircuit } from './circuit-record.ts'

/** What {@link createCircuitKeeper} needs. */
export interface CircuitKeeperOptions {
  readonly policy: CircuitPolicy
  readonly clock: Clock
  /** Where the state is shared, under `key`; without it the state is this process's own. */
  readonly shared: { readonly partition: StorePartition; readonly key: string } | null
  /** At most this often a closed circuit is compared with the shared one. */
  readonly syncMs: number
  readonly background: (work: Promise<void>) => void
  readonly onChange: (from: CircuitState['mode'], to: CircuitState['mode']) => void
  readonly onStoreError: (error: unknown) => void
}

/**
 * Keeps the state of one circuit: here, and in a store when it is shared. A store that fails never
 * fails a call.
 */
export interface CircuitKeeper {
  /** Reads the shared state the first time; costs nothing afterwards. */
  ready(): Promise<void>
  state(): CircuitState
  /** Compares with the store in the background when that is due. */
  refresh(): void
  /**
   * Counts calls of a closed circuit: here, in the store when it is due, and at once when it opens
   * the circuit.
   */
  count(calls: CallTally): Promise<void>
  /**
   * Changes the state, here and in the store, by a function that may be called again with a newer
   * state.
   *
   * @returns Whether the last call of `change` is what holds now
   */
  update(change: (state: CircuitState) => CircuitState): Promise<boolean>
}

const STORE_TIMEOUT_MS = 1000
const MAX_ROUNDS = 10
const KEEP_MS = 86_400_000

/** Creates a keeper with a closed circuit. */
export function createCircuitKeeper(options: CircuitKeeperOptions): CircuitKeeper {
  const { policy, clock, shared, syncMs, background, onChange, onStoreError } = options
  const expiresInMs = KEEP_MS + policy.windowMs + policy.resetTimeoutMs
  /** The store's state as last seen, or what this process made of it while the store failed. */
  let base: CircuitState = CLOSED_CIRCUIT
  let version: number | null = null
  /** Calls that the store has not heard of, and those that are on their way to it. */
  let unsent: CallTally = EMPTY_TALLY
  let sending: CallTally = EMPTY_TALLY
  let view: CircuitState = base
  let loading: Promise<void> | undefined
  let syncing: Promise<void> | undefined
  let syncedAt = -Infinity
  let sentAt = -Infinity

  function show(next: CircuitState): void {
    const from = view.mode
    view = next
    if (from !== next.mode) onChange(from, next.mode)
  }

  function become(state: CircuitState, at: number | null): void {
    // Calls of an earlier generation say nothing about this one.
    if (state.generation !== base.generation) unsent = sending = EMPTY_TALLY
    base = state
    version = at
    look()
  }

  function look(): void {
    const now = clock.now()
    show(addCalls(base, policy, mergeTallies(sending, unsent, policy, now), now))
  }

  function adopt(entry: StoreEntry | null): void {
    // Answers may overtake one another.
    if (version === null ? entry === null : entry !== null && entry.version <= version) return
    const found = entry === null ? null : readCircuit(entry.value)
    const generation = base.generation + 1
    const state = found ?? { mode: 'closed', generation, tally: EMPTY_TALLY }
    become(localized(state), entry?.version ?? null)
  }

  /** Another machine's clock may be ahead: from now on the timeout is the longest that remains. */
  function localized(state: CircuitState): CircuitState {
    if (state.mode === 'closed') return state
    return { ...state, until: Math.min(state.until, clock.now() + policy.resetTimeoutMs) }
  }

  /**
   * Commits what `change` makes of the newest state. Without a store, or when it fails, the change
   * is made here alone.
   *
   * @param made Called just before the change is in `base`
   */
  async function commit(
    change: (state: CircuitState) => CircuitState,
    made: () => void = () => {},
  ): Promise<boolean> {
    const act = async (): Promise<Round<null, boolean>> => {
      const next = change(base)
      if (next === base) return { done: true }
      if (shared === null) {
        made()
        become(next, null)
        return { done: true }
      }
      const { partition, key } = shared
      try {
        const result = await within(
          clock,
          partition.commit({
            check: [{ key, version }],
            set: [{ key, value: writeCircuit(next), expiresInMs }],
          }),
        )
        if (result.ok) {
          made()
          if (version === null || result.version > version) become(next, result.version)
          return { done: true }
        }
        adopt(result.current)
        return { seen: null }
      } catch (error) {
        onStoreError(error)
        const alone = change(base)
        made()
        become(alone, version)
        return { done: true }
      }
    }
    return inRounds(MAX_ROUNDS, null, act, () => false)
  }

  async function exchange(): Promise<void> {
    syncedAt = clock.now()
    try {
      await (unsent.slots.length > 0 ? send() : read())
      // What was counted in the meantime may have opened the circuit, which the others must hear.
      while (base.mode === 'closed' && view.mode === 'open') await send()
    } finally {
      // Not a moment after the last look: who counts then must not wait for what is over.
      syncing = undefined
    }
  }

  async function send(): Promise<void> {
    sentAt = clock.now()
    sending = unsent
    unsent = EMPTY_TALLY
    const calls = sending
    const { generation } = base
    const add = (state: CircuitState): CircuitState =>
      state.generation === generation ? addCalls(state, policy, calls, clock.now()) : state
    const counted = (): void => {
      sending = EMPTY_TALLY
    }
    await commit(add, counted)
    counted()
    look()
  }

  async function read(): Promise<void> {
    if (shared === null) return
    try {
      adopt(await within(clock, shared.partition.get(shared.key)))
    } catch (error) {
      onStoreError(error)
    }
  }

  function sync(): Promise<void> {
    syncing ??= exchange()
    return syncing
  }

  return {
    async ready() {
      if (shared === null) return
      loading ??= read().then(() => {
        syncedAt = clock.now()
      })
      await loading
    },
    state: () => view,
    refresh() {
      if (shared !== null && isOlder(syncedAt, syncMs, clock.now())) background(sync())
    },
    async count(calls) {
      const now = clock.now()
      if (shared === null) return become(addCalls(base, policy, calls, now), null)
      unsent = mergeTallies(unsent, calls, policy, now)
      look()
      if (view.mode === 'closed') {
        // The first failure is told at once: an isolate may not live until the next comparison.
        if (isOlder(calls.inARow > 0 ? sentAt : syncedAt, syncMs, now)) background(sync())
        return
      }
      await sync()
    },
    update: commit,
  }
}

function isOlder(at: number, ms: number, now: number): boolean {
  // A clock that was set back counts as well.
  return Math.abs(now - at) >= ms
}

/** Rejects when the store takes longer than a second: a call must not wait for its breaker. */
function within<Result>(clock: Clock, work: Promise<Result>): Promise<Result> {
  return settleWithin(clock, STORE_TIMEOUT_MS, work, () => {
    const message = `Cannot share circuit: the store took over ${STORE_TIMEOUT_MS} ms`
    throw new BackendError('backend_unavailable', message)
  })
}
