import type { Backend } from '../../../../src/runtime/ports/backend.ts'
import type { Clock } from '../../../../src/runtime/ports/platform/clock.ts'
import { expectRejection, type Law } from '../../../../src/runtime/ports/conformance.ts'
import type { OutgoingEmail } from '../../../../src/services/notifications/channels/email-message.ts'
import type { OutgoingPush } from '../../../../src/services/notifications/channels/push-message.ts'
import type { OutgoingSms } from '../../../../src/services/notifications/channels/sms-message.ts'
import {
  NotificationError,
  type NotificationErrorCode,
  type NotificationErrorOptions,
} from '../../../../src/services/notifications/notification-error.ts'
import type {
  EmailProvider,
  ProviderContext,
  ProviderEvent,
  ProviderReceipt,
  PushProvider,
  SmsProvider,
} from '../../../../src/services/notifications/providers/provider.ts'
import { createNotifications } from '../../../../src/services/notifications/sending/create-notifications.ts'
import type { NotificationsOptions } from '../../../../src/services/notifications/sending/notifications-options.ts'
import type { Notifications } from '../../../../src/services/notifications/sending/notifications.ts'
import { loadLateCode } from './late-code.ts'
import { nextTurn } from '../../../support/next-turn.ts'
import { createSeededRandom } from '../../../../src/testing/seeded-random.ts'

/**
 * A backend to send notifications from, with the clock of the process beside it; `advance` moves
 * both, each time once the stores and WebCrypto have answered.
 */
export interface NotificationHarness {
  open(): Promise<Backend>
  readonly clock: Clock
  advance(ms: number): Promise<void>
}

export type NotificationLaw = Law<NotificationHarness>

export const HOUR_MS = 3_600_000
const FROM = 'Shop <shop@example.com>'
export const HELLO = { to: 'ann@example.com', subject: 'Hello', text: 'Hello' } as const

/** What a provider of a test does with a message: `ok`, or how it fails. */
export type Answer<Message> =
  | 'ok'
  | NotificationErrorCode
  | ((message: Message, context: ProviderContext) => Promise<ProviderReceipt>)

/** A provider that keeps what it gets and answers as told; its last answer stays. */
export interface TestProvider<Message> {
  readonly name: string
  readonly got: Message[]
  answers: readonly Answer<Message>[]
  idempotent?: boolean
  send(message: Message, context: ProviderContext): Promise<ProviderReceipt>
  readEvents(event: unknown): readonly ProviderEvent[]
}

export function failure(
  code: NotificationErrorCode,
  options: NotificationErrorOptions = {},
): NotificationError {
  return new NotificationError(code, `Cannot send: told so`, options)
}

function testProvider<Message>(
  name: string,
  answers: readonly Answer<Message>[] = ['ok'],
): TestProvider<Message> {
  const got: Message[] = []
  return {
    name,
    got,
    answers,
    async send(message, context) {
      const answer = this.answers[Math.min(got.length, this.answers.length - 1)] ?? 'ok'
      got.push(message)
      if (typeof answer === 'function') return answer(message, context)
      if (answer !== 'ok') throw failure(answer, { provider: name })
      return { providerMessageId: `${name}-${got.length}` }
    },
    // A test's events are written as ours are.
    readEvents: (event) => event as readonly ProviderEvent[],
  }
}

export type TestEmailProvider = TestProvider<OutgoingEmail> & EmailProvider

export function emailProvider(
  name: string,
  ...answers: readonly Answer<OutgoingEmail>[]
): TestEmailProvider {
  const provider = testProvider<OutgoingEmail>(name, answers.length > 0 ? answers : ['ok'])
  return Object.assign(provider, { limits: { bytes: 1_000_000, recipients: 50 } })
}

export function smsProvider(
  name: string,
  ...answers: readonly Answer<OutgoingSms>[]
): TestProvider<OutgoingSms> & SmsProvider {
  return testProvider<OutgoingSms>(name, answers.length > 0 ? answers : ['ok'])
}

export function pushProvider(
  name: string,
  ...answers: readonly Answer<OutgoingPush>[]
): TestProvider<OutgoingPush> & PushProvider {
  const provider = testProvider<OutgoingPush>(name, answers.length > 0 ? answers : ['ok'])
  return Object.assign(provider, { takes: () => true })
}

let processes = 0

/** One process that sends: each has chance of its own, as real ones have. */
export function notificationsOn(
  backend: Backend,
  { clock }: NotificationHarness,
  options: Omit<NotificationsOptions, 'backend'> = {},
): Notifications {
  return createNotifications({
    backend,
    clock,
    from: FROM,
    random: createSeededRandom(1000 + processes++),
    fetch: () => Promise.reject(new Error('Nothing is to be fetched')),
    ...options,
  })
}

export async function open(
  harness: NotificationHarness,
  options: Omit<NotificationsOptions, 'backend'> = {},
): Promise<{ readonly backend: Backend; readonly notifications: Notifications }> {
  const backend = await harness.open()
  return { backend, notifications: notificationsOn(backend, harness, options) }
}

export async function rejectsWith(
  code: NotificationErrorCode,
  act: () => Promise<unknown>,
): Promise<void> {
  await expectRejection(
    act,
    (error) => error instanceof NotificationError && error.code === code,
    code,
  )
}

/** An event as a provider's webhook gives it. */
export function event(
  type: ProviderEvent['type'],
  messageId: string,
  more: Partial<ProviderEvent> = {},
): ProviderEvent {
  return {
    type,
    messageId,
    providerMessageId: null,
    recipient: null,
    at: null,
    eventId: null,
    ...more,
  }
}

/** Sends events in as a webhook of the provider. */
export async function hear(
  notifications: Notifications,
  provider: string,
  events: readonly ProviderEvent[],
): Promise<Response> {
  const body = JSON.stringify(events)
  return notifications.handleWebhook(
    provider,
    new Request('https://example.com/hooks', { method: 'POST', body }),
  )
}

/** Reads what {@link hear} sends: nothing is signed. */
export async function readUnsigned(request: Request): Promise<{ readonly event: unknown }> {
  return { event: await request.json() }
}

/** Far more than any law takes. */
const MOST_TURNS = 20_000

/**
 * Lets time pass until `work` has ended. Time stands still while a store, WebCrypto or the disk is
 * at work, so that no lease runs out on a slow machine.
 */
export async function whileTimePasses<Result>(
  { advance }: NotificationHarness,
  work: Promise<Result>,
  stepMs = 100,
): Promise<Result> {
  let pending = true
  const settled = work.finally(() => (pending = false))
  settled.catch(() => undefined)
  await loadLateCode()
  await turnsWhile(
    () => pending,
    () => advance(stepMs),
  )
  return settled
}

/** Waits for what comes about without time passing. */
export async function until(
  { advance }: NotificationHarness,
  condition: () => boolean,
): Promise<void> {
  await turnsWhile(
    () => !condition(),
    () => advance(0),
  )
}

async function turnsWhile(isOpen: () => boolean, act: () => Promise<void>): Promise<void> {
  for (let turn = 0; isOpen(); turn++) {
    if (turn === MOST_TURNS) throw new Error('What a law waits for never comes')
    await nextTurn(true)
    await act()
  }
}

export async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const all: Item[] = []
  for await (const item of items) all.push(item)
  return all
}
