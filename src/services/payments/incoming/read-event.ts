import type { Json } from '../../../runtime/ports/json.ts'
import { isPaymentState } from '../intents/payment-state.ts'
import { PaymentError } from '../payment-error.ts'
import type { PaymentProvider, ProviderEvent } from '../providers/provider.ts'

/**
 * Reads a verified event, whatever is in it: a provider may write what its documentation does not
 * say, and what was verified elsewhere may be anything.
 *
 * @throws PaymentError `invalid_request` when it is none of this provider's, or cannot be read
 */
export async function readProviderEvent(
  provider: PaymentProvider,
  json: Json,
): Promise<ProviderEvent> {
  let event: ProviderEvent
  try {
    event = await provider.readEvent(json)
  } catch (error) {
    if (error instanceof PaymentError) throw error
    throw unreadable(provider, error)
  }
  const { type, id, occurredAt, payment, refund, dispute, subscription } = event
  const texts: unknown[] = [type, id]
  for (const part of [payment, refund, dispute, subscription])
    if (part !== undefined) texts.push(part.reference, part.state)
  const times: unknown[] = [occurredAt, payment?.changedAt, subscription?.changedAt]
  const isReadable =
    texts.every((text) => typeof text === 'string' && text !== '') &&
    times.every((time) => time === undefined || time === null || Number.isFinite(time)) &&
    (payment === undefined || isPaymentState(payment.state))
  if (isReadable) return event
  throw unreadable(provider, new TypeError('A name, a time or a state is none'))
}

function unreadable({ name }: PaymentProvider, cause: unknown): PaymentError {
  return new PaymentError(
    'invalid_request',
    `Cannot read event: it is not as ${name} writes it, as far as is known here`,
    { provider: name, cause },
  )
}
