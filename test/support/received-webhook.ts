import type { Clock } from '../../src/runtime/ports/platform/clock.ts'
import { expectRejection } from '../../src/runtime/ports/conformance.ts'
import {
  WebhookVerificationError,
  type WebhookVerificationCode,
} from '../../src/services/webhooks/webhook-verification-error.ts'
import { readWebhook } from '../../src/services/webhooks/receiving/read-webhook.ts'
import type { ReceiveWebhookOptions } from '../../src/services/webhooks/receiving/webhook-reception.ts'
import type { WebhookScheme } from '../../src/services/webhooks/schemes/webhook-scheme.ts'

/** A shared secret for whom it does not matter which. */
export const SHARED_SECRET = '0123456789abcdef0123456789abcdef'

/** When the tests of receiving take place, ms since 1970. */
export const RECEIVED_AT: number = Date.UTC(2026, 0, 1, 12)

/** Where the tests receive. */
export const RECEIVER_URL = 'https://receiver.example.com/hooks'

/** How {@link receive} reads. */
export interface ReceiveOptions {
  readonly scheme: WebhookScheme
  readonly clock: Clock
  /** Default {@link SHARED_SECRET}. */
  readonly secrets?: ReceiveWebhookOptions['secrets']
}

/** Reads a webhook as it would arrive. */
export function receive(
  body: string | Uint8Array<ArrayBuffer>,
  headers: Readonly<Record<string, string>>,
  { secrets = SHARED_SECRET, ...options }: ReceiveOptions,
): ReturnType<typeof readWebhook> {
  const request = new Request(RECEIVER_URL, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
  })
  return readWebhook(request, { secrets, ...options })
}

/** Throws unless `act` rejects with a WebhookVerificationError of this code. */
export function expectRefusal(
  act: () => Promise<unknown>,
  code: WebhookVerificationCode,
  what: string = code,
): Promise<void> {
  return expectRejection(
    act,
    (error) => error instanceof WebhookVerificationError && error.code === code,
    `${code} (${what})`,
  )
}
