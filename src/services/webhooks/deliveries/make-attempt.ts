import type { Clock } from '../../../runtime/ports/platform/clock.ts'
import type { TraceHeaders } from '../../../runtime/ports/trace-carrier.ts'
import { signingSecrets, type EndpointRecord } from '../endpoints/endpoint.ts'
import type { Attempt, AttemptErrorCode } from '../outbound/attempt.ts'
import type { Sender } from '../outbound/sender.ts'
import type { DeliveryLog } from './delivery-log.ts'
import type { Delivery } from './delivery.ts'
import { renderBody, type RenderOptions } from './render-body.ts'

/** What {@link makeAttempt} is given. */
export interface MakeAttemptOptions {
  readonly log: DeliveryLog
  readonly sender: Sender
  readonly clock: Clock
  readonly render: RenderOptions
}

type Body =
  | { readonly ok: true; readonly body: string }
  | { readonly ok: false; readonly code: AttemptErrorCode; readonly message: string }

/**
 * Sends a delivery once; never rejects for what the receiver does.
 *
 * @returns The attempt, and the body if there was one
 */
export async function makeAttempt(
  delivery: Delivery,
  endpoint: EndpointRecord,
  signal: AbortSignal,
  options: MakeAttemptOptions,
  trace?: TraceHeaders,
): Promise<{ readonly attempt: Attempt; readonly body: string | null }> {
  const { sender, clock } = options
  const at = clock.now()
  const found = await bodyOf(delivery, endpoint, options)
  if (!found.ok) return { attempt: unsent(at, clock.now(), found.code, found.message), body: null }
  const { body } = found
  const attempt = await sender.attempt({
    url: endpoint.url,
    id: delivery.eventId,
    body,
    secrets: signingSecrets(endpoint, clock.now()),
    headers: { ...trace, ...endpoint.headers },
    signal,
  })
  return { attempt, body }
}

/** The exact bytes to send, made once: a transformed body is stored before it is first sent. */
async function bodyOf(
  delivery: Delivery,
  endpoint: EndpointRecord,
  { log, render }: MakeAttemptOptions,
): Promise<Body> {
  const body = await log.body(delivery)
  if (body === null)
    return { ok: false, code: 'payload_lost', message: 'The payload outlived its retention' }
  if (endpoint.transform === null || delivery.transformed) return { ok: true, body }
  const rendered = await renderBody({ id: delivery.eventId, body }, endpoint, render)
  if (!rendered.ok) return { ...rendered, code: 'transform_failed' }
  const { delivery: fixed } = await log.change(delivery.id, ({ delivery: current }) =>
    current === null || current.transformed
      ? null
      : { delivery: { ...current, transformed: true }, transformedBody: rendered.body },
  )
  const kept = fixed === null ? null : await log.body(fixed)
  return { ok: true, body: kept ?? rendered.body }
}

/** An attempt that ended before anything was sent. */
function unsent(at: number, endedAt: number, code: AttemptErrorCode, message: string): Attempt {
  return {
    at,
    durationMs: endedAt - at,
    host: '',
    requestHeaders: {},
    status: null,
    error: { code, message },
    retryAfterMs: null,
    responseBody: '',
    responseTruncated: false,
  }
}
