import { expectEqual } from '../../../../src/runtime/ports/conformance.ts'
import { defineTemplate } from '../../../../src/services/notifications/templates/define-template.ts'
import {
  emailProvider,
  HELLO,
  notificationsOn,
  rejectsWith,
  type NotificationLaw,
} from './notification-fixture.ts'
import { ANN } from './user-fixture.ts'

const text = { email: { subject: 'Hello', text: 'Hello {{ name }}' } } as const
const fresh = defineTemplate('fresh', text)
const news = defineTemplate('news', { email: { subject: 'News', text: '{{ count }} news' } })
const { to } = HELLO

/** What holds while two versions of an application send on one backend. */
export const deployLaws: readonly NotificationLaw[] = [
  {
    name: 'what waits with a template that only another version has is left to that version',
    async run(harness) {
      const provider = emailProvider('only')
      const backend = await harness.open()
      const before = notificationsOn(backend, harness, { email: [provider] })
      const after = notificationsOn(backend, harness, {
        email: [provider],
        templates: [fresh, news],
      })
      const data = { name: 'Ann' }
      const { id } = await after.sendEmail({ to, template: 'fresh', data, queued: true })
      await after.notify(ANN, 'fresh', data, { queued: true })
      await after.notify(ANN, 'news', data, { digest: { window: '1m' } })
      // Longer than jobs are left to others before they are parked.
      for (let round = 0; round < 60; round++) {
        await harness.advance(15_000)
        await before.drain()
      }
      expectEqual([provider.got.length, (await after.trackDelivery(id)).status], [0, 'queued'])
      await after.sweep()
      await harness.advance(15_000)
      await after.drain()
      expectEqual([provider.got.length, (await after.trackDelivery(id)).status], [3, 'sent'])
    },
  },
  {
    name: 'what cannot be sent any more says so: nothing looks as if it waited on',
    async run(harness) {
      const backend = await harness.open()
      const email = [emailProvider('only')]
      const before = notificationsOn(backend, harness, { email, templates: [fresh] })
      const data = { name: 'Ann' }
      const { id } = await before.sendEmail({ to, template: 'fresh', data, queued: true })
      const changed = defineTemplate('fresh', {
        email: { subject: 'Hello', text: 'Hello {{ firstName }}' },
      })
      const after = notificationsOn(backend, harness, { email, templates: [changed] })
      await after.drain()
      const { status, error, recipients } = await after.trackDelivery(id)
      expectEqual(
        [status, error?.code, recipients[0]?.status],
        ['failed', 'invalid_data', 'failed'],
      )
    },
  },
  {
    name: 'a template that nobody registered cannot wait: its worker would not find it',
    async run(harness) {
      const backend = await harness.open()
      const notifications = notificationsOn(backend, harness, { email: [emailProvider('only')] })
      const message = { to, template: fresh, data: { name: 'Ann' } }
      await rejectsWith('template_not_found', () =>
        notifications.sendEmail({ ...message, queued: true }),
      )
      expectEqual((await notifications.sendEmail(message)).status, 'sent')
    },
  },
]
