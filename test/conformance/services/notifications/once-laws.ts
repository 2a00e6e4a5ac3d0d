import { expectEqual, expectTrue } from '../../../../src/runtime/ports/conformance.ts'
import { NotificationError } from '../../../../src/services/notifications/notification-error.ts'
import { createCrashingBackend } from '../../../support/crashing-backend.ts'
import {
  emailProvider,
  event,
  hear,
  HELLO,
  notificationsOn,
  open,
  readUnsigned,
  rejectsWith,
  whileTimePasses,
  type NotificationHarness,
  type NotificationLaw,
  type TestEmailProvider,
} from './notification-fixture.ts'

const KEYED = { ...HELLO, idempotencyKey: 'order-1' } as const
/** Longer than a request and what is left for its end. */
const LEASE_MS = 65_000

/** That a message is sent once, or said to be unknown. */
export const onceLaws: readonly NotificationLaw[] = [
  {
    name: 'a provider that answers nothing, or something odd, has sent the message',
    async run(harness) {
      for (const answer of [undefined, null, 7, 'id', { providerMessageId: 7 }]) {
        const provider = emailProvider('only', async () => answer as never)
        const { notifications } = await open(harness, { email: [provider] })
        const { id, status, providerMessageId } = await notifications.sendEmail(HELLO)
        expectEqual([status, providerMessageId], ['sent', null])
        expectEqual((await notifications.trackDelivery(id)).status, 'sent')
      }
    },
  },
  {
    name: 'the same key sends once and answers the same each time, also from another process',
    async run(harness) {
      const provider = emailProvider('only')
      const { backend, notifications } = await open(harness, { email: [provider] })
      const first = await notifications.sendEmail(KEYED)
      const other = notificationsOn(backend, harness, { email: [provider] })
      expectEqual(await other.sendEmail(KEYED), first)
      expectEqual(provider.got.length, 1)
      await rejectsWith('idempotency_conflict', () =>
        other.sendEmail({ ...KEYED, subject: 'Something else' }),
      )
      await rejectsWith('idempotency_conflict', () =>
        other.sendEmail({ ...KEYED, attachments: [{ filename: 'a.txt', text: 'x' }] }),
      )
      // Equal content is not the same message.
      await notifications.sendEmail(HELLO)
      await notifications.sendEmail(HELLO)
      expectEqual(provider.got.length, 3)
    },
  },
  {
    name: 'of many calls under one key at the same time exactly one sends',
    async run(harness) {
      const provider = emailProvider('only')
      const { backend } = await open(harness)
      const processes = Array.from({ length: 8 }, () =>
        notificationsOn(backend, harness, { email: [provider] }),
      )
      const outcomes = await Promise.allSettled(processes.map((each) => each.sendEmail(KEYED)))
      expectEqual(provider.got.length, 1)
      for (const outcome of outcomes) {
        if (outcome.status === 'fulfilled') expectEqual(outcome.value.status, 'sent')
        else
          expectTrue(
            outcome.reason instanceof NotificationError && outcome.reason.code === 'in_progress',
            `in_progress, got ${String(outcome.reason)}`,
          )
      }
    },
  },
  {
    name: 'a process that dies at any write sends once, or leaves what is said to be ambiguous',
    async run(harness) {
      for (const when of ['before', 'after'] as const) {
        for (let crashAt = 1, crashed = true; crashed && crashAt < 12; crashAt++) {
          const provider = emailProvider('only')
          crashed = await dieAt(harness, provider, crashAt, when)
          const outcome = await settle(harness, provider)
          const at = `died ${when} write ${crashAt}: ${outcome}`
          expectTrue(provider.got.length <= 1, `${at}, sent ${provider.got.length} times`)
          expectTrue(outcome === 'ambiguous' || provider.got.length === 1, at)
        }
      }
    },
  },
  {
    name: 'a vendor that knows our ids gets the message under one id, however often a process died',
    async run(harness) {
      for (let crashAt = 1; crashAt < 6; crashAt++) {
        const provider = emailProvider('only')
        provider.idempotent = true
        await dieAt(harness, provider, crashAt, 'before')
        expectEqual(await settle(harness, provider), 'sent', `died before write ${crashAt}`)
        expectEqual(new Set(provider.got.map(({ id }) => id)).size, 1)
      }
    },
  },
  {
    name: 'a message whose end nobody wrote shows as ambiguous, until a webhook says what became of it',
    async run(harness) {
      const provider = emailProvider('only')
      const backend = await harness.open()
      const dying = createCrashingBackend(backend, 2, 'before')
      const options = { email: [provider], webhooks: { only: readUnsigned } }
      const first = notificationsOn(dying.backend, harness, options)
      // It was sent; that nobody could write it down is no reason to say otherwise.
      expectEqual((await whileTimePasses(harness, first.sendEmail(KEYED))).status, 'sent')
      await harness.advance(LEASE_MS)
      const second = notificationsOn(backend, harness, options)
      const id = provider.got[0]?.id ?? ''
      expectEqual((await second.trackDelivery(id)).status, 'ambiguous')
      await rejectsWith('ambiguous', () => second.sendEmail(KEYED))
      await hear(second, 'only', [event('delivered', id)])
      expectEqual((await second.trackDelivery(id)).status, 'delivered')
      expectEqual((await second.sendEmail(KEYED)).status, 'sent')
      expectEqual(provider.got.length, 1)
    },
  },
  {
    name: 'an ambiguous message may be sent again where duplicates are accepted',
    async run(harness) {
      const provider = emailProvider('only', 'ambiguous', 'ok')
      const { notifications } = await open(harness, { email: [provider] })
      const accepting = { ...KEYED, duplicates: 'accept' } as const
      await rejectsWith('ambiguous', () => notifications.sendEmail(accepting))
      expectEqual((await notifications.sendEmail(accepting)).status, 'sent')
      expectEqual(provider.got.length, 2)
    },
  },
  {
    name: 'a queued message whose worker dies at any write is sent once, or said to be ambiguous',
    async run(harness) {
      const outcomes = new Set<string>()
      for (let crashAt = 1, crashed = true; crashed && crashAt < 12; crashAt++) {
        const provider = emailProvider('only')
        const { backend, notifications } = await open(harness, { email: [provider] })
        const { id, status } = await notifications.sendEmail({ ...HELLO, queued: true })
        expectEqual([status, provider.got.length], ['queued', 0])
        const dying = createCrashingBackend(backend, crashAt, 'before')
        const worker = notificationsOn(dying.backend, harness, { email: [provider] })
        await whileTimePasses(
          harness,
          worker.drain({ onError: () => undefined }).catch(() => undefined),
        )
        await harness.advance(LEASE_MS)
        await notifications.drain()
        const end = (await notifications.trackDelivery(id)).status
        outcomes.add(end)
        const at = `died at write ${crashAt}: ${end}, sent ${provider.got.length} times`
        expectTrue(end === 'sent' ? provider.got.length === 1 : end === 'ambiguous', at)
        expectTrue(provider.got.length <= 1, at)
        crashed = dying.crashed()
      }
      expectEqual([...outcomes].toSorted(), ['ambiguous', 'sent'])
    },
  },
  {
    name: 'a store that cannot be asked sends nothing',
    async run(harness) {
      const provider = emailProvider('only')
      const backend = await harness.open()
      const dying = createCrashingBackend(backend, 1, 'before')
      const notifications = notificationsOn(dying.backend, harness, { email: [provider] })
      const error = await whileTimePasses(
        harness,
        notifications.sendEmail(HELLO).catch((thrown: unknown) => thrown),
      )
      expectTrue(error instanceof Error, 'the call to fail')
      expectEqual(provider.got.length, 0)
    },
  },
]

/** Sends in a process that dies at one of its writes. @returns Whether it died */
async function dieAt(
  harness: NotificationHarness,
  provider: TestEmailProvider,
  crashAt: number,
  when: 'before' | 'after',
): Promise<boolean> {
  const backend = await harness.open()
  const dying = createCrashingBackend(backend, crashAt, when)
  const first = notificationsOn(dying.backend, harness, { email: [provider] })
  await whileTimePasses(
    harness,
    first.sendEmail(KEYED).catch(() => undefined),
  )
  opened.set(provider, backend)
  return dying.crashed()
}

const opened = new WeakMap<TestEmailProvider, Awaited<ReturnType<NotificationHarness['open']>>>()

/** Asks again in another process, once it is clear that the first is gone. */
async function settle(harness: NotificationHarness, provider: TestEmailProvider): Promise<string> {
  const backend = opened.get(provider)
  if (backend === undefined) throw new Error('Nothing was sent before')
  await harness.advance(LEASE_MS)
  const second = notificationsOn(backend, harness, { email: [provider] })
  try {
    return (await second.sendEmail(KEYED)).status
  } catch (error) {
    if (error instanceof NotificationError) return error.code
    throw error
  }
}
