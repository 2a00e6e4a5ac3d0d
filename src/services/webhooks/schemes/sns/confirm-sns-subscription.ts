import { systemClock, type Clock } from '../../../../runtime/ports/platform/clock.ts'
import { systemFetch, type FetchClient } from '../../../../runtime/ports/platform/fetch-client.ts'
import { eventText } from '../event-field.ts'
import { fetchText } from '../fetch-text.ts'
import { isSnsUrl } from './sns-url.ts'

/** Options of {@link confirmSnsSubscription}. */
export interface ConfirmSnsSubscriptionOptions {
  /** Default: the platform's. */
  readonly fetch?: FetchClient
  /** Ends the wait for SNS. Default: the platform's. */
  readonly clock?: Clock
}

/**
 * Confirms a subscription that SNS asks about, so that notifications begin. Only for an event that was verified.
 *
 * @example
 * handleWebhooks({ SubscriptionConfirmation: (event) => confirmSnsSubscription(event) }, { scheme: snsWebhook({ topicArns }) })
 *
 * @throws TypeError when the event is no subscription confirmation of SNS
 * @throws WebhookVerificationError `key_unavailable` when SNS does not answer
 */
export async function confirmSnsSubscription(
  event: unknown,
  { fetch = systemFetch, clock = systemClock }: ConfirmSnsSubscriptionOptions = {},
): Promise<void> {
  const url = eventText(event, 'SubscribeURL')
  const isConfirmation = eventText(event, 'Type') === 'SubscriptionConfirmation'
  if (!isConfirmation || url === null || !isSnsUrl(url, /^\/$/))
    throw new TypeError(
      'Cannot confirm SNS subscription: the event is no SubscriptionConfirmation with a URL of SNS',
    )
  await fetchText({ fetch, clock }, url)
}
