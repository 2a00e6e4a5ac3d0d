import { expectEqual, expectTrue } from '../../../../src/runtime/ports/conformance.ts'
import type { UserPreferences } from '../../../../src/services/notifications/preferences/preferences.ts'
import {
  collect,
  emailProvider,
  event,
  failure,
  hear,
  HELLO,
  HOUR_MS,
  notificationsOn,
  open,
  readUnsigned,
  rejectsWith,
  smsProvider,
  whileTimePasses,
  type NotificationLaw,
} from './notification-fixture.ts'

const ANN = 'ann@example.com'
const DAY_MS = 24 * HOUR_MS
const webhooks = { only: readUnsigned }

/** Whom nothing is sent to, and when. */
export const consentLaws: readonly NotificationLaw[] = [
  {
    name: 'a hard bounce and a complaint stop every message to the address, whoever sends it',
    async run(harness) {
      for (const [type, reason] of [
        ['bounced', 'bounce'],
        ['complained', 'complaint'],
      ] as const) {
        const provider = emailProvider('only')
        const options = { email: [provider], webhooks }
        const { backend, notifications } = await open(harness, options)
        const { id } = await notifications.sendEmail(HELLO)
        await hear(notifications, 'only', [event(type, id, { bounce: 'hard' })])
        const other = notificationsOn(backend, harness, options)
        for (const to of [ANN, 'Ann <ANN@Example.com>']) {
          const sent = await other.sendEmail({ ...HELLO, to, critical: true })
          expectEqual([sent.status, sent.reason], ['suppressed', reason])
          expectEqual((await other.trackDelivery(sent.id)).status, 'suppressed')
        }
        expectEqual(provider.got.length, 1)
        expectEqual(await other.suppressions.remove(ANN), true)
        expectEqual((await other.sendEmail(HELLO)).status, 'sent')
      }
    },
  },
  {
    name: 'a block, a delay and a soft bounce suppress nobody, and soft bounces that go on do',
    async run(harness) {
      const options = {
        email: [emailProvider('only')],
        webhooks,
        softBounces: { limit: 3, within: '7d' },
      } as const
      const { notifications } = await open(harness, options)
      const bounce = async (): Promise<void> => {
        const { id } = await notifications.sendEmail(HELLO)
        const soft = event('bounced', id, { bounce: 'soft', eventId: `event-${id}` })
        // The same event twice is one bounce.
        await hear(notifications, 'only', [soft, soft])
        await hear(notifications, 'only', [soft, event('failed', id, { eventId: `f-${id}` })])
      }
      await bounce()
      await bounce()
      await harness.advance(8 * DAY_MS)
      await bounce()
      await bounce()
      expectEqual(await notifications.suppressions.find(ANN), null)
      await bounce()
      expectEqual((await notifications.suppressions.find(ANN))?.reason, 'bounce')
    },
  },
  {
    name: 'unsubscribing stops its category alone, and no critical message',
    async run(harness) {
      const provider = emailProvider('only')
      const { notifications } = await open(harness, { email: [provider], webhooks })
      const news = { ...HELLO, category: 'news' } as const
      const { id } = await notifications.sendEmail(news)
      await hear(notifications, 'only', [event('unsubscribed', id)])
      const outcomes = []
      for (const message of [
        news,
        { ...news, critical: true },
        { ...news, category: 'receipts' },
        HELLO,
      ])
        outcomes.push((await notifications.sendEmail(message)).status)
      expectEqual(outcomes, ['suppressed', 'sent', 'sent', 'sent'])
      // Without a category it is everything.
      const plain = await notifications.sendEmail(HELLO)
      await hear(notifications, 'only', [event('unsubscribed', plain.id)])
      expectEqual((await notifications.sendEmail({ ...HELLO, category: 'x' })).status, 'suppressed')
    },
  },
  {
    name: 'an event stops only addresses that its message went to',
    async run(harness) {
      const { notifications } = await open(harness, { email: [emailProvider('only')], webhooks })
      const { id } = await notifications.sendEmail({ ...HELLO, to: [ANN, 'bob@example.com'] })
      await hear(notifications, 'only', [
        event('bounced', id, { bounce: 'hard', recipient: 'victim@example.com', eventId: '1' }),
        event('bounced', id, { bounce: 'hard', eventId: '2' }),
        event('bounced', id, { bounce: 'hard', recipient: 'BOB@example.com', eventId: '3' }),
      ])
      const stopped = await collect(notifications.suppressions.list())
      expectEqual(
        stopped.map(({ address }) => address),
        ['bob@example.com'],
      )
      const { recipients } = await notifications.trackDelivery(id)
      expectEqual(recipients[1], { address: 'bob@example.com', status: 'bounced' })
    },
  },
  {
    name: 'of several recipients those that are left get the message, and copies alone nobody',
    async run(harness) {
      const provider = emailProvider('only')
      const { notifications } = await open(harness, { email: [provider] })
      await notifications.suppressions.add({ address: ANN })
      const to = [ANN, 'bob@example.com']
      const sent = await notifications.sendEmail({ ...HELLO, to, cc: 'eve@example.com' })
      expectEqual(sent.status, 'sent')
      expectEqual(
        provider.got.map((message) => [...message.to, ...message.cc].map(({ email }) => email)),
        [['bob@example.com', 'eve@example.com']],
      )
      const none = await notifications.sendEmail({ ...HELLO, to: ANN, cc: 'eve@example.com' })
      expectEqual([none.status, none.reason, provider.got.length], ['suppressed', 'manual', 1])
    },
  },
  {
    name: 'what a provider says of an address in its refusal counts for all of them',
    async run(harness) {
      const refuse = async (): Promise<never> => {
        throw failure('invalid_recipient', { recipient: 'opted_out', provider: 'first' })
      }
      const first = smsProvider('first', refuse, 'ok')
      const second = smsProvider('second')
      const { notifications } = await open(harness, { sms: [first, second] })
      const text = { to: '+15550100', message: 'Hello' }
      await rejectsWith('invalid_recipient', () => notifications.sendSMS(text))
      const next = await notifications.sendSMS({ ...text, provider: 'second' })
      expectEqual([next.status, next.reason, second.got.length], ['suppressed', 'unsubscribe', 0])
      // A payload that is wrong says nothing of whom it was for.
      const third = smsProvider('third', 'invalid_request', 'ok')
      const other = await open(harness, { sms: [third] })
      await rejectsWith('invalid_request', () => other.notifications.sendSMS(text))
      expectEqual((await other.notifications.sendSMS(text)).status, 'sent')
    },
  },
  {
    name: 'what somebody does not want is neither ended nor weakened by what is added later',
    async run(harness) {
      const { notifications } = await open(harness, { email: [emailProvider('only')] })
      const { suppressions } = notifications
      const critical = { ...HELLO, critical: true } as const
      await suppressions.add({ address: ANN, reason: 'unsubscribe' })
      await suppressions.add({ address: ANN, expiresIn: '1d' })
      expectEqual((await notifications.sendEmail(critical)).status, 'suppressed')
      await harness.advance(DAY_MS + 1)
      // The day is over, and Ann has still unsubscribed.
      expectEqual((await notifications.sendEmail(HELLO)).reason, 'unsubscribe')
      expectEqual((await notifications.sendEmail(critical)).status, 'sent')
      // Unsubscribing does not open the way for what must arrive.
      await suppressions.add({ address: ANN })
      await suppressions.add({ address: ANN, reason: 'unsubscribe' })
      expectEqual((await notifications.sendEmail(critical)).reason, 'manual')
      // By hand it may end sooner; what a provider knows does not.
      await suppressions.add({ address: ANN, expiresIn: '1d' })
      await suppressions.add({ address: 'bob@example.com', reason: 'provider' })
      await suppressions.add({ address: 'bob@example.com', expiresIn: '1d' })
      await harness.advance(DAY_MS + 1)
      expectEqual((await suppressions.find(ANN))?.reason, 'unsubscribe')
      expectEqual((await suppressions.find('bob@example.com'))?.reason, 'provider')
      expectEqual(await suppressions.remove(ANN), true)
      expectEqual((await notifications.sendEmail(HELLO)).status, 'sent')
    },
  },
  {
    name: 'taking a category off the list forgets no soft bounces',
    async run(harness) {
      const options = {
        email: [emailProvider('only')],
        webhooks,
        softBounces: { limit: 2, within: '7d' },
      } as const
      const { notifications } = await open(harness, options)
      const bounce = async (): Promise<void> => {
        const { id } = await notifications.sendEmail(HELLO)
        const soft = event('bounced', id, { bounce: 'soft', eventId: `event-${id}` })
        await hear(notifications, 'only', [soft])
      }
      await bounce()
      expectEqual(await notifications.suppressions.remove(ANN, { category: 'news' }), false)
      await bounce()
      expectEqual((await notifications.suppressions.find(ANN))?.reason, 'bounce')
    },
  },
  {
    name: 'a message that nobody got does not count for a cap, and one that may have come does',
    async run(harness) {
      const provider = emailProvider('only', 'unavailable', 'ambiguous', 'ok')
      const caps = [
        { limit: 2, window: '1h' },
        { limit: 2, window: '1d' },
      ] as const
      const { notifications } = await open(harness, { email: [provider], caps })
      await rejectsWith('unavailable', () => notifications.sendEmail(HELLO))
      await rejectsWith('ambiguous', () => notifications.sendEmail(HELLO))
      expectEqual((await notifications.sendEmail(HELLO)).status, 'sent')
      expectEqual((await notifications.sendEmail(HELLO)).reason, 'frequency_cap')
    },
  },
  {
    name: 'a suppression ends when it was to, and one of a category leaves that of all',
    async run(harness) {
      const { notifications } = await open(harness, { email: [emailProvider('only')] })
      const { suppressions } = notifications
      await suppressions.add({ address: ANN, expiresIn: '1d' })
      await suppressions.add({ address: ANN, category: 'news', reason: 'unsubscribe' })
      expectEqual((await suppressions.find(ANN))?.reason, 'manual')
      await harness.advance(DAY_MS + 1)
      expectEqual(await suppressions.find(ANN), null)
      expectEqual((await suppressions.find(ANN, { category: 'news' }))?.reason, 'unsubscribe')
      expectEqual(await suppressions.remove(ANN, { category: 'other' }), false)
      expectEqual(await suppressions.remove(ANN, { category: 'news' }), true)
      expectEqual(await collect(suppressions.list()), [])
    },
  },
  {
    name: 'preferences are asked when a message is sent, however long it waited',
    async run(harness) {
      const provider = emailProvider('only')
      const { notifications } = await open(harness, { email: [provider] })
      const { preferences } = notifications
      const message = { ...HELLO, userId: 'ann', category: 'news' } as const
      const { id } = await notifications.sendEmail({ ...message, queued: true })
      await preferences.update('ann', { categories: { news: { email: false } } })
      await notifications.drain()
      const tracked = await notifications.trackDelivery(id)
      expectEqual([tracked.status, tracked.reason], ['skipped', 'preference'])
      const outcomes = []
      for (const each of [
        message,
        { ...message, critical: true },
        { ...message, category: 'receipts' },
        { ...message, userId: 'bob' },
      ])
        outcomes.push((await notifications.sendEmail(each)).status)
      expectEqual(outcomes, ['skipped', 'sent', 'sent', 'sent'])
      await preferences.update('ann', { categories: null, channels: { email: false } })
      expectEqual((await notifications.sendEmail(message)).reason, 'preference')
      await preferences.delete('ann')
      expectEqual((await notifications.sendEmail(message)).status, 'sent')
    },
  },
  {
    name: 'preferences change in one step, or not at all',
    async run(harness) {
      const { notifications } = await open(harness)
      const { preferences } = notifications
      const names = ['a', 'b', 'c', 'd']
      await Promise.all([
        preferences.update('ann', { locale: 'pl' }),
        preferences.update('ann', { order: ['sms', 'email'] }),
        preferences.update('ann', { channels: { push: false } }),
        preferences.update('ann', { categories: Object.fromEntries(names.map((n) => [n, true])) }),
      ])
      const all: UserPreferences = await preferences.get('ann')
      expectEqual(Object.keys(all).toSorted(), ['categories', 'channels', 'locale', 'order'])
      const quietHours = { start: '22:00', end: '25:00', timeZone: 'Europe/Warsaw' }
      await rejectsWith('invalid_request', () =>
        preferences.update('ann', { locale: 'de', quietHours }),
      )
      expectEqual((await preferences.get('ann')).locale, 'pl')
    },
  },
  {
    name: 'quiet hours put a message off until they are over, and critical ones go at once',
    async run(harness) {
      const provider = emailProvider('only')
      const { notifications } = await open(harness, { email: [provider] })
      const now = new Date(harness.clock.now())
      const clock = (hours: number): string => {
        const at = new Date(now.getTime() + hours * HOUR_MS)
        return at.toISOString().slice(11, 16)
      }
      const quietHours = { start: clock(-1), end: clock(2), timeZone: 'UTC' }
      await notifications.preferences.update('ann', { quietHours })
      const message = { ...HELLO, userId: 'ann' } as const
      const put = await notifications.sendEmail({ ...message, idempotencyKey: 'a' })
      expectEqual([put.status, provider.got.length], ['queued', 0])
      const waits = (put.sendAt ?? 0) - now.getTime()
      expectTrue(
        waits > 1.9 * HOUR_MS && waits <= 2 * HOUR_MS,
        `two hours of waiting, got ${waits}`,
      )
      // Asked again, it waits as before, and once.
      const again = await notifications.sendEmail({ ...message, idempotencyKey: 'a' })
      expectEqual([again.id, again.status], [put.id, 'queued'])
      expectEqual((await notifications.trackDelivery(put.id)).status, 'queued')
      const urgent = await notifications.sendEmail({ ...message, critical: true })
      expectEqual([urgent.status, provider.got.length], ['sent', 1])
      // A queued one that comes to its turn in them waits, too.
      const queued = await notifications.sendEmail({ ...message, queued: true })
      await notifications.drain()
      expectEqual(provider.got.length, 1)
      await harness.advance(2 * HOUR_MS)
      await notifications.drain()
      expectEqual(provider.got.length, 3)
      for (const { id } of [put, queued])
        expectEqual((await notifications.trackDelivery(id)).status, 'sent')
    },
  },
  {
    name: 'caps skip what is too much for one person, and count the same message once',
    async run(harness) {
      const provider = emailProvider('only', 'unavailable', 'ok')
      const { notifications } = await open(harness, {
        email: [provider],
        caps: [
          { limit: 2, window: '1d', category: 'news' },
          { limit: 3, window: '7d' },
        ],
      })
      const news = { ...HELLO, category: 'news' } as const
      const keyed = { ...news, idempotencyKey: 'first' } as const
      await rejectsWith('unavailable', () => notifications.sendEmail(keyed))
      const send = async (message: typeof HELLO): Promise<string> => {
        const { status, reason } = await notifications.sendEmail(message)
        return reason ?? status
      }
      expectEqual(await send(keyed), 'sent')
      expectEqual(await send(keyed), 'sent')
      expectEqual(await send(news), 'sent')
      expectEqual(await send(news), 'frequency_cap')
      expectEqual(await send({ ...news, to: 'bob@example.com' } as never), 'sent')
      expectEqual(await send(HELLO), 'sent')
      expectEqual(await send(HELLO), 'frequency_cap')
      expectEqual(await send({ ...HELLO, critical: true } as typeof HELLO), 'sent')
      await harness.advance(DAY_MS)
      expectEqual(await send(news), 'frequency_cap')
      await harness.advance(6 * DAY_MS)
      expectEqual(await send(news), 'sent')
    },
  },
  {
    name: 'caps hold when many processes send to one person at the same time',
    async run(harness) {
      const provider = emailProvider('only')
      const options = { email: [provider], caps: [{ limit: 3, window: '1h' }] } as const
      const { backend } = await open(harness)
      const results = await Promise.all(
        Array.from({ length: 8 }, () =>
          notificationsOn(backend, harness, options).sendEmail(HELLO),
        ),
      )
      expectEqual(results.filter(({ status }) => status === 'sent').length, 3)
      expectEqual(provider.got.length, 3)
    },
  },
  {
    name: 'caps let through what they may, however many messages to one person come at once',
    async run(harness) {
      const provider = emailProvider('only')
      const caps = [{ limit: 40, window: '1d' }] as const
      const { notifications } = await open(harness, { email: [provider], caps })
      const sending = Array.from({ length: 70 }, () =>
        notifications.sendEmail({ ...HELLO, userId: 'ann' }),
      )
      const sent = await whileTimePasses(harness, Promise.all(sending))
      expectEqual(sent.filter(({ status }) => status === 'sent').length, 40)
      expectEqual(provider.got.length, 40)
    },
  },
]
