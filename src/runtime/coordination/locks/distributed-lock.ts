import { checkOptions, checkParts } from '../../../primitives/check-options.ts'
import { encodeHex } from '../../../primitives/hex.ts'
import type { AtomicStore } from '../../ports/atomic-store/atomic-store.ts'
import type { Backend } from '../../ports/backend.ts'
import { systemClock, type Clock } from '../../ports/platform/clock.ts'
import { systemRandom, type RandomSource } from '../../ports/platform/random-source.ts'
import { holdLease, type HeldLease } from './held-lease.ts'
import { checkLeaseOptions, type LeaseOptions } from './lease-options.ts'
import {
  dropKey,
  readHolder,
  renewKey,
  takeKey,
  type Conflict,
  type LeasedKey,
  type LeaseTools,
} from './leased-key.ts'
import { LockError } from './lock-error.ts'
import { partitionOf } from '../partition-of.ts'
import { tryUntil } from '../try-until.ts'
import { workAndOptions, workUnderLease, type LockedWork } from './work-under-lease.ts'

/** What a {@link DistributedLock} is made of. */
export interface DistributedLockOptions {
  /** Where the locks are kept; all that exclude one another share it. */
  readonly backend: Pick<Backend, 'store'>
  /**
   * Keeps these locks apart from others in the same store, 1 to 500 UTF-8 bytes. Default `locks`.
   */
  readonly partition?: string
  /** Default: the platform's. */
  readonly clock?: Clock
  /** Default: the platform's. */
  readonly random?: RandomSource
}

/**
 * A lock that is held: plain data, which may travel to whoever renews or releases it. Its owner is
 * a secret.
 */
export interface LockLease {
  readonly key: string
  readonly owner: string
  /**
   * Grows from holder to holder for ever, stays over renewals: what the resource should compare (a
   * fencing token).
   */
  readonly token: number
  /** Version of the last renewal. */
  readonly version: number
  readonly ttlMs: number
}

/**
 * Mutual exclusion by leases in an {@link AtomicStore}.
 *
 * Whoever holds a lock holds it for `ttl` at most unless it renews. A holder that was paused longer
 * than that may still act: only a resource that refuses smaller tokens than it has seen is safe
 * from it. On a backend whose durability is `async-replicated` a failover can lose a lock, and its
 * locks are advice.
 *
 * @example
 * const lock = new DistributedLock({ backend })
 * await lock.withLock(`invoice:${id}`, { ttl: '30s' }, ({ token, signal }) =>
 *   charge(id, token, signal),
 * )
 */
export class DistributedLock {
  readonly #store: AtomicStore
  readonly #family: string
  readonly #tools: LeaseTools

  /** @throws TypeError when there is no backend, or an option of another name */
  constructor(options: DistributedLockOptions) {
    checkOptions('create lock', options, ['backend'], ['partition', 'clock', 'random'])
    checkParts('create lock', 'backend', options.backend, ['store'])
    const { backend, partition = 'locks', clock = systemClock, random = systemRandom } = options
    this.#store = backend.store
    this.#family = partition
    this.#tools = { clock, random }
  }

  /**
   * Takes the lock. One round trip when it is free.
   *
   * @param key 1 to 512 UTF-8 bytes
   * @returns The lease, or `null` when somebody else held it for as long as `wait`
   * @throws RangeError when an option or the key is out of range
   * @throws BackendError when the store failed
   */
  async acquire(key: string, options?: LeaseOptions): Promise<LockLease | null> {
    const { ttlMs, waitMs, signal } = checkLeaseOptions(options)
    const leased = this.#leasedKey(key, this.#newOwner(), ttlMs)
    return tryUntil(
      async () => {
        const taken = await takeKey(leased, {}, this.#tools)
        return taken.ok ? { key, owner: leased.owner, ttlMs, ...taken.hold } : null
      },
      { ...this.#tools, waitMs, signal },
    )
  }

  /**
   * Prolongs the lease: its `ttlMs` from now. One round trip.
   *
   * @returns The lease with its new version and the same token, or `null` when it was lost
   */
  async renew(lease: LockLease): Promise<LockLease | null> {
    const leased = this.#leasedKey(lease.key, lease.owner, lease.ttlMs)
    const hold = await renewKey(leased, lease, this.#tools)
    return hold === null ? null : { ...lease, ...hold }
  }

  /**
   * Gives the lock back. One round trip.
   *
   * @returns Whether it was still held
   */
  async release(lease: LockLease): Promise<boolean> {
    return dropKey(this.#leasedKey(lease.key, lease.owner, lease.ttlMs), lease, this.#tools)
  }

  /**
   * Runs `work` while holding the lock, renewing it each third of `ttl`, and releases it
   * afterwards.
   *
   * `work` should stop when its signal aborts. Options and work may stand in either order.
   *
   * @throws LockError `lock_held` when somebody else held the lock for as long as `wait`;
   *   `lock_lost` when the lease ended before `work` did, even if `work` then succeeded, because it
   *   may not have been alone
   */
  withLock<Result>(key: string, options: LeaseOptions, work: LockedWork<Result>): Promise<Result>
  withLock<Result>(key: string, work: LockedWork<Result>, options?: LeaseOptions): Promise<Result>
  async withLock<Result>(
    key: string,
    first: LeaseOptions | LockedWork<Result>,
    second?: LeaseOptions | LockedWork<Result>,
  ): Promise<Result> {
    const [options, work] = workAndOptions(first, second)
    const { ttlMs, waitMs, signal } = checkLeaseOptions(options)
    const lost = (): LockError => lockLost(key)
    const owner = this.#newOwner()
    let conflict: Conflict | undefined
    const lease = await tryUntil<HeldLease>(
      async () => {
        const held = await holdLease({
          ...this.#leasedKey(key, owner, ttlMs),
          ...this.#tools,
          lost,
        })
        if (held.ok) return held.lease
        conflict = held
        return null
      },
      { ...this.#tools, waitMs, signal },
    )
    if (lease === null) throw lockHeld(key, conflict)
    return workUnderLease(lease, signal, lost, work)
  }

  #leasedKey(key: string, owner: string, ttlMs: number): LeasedKey {
    return { partition: partitionOf(this.#store, this.#family, key), key, owner, ttlMs }
  }

  #newOwner(): string {
    return encodeHex(this.#tools.random.bytes(16))
  }
}

function lockHeld(key: string, conflict: Conflict | undefined): LockError {
  const current = conflict?.current ?? null
  const holder = current === null ? 'somebody' : `the holder of token ${readHolder(current).token}`
  return new LockError('lock_held', `Cannot lock ${JSON.stringify(key)}: ${holder} has it`)
}

function lockLost(key: string): LockError {
  return new LockError(
    'lock_lost',
    `Cannot keep lock ${JSON.stringify(key)}: its lease ended before the work did`,
  )
}
