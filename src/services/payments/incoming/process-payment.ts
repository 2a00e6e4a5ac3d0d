import { isJsonObject } from '../../../runtime/coordination/json-object.ts'
import type { Json } from '../../../runtime/ports/json.ts'
import { createPayment, type PaymentRequest } from '../intents/create-payment.ts'
import type { Payment } from '../intents/payment.ts'
import { checkKeys, invalid } from '../operations/check-request.ts'
import type { PaymentContext } from '../payment-context.ts'
import { PaymentError } from '../payment-error.ts'
import type { PaymentProvider, ProviderEvent } from '../providers/provider.ts'
import { applyEvent, type ApplyEventOptions } from './apply-event.ts'
import { checkHandlers, type PaymentEvent, type PaymentEventHandlers } from './payment-event.ts'
import { readProviderEvent } from './read-event.ts'

/** Options of {@link processPayment}. */
export interface ProcessPaymentOptions {
  /** Whose event it is. Default: told by its form. */
  readonly provider?: string | undefined
  /** Added to those of `createPayments({ on })`. */
  readonly on?: PaymentEventHandlers | undefined
}

/**
 * Takes a payment request, or a webhook's event that was verified before.
 *
 * A request is created and confirmed. An event is taken in, and its handler called once, however
 * often the event and others that mean the same arrive. Verify it first: `verifyWebhook()` or
 * `handleWebhook()`, which does both.
 *
 * @returns The payment that came of it or that the event is about
 * @throws PaymentError
 */
export async function processPayment(
  context: PaymentContext,
  input: PaymentRequest | Json,
  options: ProcessPaymentOptions,
  shared: Omit<ApplyEventOptions, 'providerName' | 'provider' | 'signal'>,
): Promise<Payment | PaymentEvent> {
  const action = 'process payment'
  checkKeys(action, options, ['provider', 'on'])
  const parsed = typeof input === 'string' ? parse(action, input) : input
  if (isRequest(parsed)) return createPayment(context, { ...parsed, confirm: true })
  const { name, provider, event } = await recognise(
    context,
    action,
    parsed as Json,
    options.provider,
  )
  if (event.live !== provider.live)
    throw new PaymentError(
      'conflict',
      `Cannot ${action}: the event is of ${event.live ? 'live' : 'test'} mode, the provider is not`,
      { provider: name },
    )
  const { event: told } = await applyEvent(context, event, {
    ...shared,
    handlers: { ...shared.handlers, ...checkHandlers(options.on) },
    providerName: name,
    provider,
  })
  return told.payment ?? told
}

function isRequest(input: unknown): input is PaymentRequest {
  // An event has neither; of a request that lacks one, createPayment() says so.
  return (
    typeof input === 'object' && input !== null && ('operationId' in input || 'amount' in input)
  )
}

interface Recognised {
  readonly name: string
  readonly provider: PaymentProvider
  readonly event: ProviderEvent
}

/** Each provider knows its own events by their form; two that know one would be one too many. */
async function recognise(
  context: PaymentContext,
  action: string,
  input: Json,
  wanted: string | undefined,
): Promise<Recognised> {
  if (!isJsonObject(input))
    throw invalid(action, 'neither a payment request nor a verified event of a provider is given')
  const known = [...context.providers].filter(([name]) => wanted === undefined || wanted === name)
  const found: Recognised[] = []
  for (const [name, provider] of known) {
    try {
      found.push({ name, provider, event: await readProviderEvent(provider, input) })
    } catch (error) {
      if (!(error instanceof PaymentError && error.code === 'invalid_request')) throw error
    }
  }
  const [only] = found
  if (only !== undefined && found.length === 1) return only
  throw invalid(
    action,
    found.length === 0
      ? 'it is no event of a provider that is configured'
      : 'several providers could have sent it, say which one',
  )
}

function parse(action: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw invalid(action, 'the text is no JSON')
  }
}
