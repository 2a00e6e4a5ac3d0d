import { checkOptions } from '../../../primitives/check-options.ts'
import { checkDuration, checkInteger } from '../../../primitives/check-range.ts'
import type { Duration } from '../../../primitives/duration.ts'
import { systemClock, type Clock } from '../../../runtime/ports/platform/clock.ts'
import type { Json } from '../../../runtime/ports/json.ts'
import type { WebhookScheme } from '../schemes/webhook-scheme.ts'
import { findScheme } from '../schemes/webhook-schemes.ts'
import type { WebhookSecret } from '../signing/webhook-keys.ts'
import type { VerifyWebhookOptions } from './verify-webhook.ts'

/** What receiving a webhook needs to know. */
export interface ReceiveWebhookOptions extends Omit<VerifyWebhookOptions, 'tolerance' | 'clock'> {
  /**
   * One secret, or several while they are rotated. Left out only for senders that sign with a
   * certificate.
   */
  readonly secrets?: WebhookSecret | readonly WebhookSecret[]
  /**
   * Oldest signature accepted, above 0. Default: 5 minutes, or what the scheme needs for its
   * vendor's retries. A signature may be ahead by as much, at most 5 minutes. `'accept-any-age'`
   * gives up protection against replays of old messages.
   */
  readonly tolerance?: Duration | 'accept-any-age'
  /** Longest body that is read, bytes. Default 1,048,576. */
  readonly maxBytes?: number
  /** How long the body may take to arrive, 1 ms to 1 day. Default 30 s. */
  readonly bodyTimeout?: Duration
  /**
   * Makes the event of the verified body, whatever its type: XML, or text as it is. What it throws
   * refuses the webhook as `malformed_event`. Default: JSON and forms are parsed, and other types
   * are refused.
   */
  readonly parse?: ParseWebhookBody
  /** Tells the time and wakes up when the body takes too long. Default: the platform's. */
  readonly clock?: Clock
}

/**
 * Makes an event of the body as it was signed.
 *
 * @param contentType The request's; `null` when it has none
 */
export type ParseWebhookBody = (
  bytes: Uint8Array<ArrayBuffer>,
  contentType: string | null,
) => Json | Promise<Json>

/** The names of {@link ReceiveWebhookOptions}. */
export const RECEIVE_OPTIONS: readonly string[] = [
  'scheme',
  'secrets',
  'tolerance',
  'maxBytes',
  'bodyTimeout',
  'parse',
  'clock',
]

const ACTION = 'receive webhook'
const DAY_MS = 86_400_000
const TEN_YEARS_MS = 3650 * DAY_MS

/** {@link ReceiveWebhookOptions} that have been checked. */
export interface WebhookReception extends Omit<ReceiveWebhookOptions, 'tolerance' | 'bodyTimeout'> {
  readonly scheme: WebhookScheme
  readonly secrets: WebhookSecret | readonly WebhookSecret[]
  /** ms */
  readonly tolerance: number | 'accept-any-age'
  readonly maxBytes: number
  readonly bodyTimeoutMs: number
  readonly clock: Clock
}

/**
 * Checks options before anything is read.
 *
 * @param known Names of the options that the caller knows, {@link RECEIVE_OPTIONS} among them
 * @throws TypeError or RangeError when an option is not known, not valid or out of range
 */
export function checkReception(
  options: ReceiveWebhookOptions,
  known: readonly string[],
): WebhookReception {
  // As plain JavaScript may call it, with whatever names.
  checkOptions(ACTION, options as Readonly<Record<string, unknown>>, [], known)
  const scheme = findScheme(options.scheme ?? 'standard')
  const { secrets = [], maxBytes = 1_048_576, bodyTimeout = 30_000, clock = systemClock } = options
  const { tolerance = scheme.toleranceMs, parse } = options
  return {
    scheme,
    secrets,
    tolerance:
      tolerance === 'accept-any-age'
        ? tolerance
        : checkDuration(ACTION, 'tolerance', tolerance, 1, TEN_YEARS_MS),
    maxBytes: checkInteger(ACTION, 'maxBytes', maxBytes, 1, 2 ** 30),
    bodyTimeoutMs: checkDuration(ACTION, 'bodyTimeout', bodyTimeout, 1, DAY_MS),
    clock,
    ...(parse !== undefined && { parse }),
  }
}
