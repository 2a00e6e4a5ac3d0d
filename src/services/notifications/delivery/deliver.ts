import { encodeHex } from '../../../primitives/hex.ts'
import type { Clock } from '../../../runtime/ports/platform/clock.ts'
import type { RandomSource } from '../../../runtime/ports/platform/random-source.ts'
import { NotificationError, type NotificationErrorCode } from '../notification-error.ts'
import type { ProviderReceipt } from '../providers/provider.ts'
import type { SuppressionList, SuppressionReason } from '../suppression/suppressions.ts'
import type { MessageLog, SeenMessage } from '../tracking/message-log.ts'
import type { MessageRecord } from '../tracking/message-record.ts'
import { decideStart, type Start } from './decide-start.ts'
import type { Delivery, ReadyProvider, SendResult } from './delivery.ts'
import type { Gate } from './gate.ts'

/** What {@link createDeliver} needs. */
export interface DeliverOptions {
  readonly gate: Gate
  readonly log: MessageLog
  readonly suppressions: SuppressionList
  readonly clock: Clock
  readonly random: RandomSource
  /** For one request to a provider. */
  readonly timeoutMs: number
  /** Hears what went wrong beside the message. */
  readonly onError: (error: unknown) => void
}

/** One process's turn at a message. */
interface Turn {
  /** Tells it apart from all others. */
  readonly owner: string
  readonly seen: SeenMessage
}

/** That a message has to wait: until when, ms since 1970. */
export interface Deferral {
  readonly until: number
}

/** With these, another provider may succeed. */
const FAILOVER = new Set(['authentication', 'quota', 'rate_limited', 'unavailable'])

/** How long after a request's time somebody else may take the message over. */
const LEASE_MARGIN_MS = 30_000
const MOST_ATTEMPTS_KEPT = 20
/** Asked again at the same provider, where that knows our ids. */
const REPEATS = 2

/**
 * Sends one message: the only place that asks providers.
 *
 * The record is written before each request and after it, so that whoever comes upon it later knows
 * whether a request was under way.
 */
export function createDeliver(
  options: DeliverOptions,
): (delivery: Delivery) => Promise<SendResult | Deferral> {
  const { gate, log, clock, random, onError } = options
  const leaseMs = options.timeoutMs + LEASE_MARGIN_MS

  return async function deliver(delivery: Delivery): Promise<SendResult | Deferral> {
    const { id } = delivery
    delivery.signal.throwIfAborted()
    const verdict = await gate.ask(delivery)
    if (verdict.kind === 'wait') {
      // What was sent before is not deferred but answered.
      const before = delivery.fingerprint === null ? null : await log.get(id)
      return before === null || before.status === 'queued'
        ? { until: verdict.until }
        : resultOf(id, before)
    }
    // A message without a key is always new, and one with a key most times.
    const turn: Turn = { owner: encodeHex(random.bytes(8)), seen: { entry: null } }
    const left = verdict.kind === 'go' ? verdict.recipients : delivery.recipients
    const start = await begin(delivery, turn, left, verdict.kind === 'stop' ? verdict : null)
    if (start.kind === 'refuse') throw start.error
    if (start.kind === 'answer') return resultOf(id, start.record)
    const skipped = await skipWithoutRoom(delivery, turn)
    if (skipped !== null) return resultOf(id, skipped)
    return attempt(delivery, turn, left, start.providers)
  }

  /** Writes that the message is being sent, or that it is not. */
  function begin(
    delivery: Delivery,
    turn: Turn,
    left: readonly string[],
    stop: { readonly status: 'suppressed' | 'skipped'; readonly reason: string } | null,
  ): Promise<Start> {
    return log.change<Start>(
      delivery.id,
      (record, leased) => {
        const now = clock.now()
        const start = decideStart(delivery, record, { leased, owner: turn.owner, now })
        if (start.kind === 'refuse' && start.error.code === 'ambiguous' && record !== null)
          return { result: start, record: { ...record, status: 'ambiguous', updatedAt: now } }
        if (start.kind !== 'go') return { result: start }
        const fresh = { ...(record ?? newRecord(delivery, now)), owner: turn.owner, updatedAt: now }
        if (stop !== null) {
          const stopped = { ...fresh, ...stop, sendAt: null }
          return { result: { kind: 'answer', record: stopped }, record: stopped }
        }
        const [first] = start.providers
        if (first === undefined) return { result: start }
        return {
          result: start,
          leaseMs,
          record: {
            ...withAttempt(fresh, first, now),
            recipients: left.map((address) => ({ address, status: 'sending' })),
          },
        }
      },
      turn.seen,
    )
  }

  /** @returns The record, now skipped, when the recipient had enough for now; else `null` */
  async function skipWithoutRoom(delivery: Delivery, turn: Turn): Promise<MessageRecord | null> {
    let room: boolean
    try {
      room = await gate.takeRoom(delivery)
    } catch (error) {
      // No request was made, and the record must not look as if one was.
      await fail(
        delivery,
        turn,
        new NotificationError('unavailable', 'Cannot send: the store could not be asked'),
      )
      throw error
    }
    if (room) return null
    return finish(delivery, turn, (record) => ({
      ...record,
      status: 'skipped',
      recipients: record.recipients.map((each) => ({ ...each, status: 'skipped' })),
      reason: 'frequency_cap',
      provider: null,
      attempts: record.attempts.slice(0, -1),
    }))
  }

  async function attempt(
    delivery: Delivery,
    turn: Turn,
    left: readonly string[],
    providers: readonly ReadyProvider[],
  ): Promise<SendResult> {
    let failure: NotificationError | null = null
    for (const provider of providers) {
      if (failure !== null) await startNext(delivery, turn, provider, failure.code)
      const outcome = await ask(delivery, left, provider)
      if (!(outcome instanceof NotificationError)) return succeed(delivery, turn, provider, outcome)
      failure = leastSure(failure, outcome)
      const { code } = outcome
      const goesOn =
        FAILOVER.has(code) || (code === 'ambiguous' && delivery.duplicates === 'accept')
      if (!goesOn || delivery.signal.aborted) break
    }
    const error =
      failure ??
      new NotificationError(
        'unavailable',
        `Cannot send ${delivery.channel}: no provider is left to ask`,
      )
    await fail(delivery, turn, error)
    throw error
  }

  /** @returns The vendor's receipt, or why there is none */
  async function ask(
    delivery: Delivery,
    left: readonly string[],
    provider: ReadyProvider,
  ): Promise<ProviderReceipt | NotificationError> {
    for (let repeat = 0; ; repeat++) {
      try {
        return receiptOf(await provider.send(left, delivery.signal))
      } catch (error) {
        if (!(error instanceof NotificationError)) throw error
        const again = error.code === 'ambiguous' && provider.idempotent
        if (!again || repeat >= REPEATS || delivery.signal.aborted) return error
      }
    }
  }

  async function startNext(
    { id }: Pick<Delivery, 'id'>,
    turn: Turn,
    provider: ReadyProvider,
    failed: NotificationErrorCode,
  ): Promise<void> {
    await log.change(
      id,
      (record) => {
        // Somebody took the message over, because this process was gone for too long.
        if (record === null || record.owner !== turn.owner)
          throw new NotificationError('in_progress', 'Cannot send: somebody else has taken it over')
        return { result: null, record: withAttempt(record, provider, clock.now(), failed), leaseMs }
      },
      turn.seen,
    )
  }

  async function succeed(
    delivery: Delivery,
    turn: Turn,
    provider: ReadyProvider,
    { providerMessageId, kept = false }: ProviderReceipt,
  ): Promise<SendResult> {
    const sent = {
      id: delivery.id,
      status: 'sent',
      provider: provider.name,
      providerMessageId,
      kept,
      reason: null,
      sendAt: null,
    } as const
    try {
      await finish(delivery, turn, (record, now) => ({
        ...record,
        // A webhook may have been quicker than the answer.
        status:
          record.status === 'sending' || record.status === 'ambiguous' ? 'sent' : record.status,
        recipients: record.recipients.map((recipient) =>
          recipient.status === 'sending' ? { ...recipient, status: 'sent' } : recipient,
        ),
        provider: provider.name,
        providerMessageId,
        kept,
        error: null,
        sentAt: record.sentAt ?? now,
      }))
    } catch (error) {
      // It was sent: to say otherwise would have it sent again. The record shows it as unknown.
      onError(error)
    }
    return sent
  }

  async function fail(delivery: Delivery, turn: Turn, error: NotificationError): Promise<void> {
    const { code, provider, vendorCode } = error
    const status =
      code === 'ambiguous'
        ? 'ambiguous'
        : delivery.isRetried && error.retryable
          ? 'queued'
          : 'failed'
    try {
      await finish(delivery, turn, (record, _now, mine) => ({
        ...record,
        // Whoever has taken it over since knows better.
        status: record.status === 'sending' && mine ? status : record.status,
        recipients: record.recipients.map((recipient) =>
          recipient.status === 'sending' && mine ? { ...recipient, status } : recipient,
        ),
        attempts: record.attempts.map((each, index) =>
          index === record.attempts.length - 1 && mine ? { ...each, code } : each,
        ),
        error: { code, provider, vendorCode },
      }))
      await suppressRefused(delivery, error)
      // One that waits to be tried again keeps its room; one that nobody got needs none.
      if (status === 'failed') await gate.giveRoom(delivery)
    } catch (cause) {
      onError(cause)
    }
  }

  /** What a provider knows of an address counts for all of them. */
  async function suppressRefused(
    { channel, recipients }: Delivery,
    { code, recipient }: NotificationError,
  ): Promise<void> {
    const [address, ...others] = recipients
    // With several recipients nobody says which one it is about.
    if (code !== 'invalid_recipient' || recipient === null) return
    if (address === undefined || others.length > 0) return
    if (channel !== 'email' && channel !== 'sms') return
    const reasons = { gone: 'bounce', opted_out: 'unsubscribe', suppressed: 'provider' } as const
    const reason: SuppressionReason = reasons[recipient]
    await options.suppressions.add({ channel, address, reason })
  }

  /** Writes how it ended, unless somebody else has taken it over. */
  async function finish(
    { id }: Delivery,
    turn: Turn,
    end: (record: MessageRecord, now: number, mine: boolean) => MessageRecord,
  ): Promise<MessageRecord> {
    return log.change(
      id,
      (record) => {
        if (record === null)
          throw new NotificationError('not_found', 'Cannot record message: its record is gone')
        const now = clock.now()
        const mine = record.owner === turn.owner
        const ended = { ...end(record, now, mine), updatedAt: now }
        return { result: ended, record: ended, ...(mine && { leaseMs: 0 }) }
      },
      turn.seen,
    )
  }
}

/** A provider of somebody's own may answer anything: what it says it has sent is sent. */
function receiptOf(answer: unknown): ProviderReceipt {
  const { providerMessageId, kept }: Partial<Record<keyof ProviderReceipt, unknown>> =
    typeof answer === 'object' && answer !== null ? answer : {}
  return {
    providerMessageId: typeof providerMessageId === 'string' ? providerMessageId : null,
    kept: kept === true,
  }
}

/** What a call is told of a message whose record is there. */
export function resultOf(id: string, record: MessageRecord): SendResult {
  const { status, provider, providerMessageId, kept, reason, sendAt } = record
  const unsent = status === 'suppressed' || status === 'skipped' || status === 'queued'
  return {
    id,
    status: status === 'cancelled' ? 'skipped' : unsent ? status : 'sent',
    provider,
    providerMessageId,
    kept,
    reason: status === 'cancelled' ? 'cancelled' : reason,
    sendAt,
  }
}

/** A record of a message that nothing has happened to yet. */
export function newRecord(
  {
    channel,
    template,
    category,
    userId,
    fingerprint,
    recipients,
  }: Pick<Delivery, 'channel' | 'template' | 'category' | 'userId' | 'fingerprint' | 'recipients'>,
  now: number,
): MessageRecord {
  return {
    channel,
    status: 'queued',
    recipients: recipients.map((address) => ({ address, status: 'queued' })),
    provider: null,
    providerMessageId: null,
    kept: false,
    template,
    category,
    userId,
    reason: null,
    error: null,
    attempts: [],
    events: [],
    createdAt: now,
    updatedAt: now,
    sentAt: null,
    deliveredAt: null,
    sendAt: null,
    fingerprint,
    owner: '',
  }
}

function withAttempt(
  record: MessageRecord,
  { name: provider, batch }: ReadyProvider,
  now: number,
  failed: NotificationErrorCode = 'ambiguous',
): MessageRecord {
  // One whose end nobody wrote may have been sent.
  const before = record.attempts.map((each) =>
    each.code === null ? { ...each, code: failed } : each,
  )
  return {
    ...record,
    status: 'sending',
    provider,
    providerMessageId: null,
    error: null,
    reason: null,
    sendAt: null,
    attempts: [
      ...before,
      { provider, at: now, code: null, ...(batch === true && { batch }) },
    ].slice(-MOST_ATTEMPTS_KEPT),
    updatedAt: now,
  }
}

/** Of two failures, the one that says that the message may have been sent. */
function leastSure(before: NotificationError | null, now: NotificationError): NotificationError {
  return before?.code === 'ambiguous' ? before : now
}
