import { checkOptions, checkParts } from '../../../primitives/check-options.ts'
import { checkDuration } from '../../../primitives/check-range.ts'
import type { Duration } from '../../../primitives/duration.ts'
import { encodeHex } from '../../../primitives/hex.ts'
import { stringifyJson } from '../../../primitives/stringify-json.ts'
import { utf8Length } from '../../../primitives/utf8.ts'
import { STORE_LIMITS, type StoreEntry } from '../../ports/atomic-store/atomic-store.ts'
import type { Backend } from '../../ports/backend.ts'
import { systemClock, type Clock } from '../../ports/platform/clock.ts'
import type { Json } from '../../ports/json.ts'
import { systemRandom, type RandomSource } from '../../ports/platform/random-source.ts'
import { holdLease, type HeldLease, type HoldLeaseOptions } from '../locks/held-lease.ts'
import { IdempotencyConflictError } from './idempotency-conflict-error.ts'
import { IdempotencyError } from './idempotency-error.ts'
import { IdempotencyInProgressError } from './idempotency-in-progress-error.ts'
import { inRounds, type Round } from '../in-rounds.ts'
import { isJsonObject, type JsonObject } from '../json-object.ts'
import { readHolder } from '../locks/leased-key.ts'
import { partitionOf } from '../partition-of.ts'
import { retryTransient } from '../retry-transient.ts'
import type { LeaseContext } from '../locks/work-under-lease.ts'

/** What {@link createIdempotency} needs. */
export interface IdempotencyOptions {
  /** Where calls and their results are kept. */
  readonly backend: Pick<Backend, 'store'>
  /** Keeps these keys apart from others in the same store. Default `idempotency`. */
  readonly partition?: string
  /** How long after a crash the call may be made again, 10 ms to 1 day. Default 30 s. */
  readonly lease?: Duration
  /** How long a result is kept and given to later calls, 1 ms to 10 years. Default 1 day. */
  readonly keep?: Duration
  /** Default: the platform's. */
  readonly clock?: Clock
  /** Default: the platform's. */
  readonly random?: RandomSource
}

/** Makes each call once for each key, however often it is asked for. */
export interface Idempotency {
  /**
   * Runs `work`, or answers with what it returned when it ran before under this key.
   *
   * A run that throws frees the key. One that crashed is made again by the next call after its
   * lease: `work` can so run more than once, never twice at the same time while its signal is
   * obeyed, and only one result is ever kept.
   *
   * @param key 1 to 500 UTF-8 bytes
   * @param fingerprint Of the arguments, by `fingerprintOf`; the same key with another one is an
   *   error
   * @throws IdempotencyConflictError when the key was used with another fingerprint
   * @throws IdempotencyInProgressError when a call with this key is running
   * @throws IdempotencyError `idempotency_lost` when another call took over, `idempotency_result`
   *   when the result cannot be kept
   * @throws BackendError when the store failed; after `work` has run this means that it may run
   *   again
   */
  run<Result extends Json>(
    key: string,
    fingerprint: string | Promise<string>,
    work: (context: LeaseContext) => Promise<Result> | Result,
    options?: IdempotentRunOptions,
  ): Promise<Result>
}

/** Options of {@link Idempotency.run}. */
export interface IdempotentRunOptions {
  /** Aborts `work`. */
  readonly signal?: AbortSignal
}

/**
 * What a key's record says. It outlives the lease, so that the key stays bound to its arguments
 * after a crash.
 */
interface CallRecord {
  readonly state: 'open' | 'done' | 'unkept'
  readonly fingerprint: string
  /** Owner of the run that wrote it. */
  readonly by: string
  readonly result: Json
}

type Begun =
  | { readonly kind: 'run'; readonly lease: HeldLease }
  | { readonly kind: 'done'; readonly record: CallRecord }

const DAY_MS = 86_400_000
const CREATE = 'create idempotency'
const UNKEPT = 'Cannot keep result of idempotent call: it is no JSON or too large'

/**
 * Makes calls idempotent by keys that the caller chooses.
 *
 * @throws RangeError when an option is out of range
 * @throws TypeError when there is no backend, or an option of another name
 *
 * @example
 * const idempotency = createIdempotency({ backend, keep: '7d' })
 * const receipt = await idempotency.run(key, JSON.stringify(order), () => charge(order))
 */
export function createIdempotency(options: IdempotencyOptions): Idempotency {
  const optional = ['partition', 'lease', 'keep', 'clock', 'random'] as const
  checkOptions(CREATE, options, ['backend'], optional)
  checkParts(CREATE, 'backend', options.backend, ['store'])
  const { store } = options.backend
  const { partition: family = 'idempotency', lease = 30_000, keep = DAY_MS } = options
  const { clock = systemClock, random = systemRandom } = options
  const leaseMs = checkDuration(CREATE, 'lease', lease, 10, DAY_MS)
  const keepMs = checkDuration(CREATE, 'keep', keep, 1, STORE_LIMITS.expiresInMs)
  // A run may last longer than results are kept.
  const openMs = Math.max(keepMs, DAY_MS)

  async function begin(call: Call): Promise<Begun> {
    const { recordKey, fingerprint, owner } = call
    const record = { state: 'open', fingerprint, by: owner, result: null }
    const act = async (version: number | null): Promise<Round<number | null, Begun>> => {
      const held = await holdLease(call, {
        check: [{ key: recordKey, version }],
        set: [{ key: recordKey, value: record, expiresInMs: openMs }],
      })
      if (held.ok) return { done: { kind: 'run', lease: held.lease } }
      if (held.key === call.key) throw inProgress(held.current, fingerprint)
      const found = readRecord(held.current)
      if (found !== null && found.fingerprint !== fingerprint) throw new IdempotencyConflictError()
      if (found !== null && found.state !== 'open') return { done: { kind: 'done', record: found } }
      return { seen: held.current?.version ?? null }
    }
    // Each further round follows a change of the record by others: a crash found, a record expired.
    return inRounds(5, null, act, () => {
      throw new IdempotencyInProgressError(leaseMs)
    })
  }

  function inProgress(current: StoreEntry | null, fingerprint: string): IdempotencyError {
    const note = current === null ? null : readHolder(current).note
    const { fingerprint: other, leaseMs: theirs }: JsonObject = isJsonObject(note) ? note : {}
    return other === undefined || other === fingerprint
      ? new IdempotencyInProgressError(typeof theirs === 'number' ? theirs : leaseMs)
      : new IdempotencyConflictError()
  }

  /**
   * Writes the outcome if no other run has begun since: that would have given the record another
   * version.
   */
  async function complete(call: Call, lease: HeldLease, record: CallRecord): Promise<CallRecord> {
    const { partition, key, recordKey, fingerprint, owner } = call
    const change = {
      check: [{ key: recordKey, version: lease.token }],
      set: [{ key: recordKey, value: { ...record }, expiresInMs: keepMs }],
      delete: [key],
    }
    const result = await retryTransient(() => partition.commit(change), call)
    if (result.ok) return record
    const found = readRecord(result.current)
    const answered = found !== null && found.state !== 'open' && found.fingerprint === fingerprint
    // Either a try of ours that seemed to fail, or another run: what it left is the answer of this
    // key.
    if (answered && (found.by === owner || found.state === 'done')) return found
    throw new IdempotencyError(
      'idempotency_lost',
      'Cannot complete idempotent call: its lease ended and another call took over',
    )
  }

  async function release(call: Call, lease: HeldLease): Promise<void> {
    const { partition, key, recordKey } = call
    const change = {
      check: [{ key: recordKey, version: lease.token }],
      delete: [key, recordKey],
    }
    await retryTransient(() => partition.commit(change), call).catch(() => {
      // The lease ends by itself, and the next call takes over; the failure of the work is what its
      // caller must see.
    })
  }

  return {
    async run<Result extends Json>(
      key: string,
      fingerprint: string | Promise<string>,
      work: (context: LeaseContext) => Promise<Result> | Result,
      { signal }: IdempotentRunOptions = {},
    ): Promise<Result> {
      signal?.throwIfAborted()
      const call = callOf(key, await fingerprint)
      const begun = await begin(call)
      if (begun.kind === 'done') return resultOf<Result>(begun.record)
      const { lease } = begun
      const context = {
        token: lease.token,
        signal: signal === undefined ? lease.signal : AbortSignal.any([lease.signal, signal]),
      }
      let result: Result
      try {
        result = await work(context)
      } catch (error) {
        await lease.stop()
        await release(call, lease)
        throw error
      }
      await lease.stop()
      const record = recordOf(call, result)
      const kept = await complete(call, lease, record)
      return kept === record && record.state === 'done' ? result : resultOf<Result>(kept)
    },
  }

  function callOf(key: string, fingerprint: string): Call {
    return {
      partition: partitionOf(store, family, key),
      key: `lease/${key}`,
      recordKey: `call/${key}`,
      fingerprint,
      owner: encodeHex(random.bytes(16)),
      ttlMs: leaseMs,
      note: { fingerprint, leaseMs },
      clock,
      random,
      lost: () =>
        new IdempotencyError(
          'idempotency_lost',
          'Cannot go on with idempotent call: its lease could not be renewed in time',
        ),
    }
  }
}

interface Call extends HoldLeaseOptions {
  readonly recordKey: string
  readonly fingerprint: string
}

function recordOf({ fingerprint, owner }: Call, result: Json | undefined): CallRecord {
  const record: CallRecord = { state: 'done', fingerprint, by: owner, result: result ?? null }
  return isStorable(record) ? record : { ...record, state: 'unkept', result: null }
}

function isStorable(record: CallRecord): boolean {
  try {
    return utf8Length(stringifyJson(record)) <= STORE_LIMITS.valueBytes
  } catch {
    // What JSON would not give back as it was, which the types did not see.
    return false
  }
}

function resultOf<Result extends Json>({ state, result }: CallRecord): Result {
  if (state === 'unkept') throw new IdempotencyError('idempotency_result', UNKEPT)
  // What `work` returned for the same key and arguments: a Result, as long as a key means one kind
  // of call.
  return result as Result
}

function readRecord(entry: StoreEntry | null): CallRecord | null {
  if (entry === null || !isJsonObject(entry.value)) return null
  const { state, fingerprint, by, result } = entry.value
  if (state !== 'open' && state !== 'done' && state !== 'unkept') return null
  if (typeof fingerprint !== 'string' || typeof by !== 'string' || result === undefined) return null
  return { state, fingerprint, by, result }
}
