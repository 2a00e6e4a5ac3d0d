import { expectEqual, expectTrue } from '../../../../src/runtime/ports/conformance.ts'
import type { NotificationError } from '../../../../src/services/notifications/notification-error.ts'
import {
  emailProvider,
  HELLO,
  open,
  rejectsWith,
  type NotificationLaw,
} from './notification-fixture.ts'

/** Who is asked, in which order, and what becomes of failures. */
export const failoverLaws: readonly NotificationLaw[] = [
  {
    name: 'sendEmail() hands a message to the first provider and tracks it',
    async run(harness) {
      const first = emailProvider('first')
      const second = emailProvider('second')
      const { notifications } = await open(harness, { email: [first, second] })
      const { id, ...sent } = await notifications.sendEmail({
        ...HELLO,
        cc: ['Bob <bob@example.com>', 'ANN@example.com'],
        headers: { 'X-A': '1' },
      })
      expectEqual(sent, {
        status: 'sent',
        provider: 'first',
        providerMessageId: 'first-1',
        kept: false,
        reason: null,
        sendAt: null,
      })
      expectEqual([first.got.length, second.got.length], [1, 0])
      const [message] = first.got
      expectEqual(message?.id, id)
      expectEqual(message?.to, [{ email: 'ann@example.com' }])
      // Whom it goes to already gets no copy.
      expectEqual(message?.cc, [{ email: 'bob@example.com', name: 'Bob' }])
      const tracked = await notifications.trackDelivery(id)
      expectEqual(
        [tracked.status, tracked.channel, tracked.provider, tracked.attempts.length],
        ['sent', 'email', 'first', 1],
      )
      expectEqual(tracked.recipients, [
        { address: 'ann@example.com', status: 'sent' },
        { address: 'bob@example.com', status: 'sent' },
      ])
      expectTrue(!JSON.stringify(tracked).includes('Hello'), 'a record without content')
    },
  },
  {
    name: 'the next provider is asked when one did not take the message, and not over the message itself',
    async run(harness) {
      for (const code of ['authentication', 'quota', 'rate_limited', 'unavailable'] as const) {
        const first = emailProvider('first', code)
        const second = emailProvider('second')
        const { notifications } = await open(harness, { email: [first, second] })
        const sent = await notifications.sendEmail(HELLO)
        expectEqual([sent.provider, first.got.length, second.got.length], ['second', 1, 1], code)
        const { attempts } = await notifications.trackDelivery(sent.id)
        expectEqual(
          attempts.map((attempt) => [attempt.provider, attempt.code]),
          [
            ['first', code],
            ['second', null],
          ],
        )
      }
      for (const code of ['invalid_recipient', 'invalid_request', 'ambiguous'] as const) {
        const first = emailProvider('first', code)
        const second = emailProvider('second')
        const { notifications } = await open(harness, { email: [first, second] })
        await rejectsWith(code, () => notifications.sendEmail(HELLO))
        expectEqual([first.got.length, second.got.length], [1, 0], code)
      }
    },
  },
  {
    name: 'when every provider fails, the call says so, and so does the record',
    async run(harness) {
      const providers = [emailProvider('first', 'unavailable'), emailProvider('second', 'quota')]
      const { notifications } = await open(harness, { email: providers })
      const key = { idempotencyKey: 'order-1' }
      await rejectsWith('quota', () => notifications.sendEmail({ ...HELLO, ...key }))
      const [message] = providers[0]?.got ?? []
      const tracked = await notifications.trackDelivery(message?.id ?? '')
      expectEqual(
        [tracked.status, tracked.error?.code, tracked.error?.provider],
        ['failed', 'quota', 'second'],
      )
      for (const provider of providers) provider.answers = ['ok']
      const sent = await notifications.sendEmail({ ...HELLO, ...key })
      expectEqual([sent.status, sent.id], ['sent', message?.id])
    },
  },
  {
    name: 'an error that no provider should throw leaves a message ambiguous, never sent twice',
    async run(harness) {
      const first = emailProvider('first', async () => {
        throw Object.assign(new Error('ECONNREFUSED'), { status: 503 })
      })
      const second = emailProvider('second')
      const { notifications } = await open(harness, { email: [first, second] })
      await rejectsWith('ambiguous', () => notifications.sendEmail(HELLO))
      expectEqual(second.got.length, 0)
    },
  },
  {
    name: 'a lost answer makes another provider send only where duplicates are accepted',
    async run(harness) {
      const first = emailProvider('first', 'ambiguous')
      const second = emailProvider('second')
      const { notifications } = await open(harness, { email: [first, second] })
      const sent = await notifications.sendEmail({ ...HELLO, duplicates: 'accept' })
      expectEqual([sent.provider, second.got.length], ['second', 1])
    },
  },
  {
    name: 'a provider that knows our ids is asked again when its answer is lost, under the same id',
    async run(harness) {
      const first = emailProvider('first', 'ambiguous', 'ambiguous', 'ok')
      first.idempotent = true
      const { notifications } = await open(harness, { email: [first] })
      const sent = await notifications.sendEmail(HELLO)
      expectEqual([sent.status, first.got.length], ['sent', 3])
      expectEqual(new Set(first.got.map(({ id }) => id)).size, 1)
    },
  },
  {
    name: 'a request that never ends is given up, and is then ambiguous',
    async run(harness) {
      let aborted = false
      const asked = Promise.withResolvers<void>()
      const first = emailProvider('first', (_message, { signal }) => {
        signal.addEventListener('abort', () => (aborted = true))
        asked.resolve()
        return new Promise(() => undefined)
      })
      const { notifications } = await open(harness, { email: [first], timeout: '5s' })
      const sending = rejectsWith('ambiguous', () => notifications.sendEmail(HELLO))
      await asked.promise
      await harness.advance(6000)
      await sending
      expectTrue(aborted, 'the request to be aborted')
    },
  },
  {
    name: 'provider chooses one, and a name that nobody has is refused',
    async run(harness) {
      const first = emailProvider('first')
      const second = emailProvider('second', 'unavailable')
      const { notifications } = await open(harness, { email: [first, second] })
      await rejectsWith('unavailable', () =>
        notifications.sendEmail({ ...HELLO, provider: 'second' }),
      )
      await rejectsWith('invalid_request', () =>
        notifications.sendEmail({ ...HELLO, provider: 'third' }),
      )
      expectEqual(first.got.length, 0)
    },
  },
  {
    name: 'weights share recipients out, each with an order of its own that stays',
    async run(harness) {
      const first = emailProvider('first')
      const second = emailProvider('second')
      const never = emailProvider('never')
      const { notifications } = await open(harness, {
        email: [
          { provider: never, weight: 0 },
          { provider: first, weight: 3 },
          { provider: second, weight: 1 },
        ],
      })
      const by = new Map<string, string | null>()
      for (let round = 0; round < 2; round++)
        for (let index = 0; index < 60; index++) {
          const to = `user${index}@example.com`
          const { provider } = await notifications.sendEmail({ ...HELLO, to })
          expectTrue(round === 0 || by.get(to) === provider, 'the same provider for a recipient')
          by.set(to, provider)
        }
      const share = first.got.length / 120
      expectTrue(share > 0.6 && share < 0.9, `three of four by the first, got ${share}`)
      expectEqual(never.got.length, 0)
    },
  },
  {
    name: 'a provider at its limit is passed over, without being asked',
    async run(harness) {
      const first = emailProvider('first')
      const second = emailProvider('second')
      const { notifications } = await open(harness, {
        email: [{ provider: first, rateLimit: { limit: 2, window: '1m' } }, second],
      })
      for (let index = 0; index < 5; index++) await notifications.sendEmail(HELLO)
      expectEqual([first.got.length, second.got.length], [2, 3])
      await harness.advance(60_000)
      await notifications.sendEmail(HELLO)
      expectEqual(first.got.length, 3)
    },
  },
  {
    name: 'a limit without another provider says until when',
    async run(harness) {
      const only = emailProvider('only')
      const { notifications } = await open(harness, {
        email: [{ provider: only, rateLimit: { limit: 1, window: '1m' } }],
      })
      await notifications.sendEmail(HELLO)
      const error: unknown = await notifications.sendEmail(HELLO).catch((thrown: unknown) => thrown)
      const { code, retryAfterMs } = error as NotificationError
      expectEqual(code, 'rate_limited')
      expectTrue(
        (retryAfterMs ?? 0) > 0 && (retryAfterMs ?? 0) <= 60_000,
        'a wait within the minute',
      )
    },
  },
  {
    name: 'a provider that keeps failing is left alone by every process, and tried again later',
    async run(harness) {
      const first = emailProvider('first', 'unavailable')
      const second = emailProvider('second')
      const options = {
        email: [first, second],
        breaker: { failureThreshold: 3, resetTimeout: '30s' },
      } as const
      const { notifications } = await open(harness, options)
      for (let index = 0; index < 6; index++) await notifications.sendEmail(HELLO)
      expectEqual([first.got.length, second.got.length], [3, 6])
      const check = notifications.healthChecks?.['email providers']
      await check?.(new AbortController().signal)
      first.answers = ['ok']
      await harness.advance(31_000)
      const { provider } = await notifications.sendEmail(HELLO)
      expectEqual(provider, 'first')
    },
  },
  {
    name: 'what is wrong with one message does not count against its provider',
    async run(harness) {
      const first = emailProvider('first', 'invalid_recipient')
      const { notifications } = await open(harness, {
        email: [first],
        breaker: { failureThreshold: 2 },
      })
      for (let index = 0; index < 5; index++)
        await rejectsWith('invalid_recipient', () => notifications.sendEmail(HELLO))
      expectEqual(first.got.length, 5)
    },
  },
]
