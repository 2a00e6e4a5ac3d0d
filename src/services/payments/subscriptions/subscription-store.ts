import { changeEntry, type EntryDecision } from '../../../runtime/coordination/change-entry.ts'
import { isJsonObject } from '../../../runtime/coordination/json-object.ts'
import { partitionOf } from '../../../runtime/coordination/partition-of.ts'
import type { AtomicStore } from '../../../runtime/ports/atomic-store/atomic-store.ts'
import type { Clock } from '../../../runtime/ports/platform/clock.ts'
import type { Json } from '../../../runtime/ports/json.ts'
import { isOurId } from '../operations/derive-id.ts'
import { PaymentError } from '../payment-error.ts'
import type { ProviderSubscription } from '../providers/provider-billing.ts'
import type { Subscription } from './subscription.ts'

/** A subscription as it is kept, with what it was asked for. */
export interface SubscriptionRecord extends Subscription {
  readonly fingerprint: string
  readonly request: Json
  readonly changedAt: number | null
  /** Whether it was called for more than once. */
  readonly repeated?: boolean
  /** When it was called for at last, ms since 1970. */
  readonly calledAt: number
  readonly operations: Readonly<Record<string, string>>
}

/** Keeps subscriptions. */
export interface SubscriptionStore {
  read(id: string): Promise<SubscriptionRecord>
  /** @returns The one that is there now, and whether it is new */
  create(record: SubscriptionRecord): Promise<{ record: SubscriptionRecord; isNew: boolean }>
  /** Removes one that never came to be; only while `decide` says so. */
  remove(id: string, decide: (record: SubscriptionRecord) => boolean): Promise<void>
  change(
    id: string,
    decide: (record: SubscriptionRecord) => SubscriptionRecord | null,
  ): Promise<SubscriptionRecord>
  /** Keeps what the provider said. */
  keep(id: string, seen: ProviderSubscription): Promise<SubscriptionRecord>
  /**
   * Keeps what a webhook said.
   *
   * @param read Asks the provider, where two webhooks of one moment do not say which is later
   * @returns Our id, or `null` when it is none of ours
   */
  takeIn(
    provider: string,
    seen: ProviderSubscription,
    subscriptionId: string | null,
    read: () => Promise<ProviderSubscription>,
  ): Promise<string | null>
}

const FAMILY = 'payments.subscriptions'
const keyOf = (id: string): string => `subscription/${id}`
const referenceKey = (provider: string, reference: string): string => `ref/${provider}/${reference}`

export function createSubscriptionStore(store: AtomicStore, clock: Clock): SubscriptionStore {
  async function change(
    id: string,
    decide: (record: SubscriptionRecord) => SubscriptionRecord | null,
  ): Promise<SubscriptionRecord> {
    return changeEntry(partitionOf(store, FAMILY, id), keyOf(id), (entry) => {
      const record = readRecord(entry?.value)
      if (record === null) throw notFound(id)
      const decided = decide(record)
      if (decided === null) return { result: record }
      const next = { ...decided, updatedAt: Math.max(clock.now(), record.updatedAt) }
      return { result: next, write: { set: [{ key: keyOf(id), value: json(next) }] } }
    })
  }

  async function keep(id: string, seen: ProviderSubscription): Promise<SubscriptionRecord> {
    const { provider, reference } = await read(id)
    if (reference === null) {
      const key = referenceKey(provider, seen.reference)
      await partitionOf(store, FAMILY, key).commit({ set: [{ key, value: id }] })
    }
    return change(id, (record) => (isOlder(seen, record) ? null : withSeen(record, seen)))
  }

  async function read(id: string): Promise<SubscriptionRecord> {
    if (!isOurId(id)) throw notFound(id)
    const entry = await partitionOf(store, FAMILY, id).get(keyOf(id))
    const record = readRecord(entry?.value)
    if (record === null) throw notFound(id)
    return record
  }

  return {
    read,
    change,
    keep,
    create: (record) =>
      changeEntry(
        partitionOf(store, FAMILY, record.id),
        keyOf(record.id),
        (entry): EntryDecision<{ record: SubscriptionRecord; isNew: boolean }> => {
          const present = readRecord(entry?.value)
          if (present !== null) return { result: { record: present, isNew: false } }
          const set = [{ key: keyOf(record.id), value: json(record) }]
          return { result: { record, isNew: true }, write: { set } }
        },
        { seen: null },
      ),
    async remove(id, decide) {
      await changeEntry(partitionOf(store, FAMILY, id), keyOf(id), (entry) => {
        const present = readRecord(entry?.value)
        if (present === null || present.reference !== null || !decide(present))
          return { result: null }
        return { result: null, write: { delete: [keyOf(id)] } }
      })
    },
    async takeIn(provider, seen, subscriptionId, ask) {
      const id = (await find(provider, seen.reference)) ?? subscriptionId
      if (!isOurId(id)) return null
      const entry = await partitionOf(store, FAMILY, id).get(keyOf(id))
      const record = readRecord(entry?.value)
      if (record?.provider !== provider || !mayBe(record, seen)) return null
      const isTie = seen.changedAt !== null && seen.changedAt === record.changedAt
      // The provider's answer has no time of its own: it is as it stands now.
      await keep(id, isTie && seen.state !== record.state ? await ask() : seen)
      return id
    },
  }

  async function find(provider: string, reference: string): Promise<string | null> {
    const key = referenceKey(provider, reference)
    const id = (await partitionOf(store, FAMILY, key).get(key))?.value
    return typeof id === 'string' ? id : null
  }
}

/**
 * Our id alone does not tell: others can make subscriptions that bear it, at PayPal in any browser.
 */
function mayBe({ reference, plan }: SubscriptionRecord, seen: ProviderSubscription): boolean {
  return reference === null ? plan === seen.plan : reference === seen.reference
}

/** What ended does not come back by an old message, and an older message changes nothing. */
function isOlder(seen: ProviderSubscription, { changedAt, state }: SubscriptionRecord): boolean {
  const ended = state === 'canceled' || state === 'expired'
  if (ended && seen.state !== 'canceled' && seen.state !== 'expired') return true
  return seen.changedAt !== null && changedAt !== null && seen.changedAt < changedAt
}

function withSeen(record: SubscriptionRecord, seen: ProviderSubscription): SubscriptionRecord {
  return {
    ...record,
    reference: record.reference ?? seen.reference,
    state: seen.state,
    plan: seen.plan ?? record.plan,
    quantity: seen.quantity,
    periodStart: seen.periodStart ?? record.periodStart,
    periodEnd: seen.periodEnd ?? record.periodEnd,
    trialEnd: seen.trialEnd ?? record.trialEnd,
    cancelAtPeriodEnd: seen.cancelAtPeriodEnd,
    nextAction: seen.nextAction,
    changedAt: seen.changedAt ?? record.changedAt,
    raw: seen.raw,
  }
}

function readRecord(value: Json | undefined): SubscriptionRecord | null {
  if (value === undefined || !isJsonObject(value)) return null
  // Written by this file alone.
  return value as unknown as SubscriptionRecord
}

function json(record: SubscriptionRecord): Json {
  return record as unknown as Json
}

function notFound(id: unknown): PaymentError {
  return new PaymentError(
    'not_found',
    `Cannot find subscription ${JSON.stringify(String(id).slice(0, 40))}: there is none of this id`,
  )
}
