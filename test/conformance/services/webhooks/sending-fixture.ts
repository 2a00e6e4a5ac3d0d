import type { Backend } from '../../../../src/runtime/ports/backend.ts'
import type { Clock } from '../../../../src/runtime/ports/platform/clock.ts'
import { expectRejection, type Law } from '../../../../src/runtime/ports/conformance.ts'
import {
  createWebhooks,
  type Webhooks,
} from '../../../../src/services/webhooks/sending/create-webhooks.ts'
import { WebhookError } from '../../../../src/services/webhooks/webhook-error.ts'
import type { WebhooksOptions } from '../../../../src/services/webhooks/sending/webhooks-options.ts'
import { signWebhook } from '../../../../src/services/webhooks/signing/sign-webhook.ts'
import { createSeededRandom } from '../../../../src/testing/seeded-random.ts'
import {
  createWebhookReceiver,
  type ReceivedWebhook,
  type WebhookReceiver,
} from '../../../support/webhook-receiver.ts'

/** A backend to send webhooks from, with the clock of the process beside it; `advance` moves both. */
export interface WebhookSendingHarness {
  open(): Promise<Backend>
  readonly clock: Clock
  advance(ms: number): Promise<void>
  /** Every how many writes the crash law kills the process. Default 9: all of them takes a while where writes are slow. */
  readonly crashStride?: number
}

export type WebhookSendingLaw = Law<WebhookSendingHarness>

export const HOUR_MS = 3_600_000
export const URL_A = 'https://a.example.com/hook'
export const URL_B = 'https://b.example.com/hook'

export interface Opened {
  readonly webhooks: Webhooks
  readonly receiver: WebhookReceiver
  readonly backend: Backend
}

type Answer = Parameters<typeof createWebhookReceiver>[0]

export async function open(
  harness: WebhookSendingHarness,
  { answer, ...options }: Omit<WebhooksOptions, 'backend'> & { readonly answer?: Answer } = {},
): Promise<Opened> {
  const backend = await harness.open()
  const receiver = createWebhookReceiver(answer)
  return { backend, receiver, webhooks: webhooksOn(backend, harness, receiver, options) }
}

export function webhooksOn(
  backend: Backend,
  { clock }: WebhookSendingHarness,
  { fetch }: WebhookReceiver,
  options: Omit<WebhooksOptions, 'backend'> = {},
): Webhooks {
  return createWebhooks({
    backend,
    fetch,
    clock,
    random: createSeededRandom(7),
    resolve: async () => ['93.184.216.34'],
    ...options,
  })
}

/** Works, lets time pass, works again, so often. */
export async function drainFor(
  { advance }: WebhookSendingHarness,
  webhooks: Webhooks,
  times: number,
  stepMs: number,
): Promise<void> {
  await webhooks.drain()
  for (let time = 0; time < times; time++) {
    await advance(stepMs)
    await webhooks.drain()
  }
}

/** @returns The states in which jobs still are that will run */
export async function busy({ jobStore }: Backend): Promise<readonly string[]> {
  const counts = await Promise.all(
    ['webhooks.events', 'webhooks.deliveries', 'webhooks.deliveries.slow'].map((name) =>
      jobStore.queue(name).counts(),
    ),
  )
  return counts.flatMap(({ ready, scheduled, active }, index) =>
    ready + scheduled + active === 0 ? [] : [`${index}: ${ready} ${scheduled} ${active}`],
  )
}

export async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const all: Item[] = []
  for await (const item of items) all.push(item)
  return all
}

export async function signedBy(
  { headers, body }: ReceivedWebhook,
  secret: string,
): Promise<boolean> {
  const expected = await signWebhook(body, secret, {
    id: headers.get('webhook-id') ?? '',
    timestamp: Number(headers.get('webhook-timestamp')),
  })
  const given = headers.get('webhook-signature')?.split(' ') ?? []
  return given.includes(expected['webhook-signature'])
}

export async function rejectsWith(
  code: WebhookError['code'],
  act: () => Promise<unknown>,
): Promise<void> {
  await expectRejection(act, (error) => error instanceof WebhookError && error.code === code, code)
}
