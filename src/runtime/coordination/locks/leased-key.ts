import type {
  CommitResult,
  StoreChange,
  StoreEntry,
  StorePartition,
} from '../../ports/atomic-store/atomic-store.ts'
import type { Clock } from '../../ports/platform/clock.ts'
import type { Json } from '../../ports/json.ts'
import type { RandomSource } from '../../ports/platform/random-source.ts'
import { inRounds, type Round } from '../in-rounds.ts'
import { isJsonObject, type JsonObject } from '../json-object.ts'
import { retryTransient } from '../retry-transient.ts'

/**
 * A key that one owner at a time holds: until it is dropped, or was not renewed for `ttlMs` on the
 * store's clock.
 *
 * Every operation is one commit, repeated while the backend cannot be reached: an owner that finds
 * its own name in the key knows that a commit it thought lost went through.
 */
export interface LeasedKey {
  readonly partition: StorePartition
  readonly key: string
  /** Random, so that nobody else passes for the owner. */
  readonly owner: string
  readonly ttlMs: number
  /** What the key says besides, to whoever finds it held. */
  readonly note?: Json
}

/** A held {@link LeasedKey}. */
export interface KeyHold {
  /**
   * Version of the commit that took the key: grows from hold to hold for ever, stays over renewals.
   */
  readonly token: number
  /** Version of the commit that renewed it last. */
  readonly version: number
}

/** What the operations on a {@link LeasedKey} need besides. */
export interface LeaseTools {
  readonly clock: Clock
  readonly random: RandomSource
}

/** A check that did not hold. */
export type Conflict = Extract<CommitResult, { readonly ok: false }>

/**
 * Takes the key when nobody holds it, and applies `change` in the same commit.
 *
 * @returns The hold, or the first check that failed, the key's own before those of `change`
 */
export async function takeKey(
  lease: LeasedKey,
  change: StoreChange,
  tools: LeaseTools,
): Promise<{ readonly ok: true; readonly hold: KeyHold } | Conflict> {
  return retryTransient(async () => {
    const result = await lease.partition.commit({
      check: [{ key: lease.key, version: null }, ...(change.check ?? [])],
      set: [heldEntry(lease, null), ...(change.set ?? [])],
      delete: change.delete ?? [],
    })
    if (result.ok) return heldSince(result.version)
    const version = ownVersion(lease, result)
    return version === null ? result : heldSince(version)
  }, tools)
}

/**
 * Prolongs the hold: `ttlMs` from now.
 *
 * @returns The hold, or `null` when it was lost
 */
export async function renewKey(
  lease: LeasedKey,
  hold: KeyHold,
  tools: LeaseTools,
): Promise<KeyHold | null> {
  const { token } = hold
  return retryTransient(async () => {
    const version = await commitAsOwner(lease, hold, { set: [heldEntry(lease, token)] })
    return version === null ? null : { token, version }
  }, tools)
}

/**
 * Gives the key up.
 *
 * @returns Whether it was still held; also true when a try that seemed to fail may have done it
 */
export async function dropKey(
  lease: LeasedKey,
  hold: KeyHold,
  tools: LeaseTools,
): Promise<boolean> {
  return retryTransient(async (again) => {
    const version = await commitAsOwner(lease, hold, { delete: [lease.key] })
    return version !== null || again
  }, tools)
}

/** What a held key says. */
export function readHolder({ value, version }: StoreEntry): {
  readonly owner: string | null
  readonly token: number
  readonly note: Json
} {
  const { owner, token, note }: JsonObject = isJsonObject(value) ? value : {}
  return {
    owner: typeof owner === 'string' ? owner : null,
    token: typeof token === 'number' ? token : version,
    note: note ?? null,
  }
}

/** @returns The version of the commit, or `null` when somebody else or nobody holds the key */
async function commitAsOwner(
  lease: LeasedKey,
  hold: KeyHold,
  change: StoreChange,
): Promise<number | null> {
  const { partition, key } = lease
  const act = async (version: number): Promise<Round<number, number | null>> => {
    const result = await partition.commit({ check: [{ key, version }], ...change })
    if (result.ok) return { done: result.version }
    const own = ownVersion(lease, result)
    return own === null ? { done: null } : { seen: own }
  }
  // A second round follows a renewal through another handle, or one that seemed to fail; more would
  // mean a fight.
  return inRounds(3, hold.version, act, () => null)
}

/** The version at which `lease.owner` holds the key after all, `null` when it does not. */
function ownVersion(lease: LeasedKey, { key, current }: Conflict): number | null {
  if (key !== lease.key || current === null) return null
  return readHolder(current).owner === lease.owner ? current.version : null
}

function heldSince(version: number): { readonly ok: true; readonly hold: KeyHold } {
  return { ok: true, hold: { token: version, version } }
}

function heldEntry(
  { key, owner, ttlMs, note }: LeasedKey,
  token: number | null,
): { readonly key: string; readonly value: Json; readonly expiresInMs: number } {
  const value = { owner, ...(token !== null && { token }), ...(note !== undefined && { note }) }
  return { key, value, expiresInMs: ttlMs }
}
