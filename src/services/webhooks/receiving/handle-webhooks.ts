import type { Duration } from '../../../primitives/duration.ts'
import {
  createIdempotency,
  type Idempotency,
} from '../../../runtime/coordination/idempotency/idempotency.ts'
import { IdempotencyInProgressError } from '../../../runtime/coordination/idempotency/idempotency-in-progress-error.ts'
import type { AtomicStore } from '../../../runtime/ports/atomic-store/atomic-store.ts'
import type { RandomSource } from '../../../runtime/ports/platform/random-source.ts'
import { WebhookVerificationError } from '../webhook-verification-error.ts'
import { dedupeKey } from './dedupe-key.ts'
import { findHandler } from './find-handler.ts'
import { receiveWebhook, type ReceivedWebhook } from './receive-webhook.ts'
import type { WebhookHandler, WebhookHandlers } from './webhook-handlers.ts'
import type { WebhookQueue } from './webhook-queue.ts'
import { checkReception, RECEIVE_OPTIONS, type ReceiveWebhookOptions } from './webhook-reception.ts'

/** Options of {@link handleWebhooks}. */
export interface HandleWebhooksOptions extends ReceiveWebhookOptions {
  /**
   * Remembers what was handled, so that a delivery that its sender repeats is acknowledged and not
   * handled again; where the signature covers an id, also one that someone else recorded. What has
   * nothing that tells it from another event that is alike (Postmark, GitHub without its id) is
   * handled each time. Default: nothing is remembered, and handlers must not mind repetitions.
   */
  readonly store?: AtomicStore
  /**
   * Keeps the memory of this receiver apart from that of others in the same store, 1 to 64
   * characters: senders choose their ids, and one must not be able to use up another's. Default:
   * the scheme's name.
   */
  readonly receiver?: string
  /** How long a webhook is remembered: longer than its sender goes on trying. Default 7 days. */
  readonly keep?: Duration
  /** How long after a crash a repeated delivery is handled again. Default 30 s. */
  readonly lease?: Duration
  /**
   * Takes the webhooks over; the sender is answered as soon as it has one. Default: handlers run
   * before the answer.
   */
  readonly queue?: WebhookQueue
  /**
   * Told of everything that is not answered with 200: a refused webhook (a
   * WebhookVerificationError), or what a handler, the queue or the store threw. Default: refusals
   * are only answered, and everything else is thrown.
   */
  readonly onError?: (error: unknown, request: Request) => void
  /** Default: the platform's. */
  readonly random?: RandomSource
}

/** The names of {@link HandleWebhooksOptions}. */
const HANDLE_OPTIONS = [
  ...RECEIVE_OPTIONS,
  ...['store', 'receiver', 'keep', 'lease', 'queue', 'onError', 'random'],
]

const TITLES: Readonly<Record<number, string>> = {
  408: 'Request Timeout',
  413: 'Content Too Large',
  415: 'Unsupported Media Type',
  503: 'Service Unavailable',
}

/**
 * Makes a receiver of webhooks: it verifies, remembers, and calls the handler of the event's type.
 *
 * Answers 200 when the event was handled, was handled before, or has no handler; 401 when it is not
 * authentic; 400, 408, 413 or 415 for a body that cannot be used; 409 while the same webhook is
 * being handled; 500 when a handler failed and 503 when it cannot be verified now, so that the
 * sender tries again. Refusals are `application/problem+json` (RFC 9457).
 *
 * @example
 * const receive = handleWebhooks(
 *   { 'order.*': async (event, { id }) => ship(event, id) },
 *   { secrets: env.WEBHOOK_SECRET, store: backend.store },
 * )
 * const response = await receive(request)
 *
 * @throws TypeError or RangeError when an option is not valid
 */
export function handleWebhooks(
  handlers: WebhookHandlers,
  options: HandleWebhooksOptions,
): (request: Request) => Promise<Response> {
  const { queue, onError } = options
  const known = { ...handlers }
  const reception = checkReception(options, HANDLE_OPTIONS)
  const memory = createMemory(options, reception.scheme.name)

  async function handle(request: Request): Promise<Response> {
    const webhook = await receiveWebhook(request, reception)
    const handler = findHandler(known, webhook.type)
    if (handler === null) return acknowledge()
    const key = memory && (await dedupeKey(webhook))
    // A sender that has stopped waiting is no reason to stop the work.
    if (memory === null || key === null) return act(webhook, handler, new AbortController().signal)
    let answer = acknowledge()
    try {
      await memory.run(key, 'webhook', async ({ signal }) => {
        answer = await act(webhook, handler, signal)
        // The sender will try again, so this delivery must not count as handled.
        if (!answer.ok) throw DECLINED
        return null
      })
    } catch (error) {
      if (error !== DECLINED) throw error
    }
    return answer
  }

  async function act(
    { event, id, type, timestamp }: ReceivedWebhook,
    handler: WebhookHandler,
    signal: AbortSignal,
  ): Promise<Response> {
    const context = { id, type, timestamp }
    const result = await (queue === undefined
      ? handler(event, { ...context, signal })
      : queue.add('webhook', { ...context, event }))
    return queue === undefined && result instanceof Response ? result : acknowledge()
  }

  return async (request) => {
    if (request.method !== 'POST') return problem(405, 'Method Not Allowed', { allow: 'POST' })
    try {
      return await handle(request)
    } catch (error) {
      const answer = answerTo(error)
      if (answer === null && onError === undefined) throw error
      onError?.(error, request)
      return answer ?? problem(500, 'Internal Server Error', {})
    }
  }
}

/** Ends a call that is not to be remembered, because its handler answered with no success. */
const DECLINED = new Error('The handler declined the webhook')

function createMemory(options: HandleWebhooksOptions, scheme: string): Idempotency | null {
  const { store, receiver = scheme, keep = '7d', lease, clock, random } = options
  if (store === undefined) return null
  if (receiver.length < 1 || receiver.length > 64)
    throw new RangeError(
      `Cannot handle webhooks: receiver has ${receiver.length} characters, 1 to 64 allowed`,
    )
  return createIdempotency({
    backend: { store },
    partition: `received-webhooks:${receiver}`,
    keep,
    ...(lease !== undefined && { lease }),
    ...(clock !== undefined && { clock }),
    ...(random !== undefined && { random }),
  })
}

/** @returns The answer to what the sender can do something about; `null` for what only we can */
function answerTo(error: unknown): Response | null {
  if (error instanceof IdempotencyInProgressError)
    return problem(409, 'Conflict', { 'retry-after': `${Math.ceil(error.retryAfterMs / 1000)}` })
  if (!(error instanceof WebhookVerificationError)) return null
  const { status, code } = error
  // Who cannot sign is not told how close the attempt was.
  if (status === 401) return problem(401, 'Unauthorized', { 'www-authenticate': 'Signature' })
  return problem(status, TITLES[status] ?? 'Bad Request', {}, code)
}

function problem(
  status: number,
  title: string,
  headers: Readonly<Record<string, string>>,
  code?: string,
): Response {
  const body = { type: 'about:blank', title, status, ...(code !== undefined && { code }) }
  return new Response(JSON.stringify(body), {
    status,
    headers: { 'content-type': 'application/problem+json', ...headers },
  })
}

/** Mailgun takes nothing but 200 for a success, and everyone else takes 200 too. */
function acknowledge(): Response {
  return new Response(null, { status: 200 })
}
