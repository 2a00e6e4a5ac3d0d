import { expectEqual } from '../../../../src/runtime/ports/conformance.ts'
import { createSeededRandom } from '../../../../src/testing/seeded-random.ts'
import type { ProviderEvent } from '../../../../src/services/notifications/providers/provider.ts'
import {
  emailProvider,
  event,
  hear,
  HELLO,
  HOUR_MS,
  open,
  readUnsigned,
  type NotificationLaw,
} from './notification-fixture.ts'

const webhooks = { only: readUnsigned }

/** What providers report, however they report it. */
export const eventLaws: readonly NotificationLaw[] = [
  {
    name: 'events say the same in whatever order they come, how often, and in which webhooks',
    async run(harness) {
      const { notifications } = await open(harness, { email: [emailProvider('only')], webhooks })
      const random = createSeededRandom(3)
      const seen = new Set<string>()
      for (let round = 0; round < 12; round++) {
        const { id } = await notifications.sendEmail(HELLO)
        const start = harness.clock.now()
        const events: readonly ProviderEvent[] = (
          ['sent', 'deferred', 'delivered', 'opened', 'clicked'] as const
        ).map((type, index) =>
          event(type, id, { at: start - 5000 + index * 1000, eventId: `${id} ${type}` }),
        )
        const left = [...events, ...events]
        while (left.length > 0) {
          const some = Array.from({ length: 3 }, () =>
            left.splice(Math.floor(random.fraction() * left.length), 1),
          ).flat()
          expectEqual((await hear(notifications, 'only', some)).status, 200)
        }
        const { status, deliveredAt, events: kept } = await notifications.trackDelivery(id)
        seen.add(JSON.stringify([status, (deliveredAt ?? 0) - start, kept.map(({ type }) => type)]))
      }
      const told = ['sent', 'deferred', 'delivered', 'opened', 'clicked']
      expectEqual([...seen], [JSON.stringify(['clicked', -3000, told])])
    },
  },
  {
    name: 'an event that holds what no store keeps is applied, and so are those beside it',
    async run(harness) {
      const { notifications } = await open(harness, { email: [emailProvider('only')], webhooks })
      const { id } = await notifications.sendEmail(HELLO)
      const half = '\ud800'
      const answer = await hear(notifications, 'only', [
        event('deferred', id, { reason: `full ${half}`, recipient: half, eventId: half }),
        // Cut to its length, the smiley would be cut in two.
        event('clicked', id, { url: `https://x.example/${'x'.repeat(1981)}\u{1F600}` }),
        event('delivered', id, { at: harness.clock.now() + 30 * 24 * HOUR_MS }),
      ])
      expectEqual(answer.status, 200)
      const { status, events, deliveredAt } = await notifications.trackDelivery(id)
      expectEqual([status, events.length, deliveredAt], ['clicked', 3, harness.clock.now()])
    },
  },
]
