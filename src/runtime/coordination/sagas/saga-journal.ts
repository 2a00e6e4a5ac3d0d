import { encodeHex } from '../../../primitives/hex.ts'
import type { AtomicStore, StoreChange, StoreEntry } from '../../ports/atomic-store/atomic-store.ts'
import type { Json } from '../../ports/json.ts'
import { holdLease, type HeldLease } from '../locks/held-lease.ts'
import { isJsonObject } from '../json-object.ts'
import type { Conflict, LeaseTools } from '../locks/leased-key.ts'
import { partitionOf, partitionsOf } from '../partition-of.ts'
import { retryTransient } from '../retry-transient.ts'
import { SagaError } from './saga-error.ts'
import { isEnded, type SagaState, type SagaStuck } from './saga-state.ts'

/** What {@link createSagaJournal} needs. */
export interface SagaJournalOptions extends LeaseTools {
  readonly store: AtomicStore
  /** The saga's name. */
  readonly name: string
  readonly leaseMs: number
  /** How long a saga that has ended is kept. */
  readonly keepMs: number
}

/** A saga as the journal holds it. */
export interface JournalEntry {
  readonly id: string
  readonly saga: SagaState
  /**
   * Version of the commit that wrote it: whoever writes next names it, so it is what keeps a second
   * driver out.
   */
  readonly version: number
  /** Who wrote it. */
  readonly by: string
}

/** A saga that is driven. */
export interface DrivenSaga {
  readonly entry: JournalEntry
  readonly lease: HeldLease
  readonly owner: string
}

/**
 * Keeps the sagas of one name: a record for each, a lease while it is driven, a mark when it is
 * stuck.
 */
export interface SagaJournal {
  read(id: string): Promise<JournalEntry | null>
  /** Takes the lease and writes `saga` over `entry` (or anew) in one commit. */
  take(
    id: string,
    entry: JournalEntry | null,
    saga: SagaState,
  ): Promise<{ readonly ok: true; readonly driven: DrivenSaga } | Conflict>
  /**
   * Writes the driven saga's next state, and gives the lease up with it when `release` says so.
   *
   * @throws SagaError `saga_lost` when another driver has written since
   */
  write(driven: DrivenSaga, saga: SagaState, release: boolean): Promise<DrivenSaga>
  /** Writes over `entry`, which nobody drives. @returns Whether it still stood there */
  amend(entry: JournalEntry, saga: SagaState): Promise<boolean>
  listStuck(limit: number): Promise<readonly { readonly id: string; readonly stuck: SagaStuck }[]>
}

const FORMAT = 1
/**
 * While its store fails, a driver that still has its lease goes on trying to write for about this
 * many seconds.
 */
const WRITE_ATTEMPTS = 30

export function createSagaJournal(options: SagaJournalOptions): SagaJournal {
  const { store, name, leaseMs, keepMs } = options
  const family = `sagas:${name}`

  function changeTo(
    id: string,
    entry: JournalEntry | null,
    saga: SagaState,
    by: string,
  ): StoreChange & { readonly set: NonNullable<StoreChange['set']> } {
    const value = { format: FORMAT, by, saga: asJson(saga) }
    const record = { key: recordKey(id), value }
    return {
      check: [{ key: recordKey(id), version: entry?.version ?? null }],
      set: [
        isEnded(saga) ? { ...record, expiresInMs: keepMs } : record,
        ...(saga.stuck === null ? [] : [{ key: stuckKey(id), value: { ...asJson(saga.stuck) } }]),
      ],
      delete: saga.stuck === null && entry?.saga.stuck ? [stuckKey(id)] : [],
    }
  }

  return {
    async read(id) {
      return readEntry(id, await partitionOf(store, family, id).get(recordKey(id)))
    },

    async take(id, entry, saga) {
      const owner = encodeHex(options.random.bytes(16))
      const partition = partitionOf(store, family, id)
      const lost = (): SagaError => sagaLost(id)
      const held = await holdLease(
        { ...options, partition, key: leaseKey(id), owner, ttlMs: leaseMs, lost },
        changeTo(id, entry, saga, owner),
      )
      if (!held.ok) return held
      const { lease } = held
      const written = { id, saga, version: lease.token, by: owner }
      return { ok: true, driven: { entry: written, lease, owner } }
    },

    async write({ entry, lease, owner }, saga, release) {
      const { id } = entry
      const change = changeTo(id, entry, saga, owner)
      const remove = [...(change.delete ?? []), ...(release ? [leaseKey(id)] : [])]
      const version = await retryTransient(
        async () => {
          const result = await partitionOf(store, family, id).commit({ ...change, delete: remove })
          if (result.ok) return result.version
          // Who finds its own writing where it expected the one before has only missed the answer.
          const found = readEntry(id, result.current)
          if (found?.by === owner) return found.version
          throw sagaLost(id)
        },
        { ...options, attempts: WRITE_ATTEMPTS, signal: lease.signal },
      )
      return { entry: { id, saga, version, by: owner }, lease, owner }
    },

    async amend(entry, saga) {
      const by = encodeHex(options.random.bytes(16))
      const change = changeTo(entry.id, entry, saga, by)
      return retryTransient(async () => {
        const result = await partitionOf(store, family, entry.id).commit(change)
        return result.ok || readEntry(entry.id, result.current)?.by === by
      }, options)
    },

    async listStuck(limit) {
      const pages = await Promise.all(
        partitionsOf(store, family).map((partition) =>
          partition.list({ prefix: stuckKey(''), limit }),
        ),
      )
      return pages
        .flatMap(({ entries }) => entries)
        .slice(0, limit)
        .map(({ key, value }) => ({
          id: key.slice(stuckKey('').length),
          // Only changeTo() writes these keys.
          stuck: value as unknown as SagaStuck,
        }))
    },
  }
}

/** @throws SagaError `saga_record` when the entry holds something else */
export function readEntry(id: string, entry: StoreEntry | null): JournalEntry | null {
  if (entry === null) return null
  const { value, version } = entry
  if (!isJsonObject(value) || value['format'] !== FORMAT) throw unreadable(id)
  const { saga, by } = value
  if (!isJsonObject(saga) || typeof by !== 'string') throw unreadable(id)
  return {
    id,
    // Only changeTo() writes format 1.
    saga: saga as unknown as SagaState,
    version,
    by,
  }
}

/** Whether the conflict was over the lease: somebody else drives the saga. */
export function isDrivenElsewhere(id: string, conflict: Conflict): boolean {
  return conflict.key === leaseKey(id)
}

/** States of sagas hold nothing but JSON; an interface cannot say so. */
function asJson(value: SagaState | SagaStuck): { readonly [key: string]: Json } {
  return value as unknown as { readonly [key: string]: Json }
}

function recordKey(id: string): string {
  return `saga/${id}`
}

function leaseKey(id: string): string {
  return `lease/${id}`
}

function stuckKey(id: string): string {
  return `stuck/${id}`
}

function unreadable(id: string): SagaError {
  return new SagaError(
    'saga_record',
    `Cannot read saga ${JSON.stringify(id)}: its record is not of format ${FORMAT}`,
  )
}

function sagaLost(id: string): SagaError {
  return new SagaError(
    'saga_lost',
    `Cannot go on with saga ${JSON.stringify(id)}: its lease ended, another driver may have it`,
  )
}
