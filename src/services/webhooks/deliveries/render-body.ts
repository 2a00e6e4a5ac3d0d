import { utf8Length } from '../../../primitives/utf8.ts'
import { writeJson } from '../../../primitives/write-json.ts'
import type { Clock } from '../../../runtime/ports/platform/clock.ts'
import type { Json } from '../../../runtime/ports/json.ts'
import { endpointOf, type EndpointRecord, type WebhookEndpoint } from '../endpoints/endpoint.ts'
import { contentOf, type EventContent } from '../events/webhook-event.ts'

/**
 * Makes what one endpoint gets from an event. Runs once a delivery: what it returned is kept and
 * sent in every attempt. It may run again after a crash, so it should do nothing else.
 */
export type WebhookTransform = (
  event: EventContent & { readonly id: string },
  endpoint: WebhookEndpoint,
) => Json | Promise<Json>

export type RenderedBody =
  | { readonly ok: true; readonly body: string }
  | { readonly ok: false; readonly message: string }

/** The bounds of {@link renderBody}. */
export interface RenderOptions {
  readonly transforms: Readonly<Record<string, WebhookTransform>>
  readonly clock: Clock
  readonly timeoutMs: number
  readonly maxBytes: number
}

/** Runs an endpoint's transform over an event's body; never rejects. */
export async function renderBody(
  event: { readonly id: string; readonly body: string },
  endpoint: EndpointRecord,
  { transforms, clock, timeoutMs, maxBytes }: RenderOptions,
): Promise<RenderedBody> {
  const name = endpoint.transform ?? ''
  const transform = Object.hasOwn(transforms, name) ? transforms[name] : undefined
  if (transform === undefined)
    return { ok: false, message: 'The endpoint names a transform that is not known' }
  const { promise: late, resolve } = Promise.withResolvers<RenderedBody>()
  const cancel = clock.setTimer(
    () => resolve({ ok: false, message: 'The transform took too long' }),
    timeoutMs,
  )
  const run = async (): Promise<RenderedBody> => {
    const made = await transform({ ...contentOf(event), id: event.id }, endpointOf(endpoint))
    const body = write(made)
    if (body === null)
      return { ok: false, message: 'The transform returned what JSON cannot carry unchanged' }
    const bytes = utf8Length(body)
    if (bytes <= maxBytes) return { ok: true, body }
    return {
      ok: false,
      message: `The transform returned ${bytes} bytes, at most ${maxBytes} are allowed`,
    }
  }
  try {
    return await Promise.race([run(), late])
  } catch {
    // Its message may hold what the event holds.
    return { ok: false, message: 'The transform failed' }
  } finally {
    cancel()
  }
}

function write(made: unknown): string | null {
  try {
    return writeJson(made)
  } catch {
    return null
  }
}
