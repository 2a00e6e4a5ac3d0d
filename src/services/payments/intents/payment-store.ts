import { changeEntry, type EntryDecision } from '../../../runtime/coordination/change-entry.ts'
import { partitionOf, partitionsOf } from '../../../runtime/coordination/partition-of.ts'
import type {
  AtomicStore,
  StorePartition,
} from '../../../runtime/ports/atomic-store/atomic-store.ts'
import type { Clock } from '../../../runtime/ports/platform/clock.ts'
import type { Json } from '../../../runtime/ports/json.ts'
import { auditKey, auditPrefix, readAuditEntry, type AuditEntry } from '../audit/audit-trail.ts'
import { isOurId } from '../operations/derive-id.ts'
import { PaymentError } from '../payment-error.ts'
import { paymentJson, readPaymentRecord, type PaymentRecord } from './payment-record.ts'

/** What a change is called in the audit trail. */
export interface ChangeCause {
  readonly action: string
  readonly cause?: string | null
  readonly amount?: string | null
  readonly code?: string | null
}

/** Keeps payments: each with what is open and with its trail in one commit. */
export interface PaymentStore {
  read(id: string): Promise<PaymentRecord | null>
  /** Finds a payment by the provider's id of it, or of one of its parts. */
  find(provider: string, reference: string): Promise<PaymentRecord | null>
  /**
   * Writes a new one unless there is one.
   *
   * @returns The one that is there now, and whether it is new
   */
  create(
    record: PaymentRecord,
    cause: ChangeCause,
  ): Promise<{ record: PaymentRecord; isNew: boolean }>
  /**
   * Changes a payment by compare-and-set.
   *
   * @param decide Called again when others were faster; `null` leaves it as it is
   * @returns It before and after
   * @throws PaymentError `not_found`
   */
  change(
    id: string,
    cause: ChangeCause,
    decide: (record: PaymentRecord) => PaymentRecord | null,
  ): Promise<{ before: PaymentRecord; after: PaymentRecord }>
  /** Removes one that never came to be; only while `decide` says so. */
  remove(id: string, decide: (record: PaymentRecord) => boolean): Promise<boolean>
  audit(id: string, after: number, limit: number): Promise<readonly AuditEntry[]>
  /** Of those that wait for something, up to `limit`: those first that are to be looked at. */
  listOpen(limit: number): Promise<readonly { readonly id: string; readonly due: number }[]>
  /** It still waits: the longer it has, the later the next look at it, in 6 h at most. */
  postpone(id: string): Promise<void>
}

const FAMILY = 'payments'
const TRIES = 60
/** What was touched just now has somebody who waits for its answer. */
const RECENT_MS = 60_000
const RAREST_MS = 6 * 3_600_000
const openKey = (due: number, id: string): string => `open/${String(due).padStart(16, '0')}/${id}`
const paymentKey = (id: string): string => `payment/${id}`
const referenceKey = (provider: string, reference: string): string =>
  `ref/${provider}/${reference}`.slice(0, 400)

/** @param store Every payment is in one of 16 partitions, by its id */
export function createPaymentStore(store: AtomicStore, clock: Clock): PaymentStore {
  const partitionFor = (id: string): StorePartition => partitionOf(store, FAMILY, id)

  async function read(id: string): Promise<PaymentRecord | null> {
    if (!isOurId(id)) return null
    return readPaymentRecord((await partitionFor(id).get(paymentKey(id)))?.value)
  }

  /** The record with its trail and its mark, as one commit writes them. */
  function writeOf(
    before: PaymentRecord | null,
    after: PaymentRecord,
    { action, cause = null, amount = null, code = null }: ChangeCause,
  ): { readonly record: PaymentRecord; readonly write: Parameters<StorePartition['commit']>[0] } {
    const now = clock.now()
    const sequence = (before?.audits ?? 0) + 1
    const version = (before?.version ?? 0) + 1
    const { open: _, ...others } = after
    const open = needsAttention(after) && { since: now, due: now + RECENT_MS }
    const record: PaymentRecord = {
      ...others,
      ...(open !== false && { open }),
      audits: sequence,
      // Clocks of several machines differ; what is read later must not seem to be older.
      updatedAt: Math.max(now, before?.updatedAt ?? now),
      version,
      stateSince: before?.state === after.state ? before.stateSince : version,
    }
    const entry: AuditEntry = {
      sequence,
      at: record.updatedAt,
      action,
      from: before?.state ?? null,
      to: record.state,
      amount,
      currency: record.currency,
      cause,
      code,
    }
    return {
      record,
      write: {
        set: [
          { key: paymentKey(record.id), value: paymentJson(record) },
          { key: auditKey(record.id, sequence), value: entry as unknown as Json },
          ...(open === false ? [] : [{ key: openKey(open.due, record.id), value: now }]),
        ],
        delete: openKeysOf(before).filter(
          (key) => open === false || key !== openKey(open.due, record.id),
        ),
      },
    }
  }

  /** Writes down by which names of the provider's a payment is found. */
  async function remember(before: PaymentRecord | null, after: PaymentRecord): Promise<void> {
    const known = new Set(before === null ? [] : namesOf(before))
    const fresh = namesOf(after).filter((name) => !known.has(name))
    await Promise.all(
      fresh.map(async (reference) => {
        const key = referenceKey(after.provider, reference)
        await partitionOf(store, FAMILY, key).commit({ set: [{ key, value: after.id }] })
      }),
    )
  }

  return {
    read,
    async find(provider, reference) {
      const key = referenceKey(provider, reference)
      const id = (await partitionOf(store, FAMILY, key).get(key))?.value
      return typeof id === 'string' ? read(id) : null
    },
    create: (record, cause) =>
      changeEntry(
        partitionFor(record.id),
        paymentKey(record.id),
        (entry): EntryDecision<{ record: PaymentRecord; isNew: boolean }> => {
          const present = readPaymentRecord(entry?.value)
          if (present !== null) return { result: { record: present, isNew: false } }
          const written = writeOf(null, record, cause)
          return { result: { record: written.record, isNew: true }, write: written.write }
        },
        { seen: null, tries: TRIES },
      ),
    async change(id, cause, decide) {
      if (!isOurId(id)) throw notFound(id)
      const partition = partitionFor(id)
      const seen = await partition.get(paymentKey(id))
      const present = readPaymentRecord(seen?.value)
      if (present === null) throw notFound(id)
      // The names come first: once an operation counts as done nobody would write them again.
      const expected = decide(present)
      if (expected !== null) await remember(present, expected)
      const changed = await changeEntry(
        partition,
        paymentKey(id),
        (entry) => {
          const before = readPaymentRecord(entry?.value)
          if (before === null) throw notFound(id)
          const decided = decide(before)
          if (decided === null) return { result: { before, after: before } }
          const { record, write } = writeOf(before, decided, cause)
          return { result: { before, after: record }, write }
        },
        { tries: TRIES, seen },
      )
      await remember(expected ?? present, changed.after)
      return changed
    },
    remove: (id, decide) =>
      changeEntry(partitionFor(id), paymentKey(id), (entry) => {
        const present = readPaymentRecord(entry?.value)
        if (present === null || !decide(present)) return { result: false }
        const audits = Array.from({ length: present.audits }, (_, index) => auditKey(id, index + 1))
        return {
          result: true,
          write: { delete: [paymentKey(id), ...openKeysOf(present), ...audits.slice(0, 100)] },
        }
      }),
    async audit(id, after, limit) {
      if (!isOurId(id)) return []
      const page = await partitionFor(id).list({
        prefix: auditPrefix(id),
        cursor: auditKey(id, after),
        limit,
      })
      return page.entries.map(({ value }) => readAuditEntry(value))
    },
    async listOpen(limit) {
      const pages = await Promise.all(
        partitionsOf(store, FAMILY).map((partition) => partition.list({ prefix: 'open/', limit })),
      )
      return pages
        .flatMap(({ entries }) => entries)
        .map(({ key }) => {
          const [, due, id = ''] = key.split('/')
          return { id, due: Number(due) }
        })
        .toSorted((a, b) => a.due - b.due)
        .slice(0, limit)
    },
    async postpone(id) {
      await changeEntry(partitionFor(id), paymentKey(id), (entry) => {
        const present = readPaymentRecord(entry?.value)
        if (present?.open === undefined) return { result: null }
        const now = clock.now()
        const { since } = present.open
        const waitMs = Math.min(Math.max((now - since) / 2, RECENT_MS), RAREST_MS)
        const open = { since, due: Math.floor(now + waitMs) }
        const set = [
          { key: paymentKey(id), value: paymentJson({ ...present, open }) },
          { key: openKey(open.due, id), value: now },
        ]
        const key = openKey(present.open.due, id)
        return {
          result: null,
          write: { set, ...(present.open.due !== open.due && { delete: [key] }) },
        }
      })
    },
  }
}

/** Whether something about it is not known, so that `reconcile()` has to ask. */
function needsAttention(record: PaymentRecord): boolean {
  return (
    record.state === 'indeterminate' ||
    record.state === 'processing' ||
    Object.values(record.operations).some(({ state }) => state === 'started') ||
    Object.values(record.refunds).some(({ state }) => state === 'asked' || state === 'pending')
  )
}

/** @param id Ours, as it was asked for */
export function notFound(id: string): PaymentError {
  return new PaymentError(
    'not_found',
    `Cannot find payment ${JSON.stringify(String(id).slice(0, 40))}: there is none of this id`,
  )
}

function openKeysOf(record: PaymentRecord | null): readonly string[] {
  return record?.open === undefined ? [] : [openKey(record.open.due, record.id)]
}

function namesOf({ reference, aliases }: PaymentRecord): readonly string[] {
  return reference === null ? aliases : [reference, ...aliases]
}
