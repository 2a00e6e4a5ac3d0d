import {
  expectEqual,
  expectRejection,
  expectTrue,
} from '../../../../src/runtime/ports/conformance.ts'
import { NotificationError } from '../../../../src/services/notifications/notification-error.ts'
import type {
  BulkMessage,
  BulkResult,
} from '../../../../src/services/notifications/sending/bulk.ts'
import { nextTurn } from '../../../support/next-turn.ts'
import {
  collect,
  emailProvider,
  failure,
  HELLO,
  open,
  smsProvider,
  until,
  type NotificationLaw,
} from './notification-fixture.ts'

/** How many messages are sent. */
export const bulkLaws: readonly NotificationLaw[] = [
  {
    name: 'bulk gives every message a result of its own, and says how far it is',
    async run(harness) {
      const refuse = emailProvider('only', async (message) => {
        const [{ email } = { email: '' }] = message.to
        if (email.startsWith('bad')) throw failure('invalid_recipient')
        return { providerMessageId: email }
      })
      const { notifications } = await open(harness, {
        email: [refuse],
        sms: [smsProvider('texts')],
      })
      await notifications.suppressions.add({ address: 'stop@example.com' })
      const messages: BulkMessage[] = [
        { channel: 'email', ...HELLO },
        { channel: 'email', ...HELLO, to: 'bad@example.com' },
        { channel: 'email', ...HELLO, to: 'stop@example.com' },
        { channel: 'sms', to: '+15550100', message: 'Hello' },
        { channel: 'email', ...HELLO, to: 'none' },
        { channel: 'email', ...HELLO, queued: true },
      ]
      const seen: unknown[] = []
      const results = await collect(
        notifications.sendBulk(messages, { concurrency: 2, onProgress: (each) => seen.push(each) }),
      )
      expectEqual(
        results.toSorted((a, b) => a.index - b.index).map(({ status }) => status),
        ['sent', 'failed', 'suppressed', 'sent', 'failed', 'queued'],
      )
      expectEqual(seen.at(-1), { done: 6, accepted: 3, failed: 2 })
      expectEqual(seen.length, 6)
    },
  },
  {
    name: 'bulk takes messages as it sends them, and never more at once than it may',
    async run(harness) {
      let running = 0
      let most = 0
      let made = 0
      const slow = emailProvider('only', async (message) => {
        most = Math.max(most, ++running)
        await nextTurn(true)
        running--
        return { providerMessageId: message.id }
      })
      const { notifications } = await open(harness, { email: [slow] })
      function* messages(): Generator<BulkMessage> {
        for (; made < 1000; made++) yield { channel: 'email', ...HELLO, to: `u${made}@example.com` }
      }
      const results: BulkResult[] = []
      for await (const result of notifications.sendBulk(messages(), { concurrency: 4 })) {
        expectTrue(made - results.length <= 6, `${made} made while ${results.length} were done`)
        results.push(result)
        if (results.length === 40) break
      }
      expectTrue(most <= 4 && most > 1, `four at once, got ${most}`)
      expectTrue(made < 50, `no more than were sent, got ${made}`)
      expectEqual(running, 0)
    },
  },
  {
    name: 'bulk keeps to its rate',
    async run(harness) {
      const provider = emailProvider('only')
      const { notifications } = await open(harness, { email: [provider] })
      const messages: BulkMessage[] = Array.from({ length: 11 }, () => ({
        channel: 'email',
        ...HELLO,
      }))
      const sending = collect(
        notifications.sendBulk(messages, { rateLimit: { limit: 1, window: '2s' } }),
      )
      for (let sent = 1; sent <= messages.length; sent++) {
        await until(harness, () => provider.got.length === sent)
        await harness.advance(1999)
        expectEqual(provider.got.length, sent)
        await harness.advance(1)
      }
      await sending
      expectEqual(provider.got.length, 11)
    },
  },
  {
    name: 'a batch is one request, with a record and a result for each of its messages',
    async run(harness) {
      const provider = emailProvider('only')
      const sizes: number[] = []
      const batch = {
        size: 4,
        async send(messages: readonly { readonly id: string; readonly subject: string }[]) {
          sizes.push(messages.length)
          return messages.map(({ id, subject }) =>
            subject === 'bad' ? failure('invalid_recipient') : { providerMessageId: `b-${id}` },
          )
        },
      }
      const { notifications } = await open(harness, { email: [{ ...provider, batch }] })
      const messages: BulkMessage[] = Array.from({ length: 10 }, (_, index) => ({
        channel: 'email',
        ...HELLO,
        to: `u${index}@example.com`,
        ...(index === 3 && { subject: 'bad' }),
        ...(index === 5 && { to: 'none' }),
      }))
      const results = await collect(notifications.sendBulk(messages, { batchSize: 10 }))
      expectEqual(
        sizes.toSorted((a, b) => a - b),
        [1, 4, 4],
      )
      expectEqual(results.filter(({ status }) => status === 'failed').length, 2)
      for (const result of results)
        if (result.status === 'sent') {
          const { status, providerMessageId } = await notifications.trackDelivery(result.id)
          expectEqual([status, providerMessageId], ['sent', `b-${result.id}`])
        }
    },
  },
  {
    name: 'a batch that is refused as a whole goes one by one, and one that is lost is ambiguous',
    async run(harness) {
      for (const code of ['invalid_request', 'ambiguous', 'unavailable'] as const) {
        const provider = emailProvider('only')
        const second = emailProvider('second')
        const batch = {
          size: 10,
          send: async (): Promise<never> => {
            throw failure(code)
          },
        }
        const { notifications } = await open(harness, { email: [{ ...provider, batch }, second] })
        const messages: BulkMessage[] = Array.from({ length: 3 }, () => ({
          channel: 'email',
          ...HELLO,
        }))
        const results = await collect(notifications.sendBulk(messages, { batchSize: 10 }))
        const outcomes = results.map((result) =>
          result.status === 'failed' && result.error instanceof NotificationError
            ? result.error.code
            : result.status,
        )
        const outcome = code === 'ambiguous' ? 'ambiguous' : 'sent'
        expectEqual(outcomes, [outcome, outcome, outcome], code)
        expectEqual(second.got.length, code === 'unavailable' ? 3 : 0, code)
      }
    },
  },
  {
    name: 'bulk tells what has ended while the next message is still being made',
    async run(harness) {
      const { notifications } = await open(harness, { email: [emailProvider('only')] })
      const closed: string[] = []
      async function* messages(): AsyncGenerator<BulkMessage> {
        try {
          yield { channel: 'email', ...HELLO }
          yield { channel: 'email', ...HELLO }
          // Nobody buys anything any more.
          await new Promise(() => undefined)
        } finally {
          closed.push('closed')
        }
      }
      const results: BulkResult[] = []
      for await (const result of notifications.sendBulk(messages(), { concurrency: 4 })) {
        results.push(result)
        if (results.length === 2) break
      }
      expectEqual(
        results.map(({ status }) => status),
        ['sent', 'sent'],
      )
    },
  },
  {
    name: 'bulk whose messages cannot be made any more tells what became of those before',
    async run(harness) {
      const { notifications } = await open(harness, { email: [emailProvider('only')] })
      function* messages(): Generator<BulkMessage> {
        for (let made = 0; made < 3; made++) yield { channel: 'email', ...HELLO }
        throw new Error('The list is torn')
      }
      const results: BulkResult[] = []
      await expectRejection(
        async () => {
          for await (const result of notifications.sendBulk(messages())) results.push(result)
        },
        (error) => error instanceof Error && error.message === 'The list is torn',
        'the error of the list',
      )
      expectEqual(results.length, 3)
      for (const wrong of [7, null, undefined, {}])
        await expectRejection(
          () => collect(notifications.sendBulk(wrong as never)),
          (error) => error instanceof TypeError && error.message.includes('list'),
          'a TypeError',
        )
    },
  },
  {
    name: 'bulk that is called off tells what was on its way, takes no more and ends',
    async run(harness) {
      const provider = emailProvider('only')
      const { notifications } = await open(harness, { email: [provider] })
      const calledOff = new AbortController()
      let closed = false
      function* messages(): Generator<BulkMessage> {
        try {
          for (;;) yield { channel: 'email', ...HELLO }
        } finally {
          closed = true
        }
      }
      const results: BulkResult[] = []
      await expectRejection(
        async () => {
          const options = { concurrency: 4, signal: calledOff.signal }
          for await (const result of notifications.sendBulk(messages(), options)) {
            results.push(result)
            if (results.length === 10) calledOff.abort(new Error('Called off'))
          }
        },
        (error) => error instanceof Error && error.message === 'Called off',
        'the reason',
      )
      expectTrue(provider.got.length < 20, `a few, got ${provider.got.length}`)
      expectTrue(closed, 'the list to be closed')
      const all = await collect(notifications.list())
      const begun = all.filter(({ status }) => status === 'sending')
      expectEqual(begun, [])
    },
  },
]
