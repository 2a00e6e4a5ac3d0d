import { expectEqual, expectRejection } from '../../../../src/runtime/ports/conformance.ts'
import {
  event,
  failure,
  hear,
  HOUR_MS,
  rejectsWith,
  type NotificationLaw,
} from './notification-fixture.ts'
import { ANN, openForUsers as open, ORDER, shipped } from './user-fixture.ts'

/** How users are told. */
export const notifyLaws: readonly NotificationLaw[] = [
  {
    name: 'notify() tells on the first channel that the template is for and reaches the user',
    async run(harness) {
      const { notifications, email, sms, push, inbox } = await open(harness)
      // No device is known.
      const told = await notifications.notify(ANN, 'shipped', ORDER)
      expectEqual([told.status, told.results.map(({ channel }) => channel)], ['sent', ['email']])
      await notifications.devices.add('ann', { token: 'device-1' })
      await notifications.devices.add('ann', { token: 'device-2' })
      const pushed = await notifications.notify(ANN, shipped, ORDER)
      expectEqual(
        pushed.results.map(({ channel, status }) => `${channel} ${status}`),
        ['push sent', 'push sent'],
      )
      expectEqual([email.got.length, sms.got.length, push.got.length], [1, 0, 2])
      expectEqual(await inbox.unreadCount('ann'), 0)
      const alone = await notifications.notify({ id: 'bob' }, 'shipped', ORDER)
      expectEqual(
        alone.results.map(({ channel }) => channel),
        ['inbox'],
      )
      expectEqual((await inbox.list('bob')).items[0]?.title, 'Order 7')
    },
  },
  {
    name: "notify() goes by the user's preferences, and on to the next channel where one fails",
    async run(harness) {
      const { notifications, email, sms } = await open(harness)
      await notifications.preferences.update('ann', { order: ['sms', 'email'] })
      expectEqual((await notifications.notify(ANN, 'shipped', ORDER)).results[0]?.channel, 'sms')
      sms.answers = ['unavailable']
      const told = await notifications.notify(ANN, 'shipped', ORDER)
      expectEqual(
        told.results.map(({ channel, status }) => `${channel} ${status}`),
        ['sms failed', 'email sent'],
      )
      sms.answers = ['ok']
      await notifications.preferences.update('ann', { channels: { sms: false } })
      const skipped = await notifications.notify(ANN, 'shipped', ORDER)
      expectEqual(
        skipped.results.map(({ channel, status }) => `${channel} ${status}`),
        ['sms skipped', 'email sent'],
      )
      email.answers = ['unavailable']
      const none = await notifications.notify(ANN, 'shipped', ORDER, { channels: ['email'] })
      expectEqual([none.status, none.results[0]?.status], ['none', 'failed'])
    },
  },
  {
    name: 'notify() to all tells on every channel, and under one key once on each',
    async run(harness) {
      const { another, email, sms, push, inbox } = await open(harness)
      const user = { ...ANN, devices: [{ token: 'device-1' }] }
      const key = { mode: 'all', idempotencyKey: 'order-7' } as const
      const first = await another().notify(user, 'shipped', ORDER, key)
      expectEqual(
        first.results.map(({ channel, status }) => `${channel} ${status}`),
        ['push sent', 'email sent', 'sms sent', 'inbox sent'],
      )
      expectEqual(await another().notify(user, 'shipped', ORDER, key), first)
      expectEqual([email.got.length, sms.got.length, push.got.length], [1, 1, 1])
      expectEqual(await inbox.unreadCount('ann'), 1)
      await inbox.remove('ann', (await inbox.list('ann')).items[0]?.id ?? '')
      await another().notify(user, 'shipped', ORDER, key)
      expectEqual((await inbox.list('ann')).items, [])
    },
  },
  {
    name: 'notify() that escalates goes on when nobody has looked, and stops when somebody has',
    async run(harness) {
      for (const looked of [false, true]) {
        const { notifications, email, sms, inbox } = await open(harness)
        const options = {
          mode: 'escalate',
          channels: ['inbox', 'email', 'sms'],
          after: '1h',
        } as const
        const told = await notifications.notify(ANN, 'shipped', ORDER, options)
        expectEqual(
          told.results.map(({ channel }) => channel),
          ['inbox'],
        )
        await harness.advance(HOUR_MS - 1000)
        await notifications.drain()
        expectEqual(email.got.length, 0)
        if (looked) await inbox.markAllRead('ann')
        await harness.advance(1000)
        await notifications.drain()
        expectEqual(email.got.length, looked ? 0 : 1)
        if (looked) continue
        await hear(notifications, 'mail', [event('opened', email.got[0]?.id ?? '')])
        await harness.advance(HOUR_MS)
        await notifications.drain()
        expectEqual(sms.got.length, 0)
      }
    },
  },
  {
    name: 'a device that its vendor says is gone is forgotten, and one with a bad payload is not',
    async run(harness) {
      const { notifications, push } = await open(harness)
      const since = harness.clock.now() - 1000
      const refused = (options: Parameters<typeof failure>[1]) => async (): Promise<never> => {
        throw failure('invalid_recipient', options)
      }
      await notifications.devices.add('ann', { token: 'device-1' })
      push.answers = ['invalid_request']
      await notifications.notify(ANN, 'shipped', ORDER)
      // It went before the device was registered again.
      push.answers = [refused({ recipient: 'gone', recipientSince: since })]
      await notifications.notify(ANN, 'shipped', ORDER)
      expectEqual((await notifications.devices.list('ann')).length, 1)
      push.answers = [refused({ recipient: 'gone' })]
      const told = await notifications.notify(ANN, 'shipped', ORDER)
      expectEqual(
        told.results.map(({ channel, status }) => `${channel} ${status}`),
        ['push failed', 'email sent'],
      )
      expectEqual(await notifications.devices.list('ann'), [])
    },
  },
  {
    name: 'notify() refuses a template that is not there and data that does not fit, also for later',
    async run(harness) {
      const { notifications, email } = await open(harness)
      for (const options of [{}, { queued: true }, { sendAt: harness.clock.now() + HOUR_MS }]) {
        await rejectsWith('template_not_found', () =>
          notifications.notify(ANN, 'nothing', ORDER, options),
        )
        await rejectsWith('invalid_data', () => notifications.notify(ANN, 'shipped', {}, options))
      }
      const later = harness.clock.now() + HOUR_MS
      const told = await notifications.notify(ANN, 'shipped', ORDER, { sendAt: later })
      expectEqual([told.status, told.sendAt], ['queued', later])
      const back = await notifications.notify(ANN, 'shipped', ORDER, { sendAt: later })
      expectEqual(await notifications.cancel(back.id), true)
      expectEqual(await notifications.cancel(back.id), false)
      await notifications.drain()
      expectEqual(email.got.length, 0)
      await harness.advance(HOUR_MS)
      await notifications.drain()
      expectEqual(email.got.length, 1)
      expectEqual(await notifications.cancel(told.id), false)
    },
  },
  {
    name: 'what escalates waits for what quiet hours hold back, before it goes on',
    async run(harness) {
      const { notifications, email, sms } = await open(harness)
      const now = harness.clock.now()
      const at = (ms: number): string => new Date(now + ms).toISOString().slice(11, 16)
      const quietHours = { start: at(-HOUR_MS), end: at(2 * HOUR_MS), timeZone: 'UTC' }
      await notifications.preferences.update('ann', { quietHours })
      const options = { mode: 'escalate', channels: ['email', 'sms'], after: '1h' } as const
      await notifications.notify(ANN, 'shipped', ORDER, options)
      for (const [sent, told] of [
        [0, 0],
        [1, 0],
        [1, 1],
      ] as const) {
        await harness.advance(HOUR_MS)
        await notifications.drain()
        expectEqual([email.got.length, sms.got.length], [sent, told])
      }
    },
  },
  {
    name: 'what escalates is not stopped by a program that opens every mail',
    async run(harness) {
      const { notifications, email, sms } = await open(harness)
      const options = { mode: 'escalate', channels: ['email', 'sms'], after: '1h' } as const
      await notifications.notify(ANN, 'shipped', ORDER, options)
      const id = email.got[0]?.id ?? ''
      await hear(notifications, 'mail', [event('opened', id, { machine: true })])
      expectEqual((await notifications.trackDelivery(id)).status, 'delivered')
      await harness.advance(HOUR_MS)
      await notifications.drain()
      expectEqual(sms.got.length, 1)
    },
  },
  {
    name: 'a user has up to 50 devices, whatever they are called, and none that cannot be sent to',
    async run(harness) {
      const { notifications } = await open(harness)
      const long = (index: number): string => `${index}`.padStart(4096, 'x')
      for (let index = 0; index < 52; index++)
        await notifications.devices.add('ann', { token: long(index) })
      const tokens = (await notifications.devices.list('ann')).map(({ target }) =>
        'token' in target ? target.token : '',
      )
      expectEqual([tokens.length, tokens[0], tokens.at(-1)], [50, long(2), long(51)])
      const keys = { p256dh: 'x', auth: 'x' }
      const wrong: readonly object[] = [
        { token: 'x'.repeat(4097) },
        { token: 'a b' },
        { token: 'ż' },
        { endpoint: 'http://push.example.com', keys },
        { endpoint: `https://push.example.com/${'x'.repeat(2000)}`, keys },
        { endpoint: 'https://push.example.com', keys: { ...keys, auth: 'x'.repeat(201) } },
      ]
      for (const target of wrong)
        await rejectsWith('invalid_recipient', () =>
          notifications.devices.add('ann', target as never),
        )
    },
  },
  {
    name: 'notify() refuses what is of another kind than it should, also in plain JavaScript',
    async run(harness) {
      const { notifications, email } = await open(harness)
      const wrong: readonly object[] = [
        { critical: 'false' },
        { queued: 'false' },
        { sendAt: null },
        { sendAt: '' },
        { duplicates: 'acept' },
        { category: 7 },
        { idempotencyKey: '' },
        { idempotencyKey: 7 },
        { idempotencyKey: '\ud800' },
        { channels: 'email' },
        { mode: 'some' },
      ]
      for (const options of wrong)
        await rejectsWith('invalid_request', () =>
          notifications.notify(ANN, 'shipped', ORDER, options),
        )
      const users: readonly object[] = [
        { locale: 7 },
        { phone: 7 },
        { chat: 7 },
        { devices: [null] },
      ]
      for (const user of users)
        await rejectsWith('invalid_request', () =>
          notifications.notify({ ...ANN, ...user }, 'shipped', ORDER),
        )
      const typo = { digest: { window: '1h', mots: 5 } } as const
      await expectRejection(
        () => notifications.notify(ANN, 'news', {}, typo),
        (error) => error instanceof TypeError && error.message.includes('mots'),
        'a TypeError that names the option',
      )
      expectEqual(email.got.length, 0)
    },
  },
]
