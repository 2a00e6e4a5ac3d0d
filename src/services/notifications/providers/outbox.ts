import { checkOptions } from '../../../primitives/check-options.ts'
import type { OutgoingChat } from '../channels/chat-message.ts'
import type { OutgoingEmail } from '../channels/email-message.ts'
import type { OutgoingPush } from '../channels/push-message.ts'
import type { OutgoingSms } from '../channels/sms-message.ts'
import { checkInteger } from '../../../primitives/check-range.ts'
import type { EmailProvider, PushProvider } from './provider.ts'

/** A message of any channel, as a provider would have got it. */
export type KeptMessage = OutgoingEmail | OutgoingSms | OutgoingPush | OutgoingChat

/** Keeps what would be sent; fits every channel. */
export interface Outbox extends Omit<EmailProvider, 'send' | 'batch' | 'readEvents'> {
  /** What was sent, oldest first. */
  readonly messages: readonly KeptMessage[]
  send(message: KeptMessage): Promise<{ readonly providerMessageId: string; readonly kept: true }>
  takes: PushProvider['takes']
  /** Forgets what was kept. */
  clear(): void
}

/** How much {@link outbox} keeps. */
export interface OutboxOptions {
  /** Most messages; the oldest go first. 1 to 100,000. Default 1,000. */
  readonly limit?: number
}

/**
 * Keeps messages in memory instead of sending them, for development and tests. Results and records
 * say so: their `provider` is `outbox`, and `kept` is true.
 *
 * @example
 * const box = outbox()
 * const notifications = createNotifications({
 *   backend: memory(),
 *   from: 'a@example.com',
 *   email: [box],
 *   sms: [box],
 * })
 * await notifications.sendEmail({ to: 'ann@example.com', subject: 'Hi', text: 'Hello' })
 * console.log(box.messages.length) // → 1
 *
 * @throws RangeError when the limit is out of range
 */
export function outbox(options: OutboxOptions = {}): Outbox {
  checkOptions('create outbox()', options, [], ['limit'])
  const { limit = 1000 } = options
  checkInteger('create outbox()', 'limit', limit, 1, 100_000)
  const kept: KeptMessage[] = []
  let count = 0
  return {
    name: 'outbox',
    limits: { bytes: Number.MAX_SAFE_INTEGER, recipients: 1000, unicodeAddresses: true },
    get messages() {
      return [...kept]
    },
    async send(message) {
      kept.push(message)
      if (kept.length > limit) kept.shift()
      count++
      return { providerMessageId: `outbox-${count}`, kept: true }
    },
    takes: () => true,
    clear() {
      kept.length = 0
    },
  }
}
