import type { WebhooksOptions } from '@white-cross/reuse/infrastructure/webhooks'
import type { BodyLimits } from './read-body.ts'

/** The Worker's variables. */
export interface GatewayVariables {
  /** SHA-256 of the root key, as 64 hex digits; without it there is no root key. */
  readonly ROOT_KEY_SHA256?: string
  /** Waits between attempts in ms, with commas. Default: the service's own schedule. */
  readonly RETRY_DELAYS_MS?: string
  /** Longest time of one attempt in ms. Default: the service's. */
  readonly ATTEMPT_TIMEOUT_MS?: string
  /** Longest time for the body of a request to arrive, in ms. Default 15,000. */
  readonly BODY_TIMEOUT_MS?: string
  /** `for local development`: webhooks may go to this machine and its network. */
  readonly ALLOW_PRIVATE_RECEIVERS?: string
}

/** What the gateway takes from its variables. */
export interface GatewaySettings {
  readonly rootKeyHash: string
  readonly bodies: Partial<BodyLimits>
  readonly webhooks: Pick<WebhooksOptions, 'retrySchedule' | 'timeout' | 'outbound'>
}

/** @throws RangeError when a variable is malformed, so that a deploy with a wrong one fails at once */
export function readSettings(variables: GatewayVariables): GatewaySettings {
  const {
    ROOT_KEY_SHA256 = '',
    RETRY_DELAYS_MS,
    ATTEMPT_TIMEOUT_MS,
    BODY_TIMEOUT_MS,
    ALLOW_PRIVATE_RECEIVERS,
  } = variables
  if (!/^(?:[0-9a-f]{64})?$/i.test(ROOT_KEY_SHA256))
    throw new RangeError('Cannot start gateway: ROOT_KEY_SHA256 is not 64 hex digits')
  return {
    rootKeyHash: ROOT_KEY_SHA256,
    bodies: {
      ...(BODY_TIMEOUT_MS !== undefined && {
        timeoutMs: wholeMs('BODY_TIMEOUT_MS', BODY_TIMEOUT_MS),
      }),
    },
    webhooks: {
      ...(RETRY_DELAYS_MS !== undefined && {
        retrySchedule: RETRY_DELAYS_MS.split(',').map((text) => wholeMs('RETRY_DELAYS_MS', text)),
      }),
      ...(ATTEMPT_TIMEOUT_MS !== undefined && {
        timeout: wholeMs('ATTEMPT_TIMEOUT_MS', ATTEMPT_TIMEOUT_MS),
      }),
      ...(ALLOW_PRIVATE_RECEIVERS === 'for local development' && {
        outbound: { allowPrivateNetworks: ALLOW_PRIVATE_RECEIVERS },
      }),
    },
  }
}

function wholeMs(name: string, text: string): number {
  if (/^\d{1,9}$/.test(text.trim())) return Number(text)
  throw new RangeError(
    `Cannot start gateway: ${name} has ${JSON.stringify(text.slice(0, 20))}, whole milliseconds expected`,
  )
}
