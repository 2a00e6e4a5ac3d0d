import { checkInteger } from '../../../primitives/check-range.ts'
import { keepLoaded } from '../../../primitives/late-methods.ts'
import type { Clock } from '../../../runtime/ports/platform/clock.ts'
import type { RandomSource } from '../../../runtime/ports/platform/random-source.ts'
import { newRecord, resultOf, type createDeliver, type Deferral } from '../delivery/deliver.ts'
import type { Delivery, ReadyProvider, SendResult } from '../delivery/delivery.ts'
import type { NotificationQueue } from '../queue/notification-queue.ts'
import { checkKey } from '../tracking/check-key.ts'
import { messageIdOf, type MessageLog } from '../tracking/message-log.ts'
import type { Templates } from '../templates/templates.ts'
import { checkSendOptions } from './check-send-options.ts'
import type { SendOptions, Untyped } from './messages.ts'
import type { createPrepare, MessageOf, Prepared, SentChannel } from './prepare.ts'

/** A message whose id and fingerprint are settled: one that a job carries. */
export interface Settled {
  readonly id: string
  readonly fingerprint: string | null
  /** It will be tried again, so a failure that may pass is no end. */
  readonly isRetried: boolean
  readonly signal: AbortSignal
}

/** Sends messages now, or has them wait. */
export interface Sender {
  send<Channel extends SentChannel>(
    channel: Channel,
    message: MessageOf[Channel],
    adapt?: AdaptProviders,
  ): Promise<SendResult>
  /** Sends what a job carries. @returns When it has to wait, until when */
  sendSettled<Channel extends SentChannel>(
    channel: Channel,
    message: MessageOf[Channel],
    settled: Settled,
  ): Promise<SendResult | Deferral>
}

/** Puts other providers in the place of those that a message would ask. */
export type AdaptProviders = (prepared: Prepared, id: string) => readonly ReadyProvider[]

/** What {@link createSender} needs. */
export interface SenderOptions {
  readonly prepare: ReturnType<typeof createPrepare>
  readonly deliver: ReturnType<typeof createDeliver>
  readonly log: MessageLog
  readonly queue: NotificationQueue
  readonly templates: () => Promise<Templates>
  readonly clock: Clock
  readonly random: RandomSource
}

const YEAR_MS = 366 * 86_400_000
const NEVER = new AbortController().signal

const loadQueueing = keepLoaded(() => import('../queue/enqueue-message.ts'))
const loadFingerprints = keepLoaded(() => import('../queue/queued-message.ts'))

export function createSender(options: SenderOptions): Sender {
  const { prepare, deliver, log, clock, random } = options

  async function sendSettled<Channel extends SentChannel>(
    channel: Channel,
    message: MessageOf[Channel],
    settled: Settled,
  ): Promise<SendResult | Deferral> {
    return deliver(deliveryOf(await prepare[channel](message), message, settled))
  }

  return {
    sendSettled,
    async send(channel, message, adapt) {
      checkSendOptions(message)
      const { idempotencyKey, sendAt, queued = false, signal = NEVER } = optionsOf(message)
      signal.throwIfAborted()
      // What is wrong with a message is told at the call, also when it is to wait.
      const prepared = await prepare[channel](message)
      const key = idempotencyKey === undefined ? null : checkKey(idempotencyKey)
      const id = await messageIdOf(key, random)
      const fingerprint = key === null ? null : await fingerprintBy(channel, message)
      const at = sendAt === undefined ? null : checkSendAt(sendAt, clock.now())
      const settled = { id, fingerprint, isRetried: false, signal }
      if (queued || (at !== null && at > clock.now()))
        return enqueue(channel, message, prepared, settled, at)
      const outcome = await deliver(deliveryOf(prepared, message, settled, adapt))
      return 'until' in outcome
        ? enqueue(channel, message, prepared, settled, outcome.until)
        : outcome
    },
  }

  async function enqueue<Channel extends SentChannel>(
    channel: Channel,
    message: MessageOf[Channel],
    prepared: Prepared,
    { id, fingerprint }: Settled,
    at: number | null,
  ): Promise<SendResult> {
    const { enqueueMessage } = await loadQueueing()
    // A job carries the template's name, by which its worker has to find it.
    if (prepared.template !== null) (await options.templates()).find(prepared.template)
    const now = clock.now()
    const record = { ...newRecord({ ...prepared, fingerprint }, now), sendAt: at }
    return resultOf(
      id,
      await enqueueMessage(
        { kind: channel, id, message, record, now },
        { log, queue: options.queue },
      ),
    )
  }
}

function deliveryOf(
  prepared: Prepared,
  message: Untyped<SendOptions>,
  { id, fingerprint, isRetried, signal }: Settled,
  adapt: AdaptProviders = (given) => given.ready(id),
): Delivery {
  const { duplicates = 'avoid' } = message
  const providers = adapt(prepared, id)
  return { ...prepared, id, fingerprint, isRetried, signal, duplicates, providers }
}

async function fingerprintBy(channel: string, message: object): Promise<string> {
  const { fingerprintOf } = await loadFingerprints()
  return fingerprintOf(channel, message)
}

function optionsOf(message: Untyped<SendOptions>): Untyped<SendOptions> {
  return message
}

function checkSendAt(sendAt: number | Date, now: number): number {
  return checkInteger('send', 'sendAt', Number(sendAt), 0, now + YEAR_MS)
}
