import { expectEqual, expectTrue } from '../../../../src/runtime/ports/conformance.ts'
import { createInbox } from '../../../../src/services/notifications/inbox/inbox.ts'
import { watchStore } from '../../../support/watched-store.ts'
import {
  collect,
  emailProvider,
  HELLO,
  notificationsOn,
  rejectsWith,
  type NotificationHarness,
  type NotificationLaw,
} from './notification-fixture.ts'

async function open(harness: NotificationHarness) {
  const backend = await harness.open()
  const store = watchStore(backend.store)
  const options = { email: [emailProvider('only')], caps: [{ limit: 500, window: '1d' }] } as const
  const notifications = notificationsOn({ ...backend, store }, harness, options)
  const inbox = createInbox({ backend: { store }, clock: harness.clock })
  /** What the store was asked for meanwhile. */
  const costOf = async (act: () => Promise<unknown>): Promise<readonly [number, number]> => {
    const [reads, commits] = [store.reads, store.commits]
    await act()
    return [store.reads - reads, store.commits - commits]
  }
  return { notifications, inbox, costOf }
}

/** What sending asks of the store: reads and commits. */
export const costLaws: readonly NotificationLaw[] = [
  {
    name: 'a message costs two reads and three commits, however many were sent before',
    async run(harness) {
      const { notifications, costOf } = await open(harness)
      // The first also looks how its provider is.
      expectEqual(await costOf(() => notifications.sendEmail(HELLO)), [3, 3])
      for (const before of [0, 10, 100]) {
        for (let sent = 0; sent < before; sent++)
          await notifications.sendEmail({ ...HELLO, to: `u${sent}@example.com` })
        // Whether it may be sent, its caps; its record before and after, and the caps again.
        const cost = await costOf(() => notifications.sendEmail(HELLO))
        expectEqual(cost, [2, 3], `after ${before} messages`)
      }
      const to = Array.from({ length: 10 }, (_, index) => `r${index}@example.com`)
      const [reads, commits] = await costOf(() => notifications.sendEmail({ ...HELLO, to }))
      expectEqual(commits, 3)
      expectTrue(reads <= 11, `a read for each recipient at most, got ${reads}`)
    },
  },
  {
    name: 'a message that was sent before costs two reads and nothing else',
    async run(harness) {
      const { notifications, costOf } = await open(harness)
      const keyed = { ...HELLO, idempotencyKey: 'k' } as const
      await notifications.sendEmail(keyed)
      const [reads, commits] = await costOf(() => notifications.sendEmail(keyed))
      expectTrue(
        reads <= 2 && commits <= 1,
        `two reads and one commit at most, got ${reads}, ${commits}`,
      )
    },
  },
  {
    name: 'reading makes nothing',
    async run(harness) {
      const { notifications, inbox, costOf } = await open(harness)
      const [, commits] = await costOf(async () => {
        await rejectsWith('not_found', () => notifications.trackDelivery(`ntf_${'0'.repeat(22)}`))
        await collect(notifications.list())
        await notifications.analyze()
        await notifications.suppressions.find('ann@example.com')
        await collect(notifications.suppressions.list())
        await notifications.preferences.get('ann')
        await notifications.devices.list('ann')
        await notifications.devices.remove('ann', 'dev_x')
        await notifications.suppressions.remove('ann@example.com')
        expectEqual(await notifications.cancel(`ntf_${'0'.repeat(22)}`), false)
        await inbox.list('ann')
        await inbox.unreadCount('ann')
        await inbox.markAllRead('ann')
        await notifications.readMetrics?.()
      })
      expectEqual(commits, 0)
    },
  },
  {
    name: 'an item of an inbox costs one read and one commit, however many there are',
    async run(harness) {
      const { inbox, costOf } = await open(harness)
      for (const before of [0, 10, 100]) {
        for (let put = 0; put < before; put++) await inbox.create('ann', { title: 'x' })
        expectEqual(await costOf(() => inbox.create('ann', { title: 'x' })), [1, 1])
        expectEqual(await costOf(() => inbox.list('ann')), [1, 0])
      }
    },
  },
]
