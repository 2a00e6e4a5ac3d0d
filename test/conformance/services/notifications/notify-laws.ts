import { expectEqual, expectTrue } from '../../../../src/runtime/ports/conformance.ts'
import { createInbox } from '../../../../src/services/notifications/inbox/inbox.ts'
import type { Notifications } from '../../../../src/services/notifications/sending/notifications.ts'
import type { NotificationsOptions } from '../../../../src/services/notifications/sending/notifications-options.ts'
import { defineTemplate } from '../../../../src/services/notifications/templates/define-template.ts'
import { createCrashingBackend } from '../../../support/crashing-backend.ts'
import {
  emailProvider,
  event,
  failure,
  hear,
  HOUR_MS,
  notificationsOn,
  pushProvider,
  readUnsigned,
  rejectsWith,
  smsProvider,
  whileTimePasses,
  type NotificationHarness,
  type NotificationLaw,
} from './notification-fixture.ts'

const shipped = defineTemplate('shipped', {
  push: { title: 'Shipped', body: 'Order {{ order }}' },
  email: { subject: 'Shipped', text: 'Order {{ order }}' },
  sms: 'Order {{ order }} is on its way',
  inbox: { title: 'Order {{ order }}' },
})
const news = defineTemplate('news', {
  category: 'news',
  email: {
    subject: '{{ count }} news',
    text: ({ items }: { readonly items: readonly unknown[] }) => JSON.stringify(items),
  },
})
const ANN = { id: 'ann', email: 'ann@example.com', phone: '+15550100' } as const
const ORDER = { order: 7 }

/** Everything that a user can be told on. */
async function open(harness: NotificationHarness, options: Partial<NotificationsOptions> = {}) {
  const backend = await harness.open()
  const email = emailProvider('mail')
  const sms = smsProvider('texts')
  const push = pushProvider('pushes')
  const inbox = createInbox({ backend, clock: harness.clock })
  const given = {
    email: [email],
    sms: [sms],
    push: [push],
    inbox,
    templates: [shipped, news],
    webhooks: { mail: readUnsigned },
    ...options,
  }
  const another = (on = backend): Notifications => notificationsOn(on, harness, given)
  return { backend, email, sms, push, inbox, notifications: another(), another }
}

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
      await notifications.drain()
      expectEqual(email.got.length, 0)
      await harness.advance(HOUR_MS)
      await notifications.drain()
      expectEqual(email.got.length, 1)
    },
  },
  {
    name: 'a digest collects what comes within its time, and tells it once',
    async run(harness) {
      const { notifications, another, email } = await open(harness)
      const digest = { digest: { window: '1h' } } as const
      const { clock } = harness
      const due = clock.now() + HOUR_MS
      const joined = await notifications.notify(ANN, 'news', { n: 1 }, digest)
      expectEqual([joined.status, joined.sendAt], ['queued', due])
      await harness.advance(HOUR_MS / 2)
      await Promise.all([2, 3, 4].map((n) => another().notify(ANN, 'news', { n }, digest)))
      const keyed = { ...digest, idempotencyKey: 'five' }
      await notifications.notify(ANN, 'news', { n: 5 }, keyed)
      await notifications.notify(ANN, 'news', { n: 5 }, keyed)
      await notifications.notify({ ...ANN, id: 'bob' }, 'news', { n: 9 }, digest)
      await harness.advance(HOUR_MS / 2)
      await Promise.all([notifications.drain(), another().drain()])
      expectEqual(email.got.length, 1)
      expectEqual(email.got[0]?.subject, '5 news')
      const told = JSON.parse(email.got[0]?.text ?? '') as readonly { readonly n: number }[]
      expectEqual(
        told.map(({ n }) => n).toSorted((a, b) => a - b),
        [1, 2, 3, 4, 5],
      )
      // What comes later opens the next.
      await notifications.notify(ANN, 'news', { n: 6 }, digest)
      await harness.advance(HOUR_MS)
      await notifications.drain()
      expectEqual(
        email.got.map(({ subject }) => subject),
        ['5 news', '1 news', '1 news'],
      )
    },
  },
  {
    name: 'a digest whose worker dies at any write is told once, or said to be ambiguous',
    async run(harness) {
      let told = 0
      for (let crashAt = 1, crashed = true; crashed && crashAt < 14; crashAt++) {
        const { backend, notifications, another, email } = await open(harness)
        await notifications.notify(ANN, 'news', { n: 1 }, { digest: { window: '1m' } })
        await harness.advance(60_000)
        const dying = createCrashingBackend(backend, crashAt, 'before')
        await whileTimePasses(
          harness,
          another(dying.backend)
            .drain({ onError: () => undefined })
            .catch(() => undefined),
        )
        for (let round = 0; round < 4; round++) {
          await harness.advance(65_000)
          await another().drain()
        }
        expectTrue(
          email.got.length <= 1,
          `died at write ${crashAt}: told ${email.got.length} times`,
        )
        const [message] = email.got
        if (message === undefined) {
          const [only] = await Array.fromAsync(notifications.list())
          expectEqual(only?.status, 'ambiguous', `died at write ${crashAt}`)
        } else told++
        crashed = dying.crashed()
      }
      expectTrue(told > 3, 'most of them to be told')
    },
  },
  {
    name: 'whoever joins a digest and dies at any write leaves no digest that nobody tells',
    async run(harness) {
      for (let crashAt = 1, crashed = true; crashed && crashAt < 6; crashAt++) {
        const { backend, notifications, another, email } = await open(harness)
        const dying = createCrashingBackend(backend, crashAt, 'after')
        const digest = { digest: { window: '1m' }, idempotencyKey: 'one' } as const
        await whileTimePasses(
          harness,
          another(dying.backend)
            .notify(ANN, 'news', { n: 1 }, digest)
            .catch(() => undefined),
        )
        // Its caller tries again.
        await notifications.notify(ANN, 'news', { n: 1 }, digest)
        await harness.advance(120_000)
        await notifications.drain()
        expectEqual(email.got.length, 1, `died at write ${crashAt}`)
        expectEqual(email.got[0]?.subject, '1 news')
        crashed = dying.crashed()
      }
    },
  },
]
