import { systemClock, type Clock } from '../../../../runtime/ports/platform/clock.ts'
import { systemFetch, type FetchClient } from '../../../../runtime/ports/platform/fetch-client.ts'
import { askVendor, textOf } from '../ask-vendor.ts'
import { eventText } from '../event-field.ts'
import { isSnsHost, regionOfTopic, snsHost } from './sns-host.ts'

/** Options of {@link confirmSnsSubscription}. */
export interface ConfirmSnsSubscriptionOptions {
  /** Default: the platform's. */
  readonly fetch?: FetchClient
  /** Ends the wait for SNS. Default: the platform's. */
  readonly clock?: Clock
}

/**
 * Confirms a subscription that SNS asks about, so that notifications begin. Only for an event that
 * was verified.
 *
 * @example
 * handleWebhooks(
 *   { SubscriptionConfirmation: (event) => confirmSnsSubscription(event) },
 *   { scheme: snsWebhook({ topicArns }) },
 * )
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
  if (!isConfirmation || url === null || !isSubscribeUrl(url, event))
    throw new TypeError(
      'Cannot confirm SNS subscription: the event is no SubscriptionConfirmation with a URL of SNS in the region of its topic',
    )
  textOf(await askVendor({ fetch, clock }, url))
}

/** Whether the URL confirms this very subscription, at SNS in the topic's region. */
function isSubscribeUrl(text: string, event: unknown): boolean {
  const topic = eventText(event, 'TopicArn')
  const region = topic === null ? null : regionOfTopic(topic)
  // Read as it is written, so that nothing of it is anything else to whoever fetches it.
  const [, host = '', query = ''] = /^https:\/\/([a-z0-9.-]+)\/\?([!-"$-~]+)$/.exec(text) ?? []
  const isOfSns = topic === null ? isSnsHost(host) : region !== null && host === snsHost(region)
  const fields = new URLSearchParams(query)
  const isOnly = (name: string, value: string | null): boolean => {
    const given = fields.getAll(name)
    return given.length <= 1 && (value === null || given.every((one) => one === value))
  }
  return (
    isOfSns &&
    fields.get('Action') === 'ConfirmSubscription' &&
    isOnly('Action', null) &&
    isOnly('TopicArn', topic) &&
    isOnly('Token', eventText(event, 'Token'))
  )
}
