import { createInbox } from '../../../../src/services/notifications/inbox/inbox.ts'
import type { Notifications } from '../../../../src/services/notifications/sending/notifications.ts'
import type { NotificationsOptions } from '../../../../src/services/notifications/sending/notifications-options.ts'
import { defineTemplate } from '../../../../src/services/notifications/templates/define-template.ts'
import {
  emailProvider,
  notificationsOn,
  pushProvider,
  readUnsigned,
  smsProvider,
  type NotificationHarness,
} from './notification-fixture.ts'

export const shipped = defineTemplate('shipped', {
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
export const ANN = { id: 'ann', email: 'ann@example.com', phone: '+15550100' } as const
export const ORDER = { order: 7 }

/** Everything that a user can be told on. */
export async function openForUsers(
  harness: NotificationHarness,
  options: Partial<NotificationsOptions> = {},
) {
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
