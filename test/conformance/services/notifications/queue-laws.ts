import { expectEqual } from '../../../../src/runtime/ports/conformance.ts'
import { createJob, JobQueue } from '../../../../src/services/background-jobs/index.ts'
import { NotificationError } from '../../../../src/services/notifications/notification-error.ts'
import {
  emailJob,
  notificationJob,
} from '../../../../src/services/notifications/sending/message-jobs.ts'
import type { Notifications } from '../../../../src/services/notifications/sending/notifications.ts'
import {
  collect,
  emailProvider,
  failure,
  HELLO,
  HOUR_MS,
  notificationsOn,
  open,
  rejectsWith,
  type NotificationLaw,
} from './notification-fixture.ts'

/** What waits, and what is sent in numbers. */
export const queueLaws: readonly NotificationLaw[] = [
  {
    name: 'a queued message is sent byte for byte as it was given',
    async run(harness) {
      const direct = emailProvider('only')
      const later = emailProvider('only')
      const message = {
        ...HELLO,
        to: ['Ann Ł <ann@example.com>', 'bob@example.com'],
        cc: 'cc@example.com',
        bcc: ['bcc@example.com'],
        replyTo: 'Help <help@example.com>',
        html: '<p>\u{1F600} &amp; ż</p>',
        headers: { 'X-Order': '7' },
        attachments: [
          { filename: 'ż.bin', content: new Uint8Array([0, 255, 128]) },
          { filename: 'a.txt', text: 'text', contentType: 'text/plain' },
        ],
      }
      const now = await open(harness, { email: [direct] })
      await now.notifications.sendEmail(message)
      const queued = await open(harness, { email: [later] })
      await queued.notifications.sendEmail({ ...message, queued: true })
      await queued.notifications.drain()
      const plain = ({ got }: typeof direct): unknown =>
        JSON.parse(
          JSON.stringify(got, (key, value: unknown) =>
            key === 'id' ? '' : value instanceof Uint8Array ? [...value] : value,
          ),
        )
      expectEqual(plain(later), plain(direct))
    },
  },
  {
    name: 'a message is sent at its time and not before, and can be taken back until then',
    async run(harness) {
      const provider = emailProvider('only')
      const { notifications } = await open(harness, { email: [provider] })
      const sendAt = harness.clock.now() + HOUR_MS
      const first = await notifications.sendEmail({ ...HELLO, sendAt })
      const second = await notifications.sendEmail({ ...HELLO, sendAt: new Date(sendAt) })
      expectEqual([first.status, first.sendAt], ['queued', sendAt])
      await harness.advance(HOUR_MS - 1000)
      await notifications.drain()
      expectEqual(provider.got.length, 0)
      expectEqual(await notifications.cancel(second.id), true)
      expectEqual(await notifications.cancel(second.id), false)
      await harness.advance(1000)
      await notifications.drain()
      expectEqual(
        provider.got.map(({ id }) => id),
        [first.id],
      )
      expectEqual((await notifications.trackDelivery(second.id)).status, 'cancelled')
      expectEqual(await notifications.cancel(first.id), false)
      // A time that has passed is now.
      expectEqual((await notifications.sendEmail({ ...HELLO, sendAt: 1 })).status, 'sent')
    },
  },
  {
    name: 'a queued message is tried again after what passes, and no more after what does not',
    async run(harness) {
      const provider = emailProvider('only', 'unavailable', 'rate_limited', 'ok')
      const { notifications } = await open(harness, { email: [provider] })
      const { id } = await notifications.sendEmail({ ...HELLO, queued: true })
      await notifications.drain()
      const waiting = await notifications.trackDelivery(id)
      expectEqual([waiting.status, waiting.error?.code], ['queued', 'unavailable'])
      for (let round = 0; round < 4; round++) {
        await harness.advance(60_000)
        await notifications.drain()
      }
      expectEqual((await notifications.trackDelivery(id)).status, 'sent')
      expectEqual(provider.got.length, 3)
      for (const code of ['invalid_recipient', 'ambiguous'] as const) {
        const refusing = emailProvider('only', code)
        const other = await open(harness, { email: [refusing] })
        const put = await other.notifications.sendEmail({ ...HELLO, queued: true })
        for (let round = 0; round < 3; round++) {
          await other.notifications.drain()
          await harness.advance(HOUR_MS)
        }
        const { status } = await other.notifications.trackDelivery(put.id)
        expectEqual([status, refusing.got.length], [code === 'ambiguous' ? code : 'failed', 1])
      }
    },
  },
  {
    name: 'a wait that a vendor asks for is kept, and takes no attempt',
    async run(harness) {
      const asks = async (): Promise<never> => {
        throw failure('rate_limited', { retryAfterMs: 600_000 })
      }
      const answers = [...Array.from({ length: 12 }, () => asks), 'ok'] as const
      const provider = emailProvider('only', ...answers)
      const { notifications } = await open(harness, { email: [provider] })
      const { id } = await notifications.sendEmail({ ...HELLO, queued: true })
      await notifications.drain()
      await harness.advance(599_000)
      await notifications.drain()
      expectEqual(provider.got.length, 1)
      for (let round = 0; round < 30; round++) {
        await harness.advance(HOUR_MS)
        await notifications.drain()
      }
      expectEqual(
        [provider.got.length, (await notifications.trackDelivery(id)).status],
        [13, 'sent'],
      )
    },
  },
  {
    name: 'what cannot be sent is refused at the call, also when it is to wait',
    async run(harness) {
      const { notifications } = await open(harness, { email: [emailProvider('only')] })
      for (const message of [
        { ...HELLO, to: 'nobody' },
        { ...HELLO, to: 'ann@example.com\r\nBcc: eve@example.com' },
        { ...HELLO, from: 'a@b' },
      ])
        await rejectsWith('invalid_recipient', async () =>
          notifications.sendEmail({ ...message, queued: true }).catch((error: unknown) => {
            throw error instanceof NotificationError && error.code === 'invalid_request'
              ? failure('invalid_recipient')
              : error
          }),
        )
      await rejectsWith('template_not_found', () =>
        notifications.sendEmail({ to: HELLO.to, template: 'nothing', queued: true }),
      )
      await rejectsWith('unavailable', () =>
        notifications.sendSMS({ to: '+15550100', message: 'Hi', queued: true }),
      ).catch(() =>
        rejectsWith('invalid_request', () =>
          notifications.sendSMS({ to: '+15550100', message: 'Hi', queued: true }),
        ),
      )
      expectEqual(await collect(notifications.list()), [])
    },
  },
  {
    name: "the seed's pattern: a JobQueue of e-mails sends each once, however often its job is run",
    async run(harness) {
      const provider = emailProvider('only', 'unavailable', 'ok')
      const { backend, notifications } = await open(harness, { email: [provider] })
      const jobs = { 'send-email': emailJob(notifications) }
      const queue = new JobQueue({
        name: 'email',
        backend,
        clock: harness.clock,
        jobs,
        report: () => undefined,
      })
      const { to, subject, text } = HELLO
      const added = await createJob(queue, {
        name: 'send-email',
        data: { to, subject, text },
        options: { attempts: 3, backoff: { type: 'fixed', delay: 1000 } },
      })
      await queue.drain()
      await harness.advance(1000)
      await queue.drain()
      expectEqual(provider.got.length, 2)
      expectEqual(new Set(provider.got.map(({ id }) => id)).size, 1)
      const result = (await queue.get(added.id))?.result
      expectEqual(result, {
        id: provider.got[0]?.id,
        status: 'sent',
        provider: 'only',
        providerMessageId: 'only-2',
        reason: null,
      })
    },
  },
  {
    name: 'a JobQueue takes the place of our own queue: waits, tries again and takes back',
    async run(harness) {
      const provider = emailProvider('only', 'unavailable', 'ok')
      const backend = await harness.open()
      const jobs = { notification: notificationJob(() => notifications) }
      const queue = new JobQueue({
        name: 'mails',
        backend,
        clock: harness.clock,
        jobs,
        report: () => undefined,
      })
      const notifications: Notifications = notificationsOn(backend, harness, {
        email: [provider],
        queue,
      })
      expectEqual(notifications.processors.length, 0)
      const sendAt = harness.clock.now() + HOUR_MS
      const kept = await notifications.sendEmail({ ...HELLO, sendAt })
      const back = await notifications.sendEmail({ ...HELLO, sendAt })
      expectEqual(await notifications.cancel(back.id), true)
      await harness.advance(HOUR_MS)
      await queue.drain()
      expectEqual((await notifications.trackDelivery(kept.id)).status, 'queued')
      await harness.advance(60_000)
      await queue.drain()
      expectEqual((await notifications.trackDelivery(kept.id)).status, 'sent')
      expectEqual(
        provider.got.map(({ id }) => id),
        [kept.id, kept.id],
      )
      // Quiet hours make another job, since such a queue cannot put one off.
      const now = harness.clock.now()
      const at = (ms: number): string => new Date(now + ms).toISOString().slice(11, 16)
      const quietHours = { start: at(-HOUR_MS), end: at(2 * HOUR_MS), timeZone: 'UTC' }
      await notifications.preferences.update('ann', { quietHours })
      const quiet = await notifications.sendEmail({ ...HELLO, userId: 'ann', queued: true })
      await queue.drain()
      expectEqual(provider.got.length, 2)
      await harness.advance(2 * HOUR_MS)
      await queue.drain()
      expectEqual((await notifications.trackDelivery(quiet.id)).status, 'sent')
    },
  },
]
