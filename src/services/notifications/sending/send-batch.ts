import type { OutgoingEmail } from '../channels/email-message.ts'
import type { ReadyProvider } from '../delivery/delivery.ts'
import type { PoolMember } from '../delivery/provider-pool.ts'
import { NotificationError } from '../notification-error.ts'
import type { EmailProvider, ProviderReceipt } from '../providers/provider.ts'
import type { NumberedMessage } from './bulk-source.ts'
import type { BulkResult } from './bulk.ts'
import type { NotificationParts } from './notification-parts.ts'
import { readyOf } from './prepare.ts'

/**
 * How often a batch whose answer was lost is asked for again, where the vendor knows it by its id.
 */
const REPEATS = 2

/**
 * Sends a group of messages. E-mails whose first provider is the same and takes batches go there in
 * one request, each with a record and a result of its own; the others go one by one.
 */
export async function sendBatch(
  parts: NotificationParts,
  group: readonly NumberedMessage[],
  sendOne: (message: NumberedMessage) => Promise<BulkResult>,
): Promise<readonly BulkResult[]> {
  const batches = new Map<PoolMember<EmailProvider>, Batch>()
  let left = group.length
  // Each message comes to its provider, or ends before: then the batches are complete.
  const settle = (): void => {
    left--
    if (left === 0) for (const batch of batches.values()) batch.flush()
  }
  const batchFor = (member: PoolMember<EmailProvider>, size: number): Batch => {
    const batch = batches.get(member) ?? createBatch(member, size)
    batches.set(member, batch)
    return batch
  }
  return Promise.all(
    group.map(async (numbered) => {
      let came = false
      const arrive = (): void => {
        if (!came) settle()
        came = true
      }
      try {
        if (numbered.message.channel !== 'email' || hasFiles(numbered)) {
          arrive()
          return await sendOne(numbered)
        }
        const { channel: _channel, ...message } = numbered.message
        const result = await parts.sender.send('email', message, ({ email, ready }, id) => {
          const [first] = email?.members ?? []
          const size = first?.provider.batch?.size ?? 0
          const usual = ready(id)
          if (email === null || first === undefined || size < 2) return usual
          const batched: ReadyProvider = {
            name: first.provider.name,
            idempotent: false,
            batch: true,
            async send(recipients) {
              const composed = await email.compose(id, recipients)
              const receipt = batchFor(first, size).add(composed)
              arrive()
              return receipt
            },
          }
          return [batched, ...usual.slice(1)]
        })
        return { index: numbered.index, ...result }
      } catch (error) {
        const failure =
          error instanceof Error
            ? error
            : new Error('The message could not be sent', { cause: error })
        return { index: numbered.index, status: 'failed' as const, error: failure }
      } finally {
        arrive()
      }
    }),
  )
}

/** Vendors take files one message at a time. */
function hasFiles({ message }: NumberedMessage): boolean {
  return 'attachments' in message && message.attachments !== undefined
}

/** Messages that go to one provider together. */
interface Batch {
  add(email: OutgoingEmail): Promise<ProviderReceipt>
  flush(): void
}

interface Waiting {
  readonly email: OutgoingEmail
  resolve(receipt: ProviderReceipt): void
  reject(error: Error): void
}

function createBatch(member: PoolMember<EmailProvider>, size: number): Batch {
  let waiting: Waiting[] = []

  async function send(batch: readonly Waiting[]): Promise<void> {
    const { signal } = new AbortController()
    const emails = batch.map(({ email }) => email)
    try {
      const results = await sendAll(member, emails, signal)
      for (const [index, { resolve, reject }] of batch.entries()) {
        const result = results[index]
        if (result === undefined || result instanceof Error)
          reject(result ?? unknown(member.provider.name))
        else resolve(result)
      }
    } catch (error) {
      // Refused as a whole over one of them: each by itself, so that only that one fails.
      if (error instanceof NotificationError && error.code.startsWith('invalid_')) {
        await Promise.all(batch.map((each) => alone(member, each, signal)))
        return
      }
      const failure = error instanceof Error ? error : unknown(member.provider.name)
      for (const { reject } of batch) reject(failure)
    }
  }

  return {
    add(email) {
      return new Promise((resolve, reject) => {
        waiting.push({ email, resolve, reject })
        if (waiting.length >= size) void send(waiting.splice(0))
      })
    },
    flush() {
      const batch = waiting
      waiting = []
      if (batch.length > 0) void send(batch)
    },
  }
}

async function sendAll(
  member: PoolMember<EmailProvider>,
  emails: readonly OutgoingEmail[],
  signal: AbortSignal,
): Promise<readonly (ProviderReceipt | Error)[]> {
  for (let repeat = 0; ; repeat++) {
    try {
      return await member.call(
        async (provider, context) => (await provider.batch?.send(emails, context)) ?? [],
        { signal, cost: emails.length },
      )
    } catch (error) {
      const again = error instanceof NotificationError && error.code === 'ambiguous'
      if (!again || member.provider.idempotent !== true || repeat >= REPEATS) throw error
    }
  }
}

async function alone(
  member: PoolMember<EmailProvider>,
  { email, resolve, reject }: Waiting,
  signal: AbortSignal,
): Promise<void> {
  const ready = readyOf(member, (provider, _left, context) => provider.send(email, context))
  await ready.send([], signal).then(resolve, reject)
}

function unknown(provider: string): NotificationError {
  return new NotificationError(
    'ambiguous',
    `Cannot send through ${provider}: its answer does not say what became of the message`,
    { provider },
  )
}
