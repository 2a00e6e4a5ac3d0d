import { expect, test } from 'vitest'
import { memory } from '../../../runtime/backends/memory/index.ts'
import { outbox } from '../providers/outbox.ts'
import { createNotifications } from './create-notifications.ts'
import type { NotificationsOptions } from './notifications-options.ts'

test.each<[unknown, string]>([
  [{ softBounces: { limit: 2, within: '1d', window: 1 } }, '"window" is not known'],
  [{ softBounces: { limit: 2 } }, 'within is missing'],
  [{ breaker: { failureTreshold: 2 } }, '"failureTreshold" is not known'],
  [{ breaker: { failureThreshold: 0 } }, 'breaker.failureThreshold is 0'],
  [{ breaker: { resetTimeout: 'soon' } }, 'breaker.resetTimeout'],
  [{ email: [{ provider: outbox(), wieght: 2 }] }, '"wieght" is not known'],
  [{ email: [{ provider: outbox(), rateLimit: { limit: 2 } }] }, 'window is missing'],
  [{ email: [outbox(), outbox()] }, 'two providers with the name "outbox"'],
  [{ email: outbox() }, 'email is no list'],
  [{ caps: [{ limit: 1, window: '1d', chanel: 'email' }] }, '"chanel" is not known'],
  [{ caps: [{ limit: 1, window: '1d', channel: 'mail' }] }, 'the channel of a cap is none'],
  ...[
    ...[
      'nobody',
      'Shop',
      'shop@localhost',
      'Shop <shop@example.com',
      'a@example.com, b@example.com',
    ],
    ...[null, 7, {}, { email: 7 }, { email: 'shop' }, { name: 'Shop' }],
  ].map((from): [unknown, string] => [{ from }, 'from is no e-mail address']),
])('createNotifications() refuses %j at once', (options, message) => {
  expect(() =>
    createNotifications({ backend: memory(), ...(options as Partial<NotificationsOptions>) }),
  ).toThrow(message)
})

test.each([
  { critical: 'false' },
  { queued: 'false' },
  { trackOpens: 'yes' },
  { trackClicks: 1 },
  { locale: 5 },
  { provider: {} },
  { sendAt: '2026' },
  { sendAt: null },
  { sendAt: true },
  { signal: {} },
])('sendEmail() refuses %j: it would mean something else', async (odd) => {
  const box = outbox()
  const notifications = createNotifications({
    backend: memory(),
    from: 'a@example.com',
    email: [box],
  })
  const message: object = { to: 'b@example.com', subject: 'Hi', text: 'Hi', ...odd }
  await expect(notifications.sendEmail(message as never)).rejects.toMatchObject({
    code: 'invalid_request',
    message: expect.stringContaining(Object.keys(odd)[0] ?? ''),
  })
  expect(box.messages).toEqual([])
})

test('names of people and files do not turn the direction of text', async () => {
  const notifications = createNotifications({
    ...{ backend: memory(), from: 'a@example.com', email: [outbox()] },
  })
  const turned = 'invoice\u202efdp.exe'
  const message = { to: 'b@example.com', subject: 'Hi', text: 'Hi' }
  for (const odd of [
    { to: { email: 'b@example.com', name: turned } },
    { attachments: [{ filename: turned, text: 'x' }] },
  ])
    await expect(notifications.sendEmail({ ...message, ...odd })).rejects.toThrow('direction')
})
