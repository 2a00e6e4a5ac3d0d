import { systemNow, type Clock } from '../../../runtime/ports/platform/clock.ts'
import type { WebhookSecret } from '../signing/webhook-keys.ts'
import type { WebhookMessage, WebhookScheme, WebhookVerdict } from '../schemes/webhook-scheme.ts'

/** What a receiver may set about the age of a signature. */
export interface SignatureAgeOptions {
  /**
   * Oldest signature accepted, ms, above 0. Default: 5 minutes, or what the scheme needs for its
   * vendor's retries. A signature may be ahead by as much, at most 5 minutes. `'accept-any-age'`
   * gives up protection against replays of old messages.
   */
  readonly tolerance?: number | 'accept-any-age'
  /** Tells the time. Default: the platform's clock. */
  readonly clock?: Pick<Clock, 'now'>
}

/**
 * Asks the scheme about a message.
 *
 * @throws TypeError or RangeError when a secret or an option is not valid
 */
export function decideWebhook(
  scheme: WebhookScheme,
  message: WebhookMessage,
  secrets: WebhookSecret | readonly WebhookSecret[],
  options: SignatureAgeOptions,
): Promise<WebhookVerdict> {
  const { tolerance = scheme.toleranceMs, clock = { now: systemNow } } = options
  let toleranceMs = Infinity
  if (tolerance !== 'accept-any-age') {
    if (!(Number.isSafeInteger(tolerance) && tolerance > 0))
      throw new RangeError('Cannot verify webhook: tolerance is no whole number of ms above 0')
    toleranceMs = tolerance
  }
  return scheme.verify(message, [secrets].flat(), { now: clock.now(), toleranceMs })
}
