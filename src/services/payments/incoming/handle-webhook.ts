import { canonicalJson } from '../../../primitives/canonical-json.ts'
import type { Json } from '../../../runtime/ports/json.ts'
import { checkKeys } from '../operations/check-request.ts'
import { deriveKey } from '../operations/derive-id.ts'
import { findProvider, type PaymentContext } from '../payment-context.ts'
import { PaymentError } from '../payment-error.ts'
import { at, textAt } from '../providers/provider-http.ts'
import type { PaymentProvider, ProviderEvent } from '../providers/provider.ts'
import { applyEvent, type ApplyEventOptions } from './apply-event.ts'
import { checkHandlers, type PaymentEventHandlers } from './payment-event.ts'
import { readProviderEvent } from './read-event.ts'
import { verifiedJson, type WebhookReader } from './webhook-reader.ts'

/** Options of {@link handleWebhook}. */
export interface HandleWebhookOptions {
  /** As named in `createPayments({ providers })`. Default: the only one. */
  readonly provider?: string | undefined
  /** Added to those of `createPayments({ on })`, instead of them where both have one. */
  readonly on?: PaymentEventHandlers | undefined
}

/**
 * Answers a provider's webhook: verified over its raw bytes, taken in once, handled once.
 *
 * 200: taken in, also when it was before. 4xx: not authentic. 503: the handler is being called by
 * another request, or failed; the provider sends it again.
 *
 * @throws PaymentError `configuration` when the provider has no webhook secret, or nothing that
 *   reads webhooks was given: a webhook that cannot be verified must not pass
 * @throws What a handler throws is thrown on, so that it is seen; answer 500
 */
export async function handleWebhook(
  context: PaymentContext,
  request: Request,
  options: HandleWebhookOptions,
  shared: Omit<ApplyEventOptions, 'providerName' | 'provider' | 'signal'> & {
    readonly readWebhook: WebhookReader | undefined
  },
): Promise<Response> {
  const action = 'handle webhook'
  checkKeys(action, options, ['provider', 'on'])
  if (!(request instanceof Request))
    throw new TypeError(
      `Cannot ${action}: a Request is wanted, whose raw body the signature covers; a parsed body cannot be verified`,
    )
  const { name, provider } = findProvider(context, action, options.provider)
  if (provider.webhooks === undefined)
    throw new PaymentError(
      'configuration',
      `Cannot ${action}: provider ${name} has no webhook secret, give it one where it is created`,
      { provider: name },
    )
  if (shared.readWebhook === undefined)
    throw new PaymentError(
      'configuration',
      `Cannot ${action}: nothing verifies webhooks, createPayments({ readWebhook: readProviderWebhook }) of …/webhooks/schemes expected`,
      { provider: name },
    )
  const handlers = { ...shared.handlers, ...checkHandlers(options.on) }
  let event
  try {
    event = verifiedJson(await shared.readWebhook(request, provider.webhooks))
  } catch (error) {
    const status = refusalStatus(error)
    if (status === null) throw error
    return new Response(null, { status })
  }
  const seen = await readOrPass(context, provider, event, shared.onError)
  if (seen.live !== provider.live) {
    // Authentic, yet of the other environment: somebody's test must not move real goods.
    return new Response(null, { status: 422 })
  }
  const { handled } = await applyEvent(context, seen, {
    ...shared,
    handlers,
    providerName: name,
    provider,
    signal: request.signal,
  })
  if (handled === 'elsewhere')
    return new Response(null, { status: 503, headers: { 'retry-after': '30' } })
  return new Response(null, { status: 200 })
}

/**
 * Of what is authentic and cannot be understood, such as a currency or an object that is newer than
 * this, another try of the provider's would change nothing: it is told as it is.
 */
async function readOrPass(
  { clock }: PaymentContext,
  provider: PaymentProvider,
  event: Json,
  onError: (error: unknown) => void,
): Promise<ProviderEvent> {
  try {
    return await readProviderEvent(provider, event)
  } catch (error) {
    onError(error)
    const live = at(event, 'livemode')
    return {
      id:
        textAt(event, 'id') ?? textAt(event, 'event_id') ?? (await deriveKey(canonicalJson(event))),
      type: 'other',
      providerType: textAt(event, 'type') ?? textAt(event, 'event_type') ?? '',
      occurredAt: clock.now(),
      live: typeof live === 'boolean' ? live : provider.live,
      paymentId: null,
      paymentReference: null,
      raw: event,
    }
  }
}

function refusalStatus(error: unknown): number | null {
  if (typeof error !== 'object' || error === null || !('status' in error)) return null
  const { status } = error
  return typeof status === 'number' && status >= 400 && status < 500 ? status : null
}
