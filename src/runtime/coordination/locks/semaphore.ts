import { checkOptions, checkParts } from '../../../primitives/check-options.ts'
import { checkInteger } from '../../../primitives/check-range.ts'
import { encodeHex } from '../../../primitives/hex.ts'
import type { AtomicStore, StorePartition } from '../../ports/atomic-store/atomic-store.ts'
import type { Backend } from '../../ports/backend.ts'
import { systemClock, type Clock } from '../../ports/platform/clock.ts'
import { systemRandom, type RandomSource } from '../../ports/platform/random-source.ts'
import { holdLease, type HeldLease } from './held-lease.ts'
import { checkLeaseOptions, type LeaseOptions } from './lease-options.ts'
import { dropKey, renewKey, takeKey, type LeasedKey, type LeaseTools } from './leased-key.ts'
import { LockError } from './lock-error.ts'
import { partitionOf } from '../partition-of.ts'
import { tryUntil } from '../try-until.ts'
import { workAndOptions, workUnderLease, type LockedWork } from './work-under-lease.ts'

/** What a {@link Semaphore} is made of. */
export interface SemaphoreOptions {
  /** Where the slots are kept; all that share them share it. */
  readonly backend: Pick<Backend, 'store'>
  /** Slots of each key, 1 to 1,000. */
  readonly limit: number
  /**
   * Keeps these slots apart from others in the same store, 1 to 500 UTF-8 bytes. Default
   * `semaphores`.
   */
  readonly partition?: string
  /** Default: the platform's. */
  readonly clock?: Clock
  /** Default: the platform's. */
  readonly random?: RandomSource
}

/** A slot that is held: plain data. Its owner is a secret. */
export interface SemaphoreSlot {
  readonly key: string
  /** 0 to `limit` − 1. */
  readonly slot: number
  readonly owner: string
  /** Grows from holder to holder for ever, stays over renewals. */
  readonly token: number
  /** Version of the last renewal. */
  readonly version: number
  readonly ttlMs: number
}

/**
 * Lets at most `limit` holders in at once, each with a leased slot: a slot whose holder disappeared
 * is free again when its lease ends. Waiters are served in no particular order. With another
 * `limit`, slots above it run out on their own.
 *
 * @example
 * const exports = new Semaphore({ backend, limit: 5 })
 * await exports.withSlot(tenant, { wait: '10s' }, ({ signal }) => exportAll(tenant, signal))
 */
export class Semaphore {
  readonly #store: AtomicStore
  readonly #limit: number
  readonly #family: string
  readonly #tools: LeaseTools

  /**
   * @throws RangeError when `limit` is out of range
   * @throws TypeError when there is no backend, or an option of another name
   */
  constructor(options: SemaphoreOptions) {
    const action = 'create semaphore'
    checkOptions(action, options, ['backend', 'limit'], ['partition', 'clock', 'random'])
    checkParts(action, 'backend', options.backend, ['store'])
    const { backend, limit, partition = 'semaphores' } = options
    checkInteger(action, 'limit', limit, 1, 1000)
    this.#store = backend.store
    this.#limit = limit
    this.#family = partition
    this.#tools = { clock: options.clock ?? systemClock, random: options.random ?? systemRandom }
  }

  /**
   * Takes a slot: one round trip when the first one looked at is free, three when another is.
   *
   * @param key 1 to 500 UTF-8 bytes
   * @returns The slot, or `null` when all were held for as long as `wait`
   * @throws RangeError when an option or the key is out of range
   * @throws BackendError when the store failed
   */
  async acquire(key: string, options?: LeaseOptions): Promise<SemaphoreSlot | null> {
    const { ttlMs, waitMs, signal } = checkLeaseOptions(options)
    const owner = this.#newOwner()
    const take = async (slot: number): Promise<SemaphoreSlot | null> => {
      const taken = await takeKey(this.#leasedSlot(key, slot, owner, ttlMs), {}, this.#tools)
      return taken.ok ? { key, slot, owner, ttlMs, ...taken.hold } : null
    }
    return tryUntil(() => this.#tryFreeSlots(key, take), { ...this.#tools, waitMs, signal })
  }

  /**
   * Prolongs the slot's lease: its `ttlMs` from now. One round trip.
   *
   * @returns The slot with its new version and the same token, or `null` when it was lost
   */
  async renew(held: SemaphoreSlot): Promise<SemaphoreSlot | null> {
    const { key, slot, owner, ttlMs } = held
    const hold = await renewKey(this.#leasedSlot(key, slot, owner, ttlMs), held, this.#tools)
    return hold === null ? null : { ...held, ...hold }
  }

  /**
   * Gives the slot back. One round trip.
   *
   * @returns Whether it was still held
   */
  async release(held: SemaphoreSlot): Promise<boolean> {
    const { key, slot, owner, ttlMs } = held
    return dropKey(this.#leasedSlot(key, slot, owner, ttlMs), held, this.#tools)
  }

  /**
   * Runs `work` while holding a slot, renewing it each third of `ttl`, and gives it back
   * afterwards.
   *
   * Options and work may stand in either order.
   *
   * @throws LockError `lock_held` when all slots were held for as long as `wait`; `lock_lost` when
   *   the lease ended before `work` did, even if `work` then succeeded
   */
  withSlot<Result>(key: string, options: LeaseOptions, work: LockedWork<Result>): Promise<Result>
  withSlot<Result>(key: string, work: LockedWork<Result>, options?: LeaseOptions): Promise<Result>
  async withSlot<Result>(
    key: string,
    first: LeaseOptions | LockedWork<Result>,
    second?: LeaseOptions | LockedWork<Result>,
  ): Promise<Result> {
    const [options, work] = workAndOptions(first, second)
    const { ttlMs, waitMs, signal } = checkLeaseOptions(options)
    const owner = this.#newOwner()
    const lost = (): LockError =>
      new LockError(
        'lock_lost',
        `Cannot keep slot of ${JSON.stringify(key)}: its lease ended before the work did`,
      )
    const take = async (slot: number): Promise<HeldLease | null> => {
      const leased = this.#leasedSlot(key, slot, owner, ttlMs)
      const held = await holdLease({ ...leased, ...this.#tools, lost })
      return held.ok ? held.lease : null
    }
    const attempt = (): Promise<HeldLease | null> => this.#tryFreeSlots(key, take)
    const lease = await tryUntil(attempt, { ...this.#tools, waitMs, signal })
    if (lease === null) {
      throw new LockError(
        'lock_held',
        `Cannot take slot of ${JSON.stringify(key)}: all ${this.#limit} are held`,
      )
    }
    return workUnderLease(lease, signal, lost, work)
  }

  async #tryFreeSlots<Gain>(
    key: string,
    take: (slot: number) => Promise<Gain | null>,
  ): Promise<Gain | null> {
    const guess = this.#randomBelow(this.#limit)
    const first = await take(guess)
    if (first !== null || this.#limit === 1) return first
    const held = await this.#heldSlots(key)
    const free = Array.from({ length: this.#limit }, (_, slot) => slot).filter(
      (slot) => !held.has(slot),
    )
    // From a random one on: others who look at the same time would all want the first.
    for (let left = free.length, at = this.#randomBelow(left); left > 0; left--, at++) {
      const gain = await take(free[at % free.length] ?? 0)
      if (gain !== null) return gain
    }
    return null
  }

  async #heldSlots(key: string): Promise<ReadonlySet<number>> {
    const prefix = prefixOf(key)
    const { entries, unreadable = [] } = await this.#partition(key).list({ prefix, limit: 1000 })
    const held = [...entries.map((entry) => entry.key), ...unreadable]
    return new Set(held.map((slot) => Number(slot.slice(prefix.length))))
  }

  #leasedSlot(key: string, slot: number, owner: string, ttlMs: number): LeasedKey {
    return { partition: this.#partition(key), key: `${prefixOf(key)}${slot}`, owner, ttlMs }
  }

  #partition(key: string): StorePartition {
    return partitionOf(this.#store, this.#family, key)
  }

  #randomBelow(count: number): number {
    return Math.floor(this.#tools.random.fraction() * count)
  }

  #newOwner(): string {
    return encodeHex(this.#tools.random.bytes(16))
  }
}

/** The length in front keeps the slots of `a` apart from those of `a/1`. */
function prefixOf(key: string): string {
  return `${key.length}:${key}/`
}
