import type { Json } from '../json.ts'

/**
 * Small durable JSON values under string keys, in partitions.
 *
 * A commit is atomic within its partition and never across partitions: a partition is one Durable
 * Object, one Redis hash tag, one value of the SQLite key column. So the store scales by
 * partitions, and every backend keeps the promise. The laws are in `atomic-store.conformance.ts`.
 */
export interface AtomicStore {
  /**
   * @param name 1 to 512 UTF-8 bytes
   * @throws RangeError when the name is empty or too long
   */
  partition(name: string): StorePartition
}

/**
 * One partition of an {@link AtomicStore}: keys in byte order of their UTF-8, each with a value and
 * a version.
 */
export interface StorePartition {
  /**
   * @returns The entry, or `null` when the key is absent or has expired. One round trip.
   * @throws BackendError `backend_failed` when what is kept of it is broken
   */
  get(key: string): Promise<StoreEntry | null>

  /**
   * @param keys At most {@link STORE_LIMITS}`.operations`; one may stand there twice
   * @returns What {@link get} answers for each, in their order and as of one moment, `null` where
   *   it would throw that the entry is broken. At least one, and fewer than asked for only where
   *   all would be over `replyBytes`: ask again for the rest. One round trip.
   * @throws RangeError when there are too many keys, or one is malformed
   */
  getMany(keys: readonly string[]): Promise<readonly (StoreEntry | null)[]>

  /**
   * One page of live entries whose key starts with `prefix`, in key order. One round trip.
   *
   * Keys written while paging may or may not be seen; a key that stays is seen exactly once.
   */
  list(options?: ListOptions): Promise<StorePage>

  /**
   * Applies all of `change`, or nothing when a check does not hold. One round trip, durable when it
   * resolves.
   *
   * @returns The version every written key now has, or the first check (in order) that did not hold
   * @throws RangeError when a key, a value or the number of operations is over {@link STORE_LIMITS}
   * @throws BackendError when the backend failed; with `backend_unavailable` the commit may have
   *   happened
   */
  commit(change: StoreChange): Promise<CommitResult>
}

/**
 * A live key: its value and the version of the commit that wrote it. Versions of a partition never
 * go back; after a failover of Redis as far as `redis()` says.
 */
export interface StoreEntry {
  readonly key: string
  readonly value: Json
  /**
   * Grows with every commit to the partition, over the partition's whole life; usable as a fencing
   * token.
   */
  readonly version: number
}

/** What {@link StorePartition.list} reads. */
export interface ListOptions {
  /** Only keys that start with this. Default: every key. */
  readonly prefix?: string
  /**
   * The cursor of the page before, or any key, present or not: the page holds what comes after it
   * (`reverse`: before it). Default: from the start.
   */
  readonly cursor?: string
  /** Entries on the page, 1 to 1,000. Default 100. */
  readonly limit?: number
  /** Last key first. Default false. */
  readonly reverse?: boolean
}

/**
 * One page; `cursor` is `null` on the last one. A page may be short, even empty, and yet not the
 * last.
 */
export interface StorePage {
  readonly entries: readonly StoreEntry[]
  readonly cursor: string | null
  /**
   * Keys among these whose entries are broken: cut off, or written by something else. They are in
   * nobody's way, and stay until they are written anew or deleted. Absent where there are none.
   */
  readonly unreadable?: readonly string[]
}

/** What a commit requires and writes. A key may stand once in `set` and `delete` together. */
export interface StoreChange {
  /** Every key must have exactly this version; `null` means absent or expired. */
  readonly check?: readonly { readonly key: string; readonly version: number | null }[]
  /**
   * Values to write. Without `expiresInMs` the key lives until deleted; with it, until that long
   * after the commit on the store's clock.
   */
  readonly set?: readonly {
    readonly key: string
    readonly value: Json
    readonly expiresInMs?: number
  }[]
  /** Keys to remove; absent ones are ignored. */
  readonly delete?: readonly string[]
}

/**
 * The outcome of a commit. On a conflict `current` is what the failed check found, so that no
 * second read is needed.
 */
export type CommitResult =
  | { readonly ok: true; readonly version: number }
  | { readonly ok: false; readonly key: string; readonly current: StoreEntry | null }

/** Limits every store keeps. */
export const STORE_LIMITS = {
  /** UTF-8 bytes of a partition name. */
  partitionBytes: 512,
  /** UTF-8 bytes of a key. */
  keyBytes: 512,
  /**
   * UTF-8 bytes of a value's JSON: below the 2 MB row of a Durable Object with room for its keys.
   */
  valueBytes: 1_048_576,
  /** Checks, sets and deletes of one commit together, and keys of one `getMany`. */
  operations: 128,
  /** UTF-8 bytes of values after which one answer of several may end: the first always fits. */
  replyBytes: 8_388_608,
  /** Longest lifetime of a key: 10 years. */
  expiresInMs: 315_576_000_000,
} as const
