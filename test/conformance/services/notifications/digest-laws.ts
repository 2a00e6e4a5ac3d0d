import { expectEqual, expectTrue } from '../../../../src/runtime/ports/conformance.ts'
import { createCrashingBackend } from '../../../support/crashing-backend.ts'
import { collect, HOUR_MS, whileTimePasses, type NotificationLaw } from './notification-fixture.ts'
import { ANN, openForUsers as open } from './user-fixture.ts'

/** How what comes within a time is told together. */
export const digestLaws: readonly NotificationLaw[] = [
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
  {
    name: 'a digest whose providers fail for now is told later, whole',
    async run(harness) {
      const { notifications, email, sms } = await open(harness)
      email.answers = ['unavailable', 'unavailable', 'ok']
      sms.answers = ['unavailable', 'unavailable', 'ok']
      for (const n of [1, 2])
        await notifications.notify(ANN, 'news', { n }, { digest: { window: '1m' } })
      for (let round = 0; round < 4; round++) {
        await harness.advance(60_000)
        await notifications.drain()
      }
      expectEqual([email.got.length, email.got[2]?.subject], [3, '2 news'])
      expectEqual(
        (await collect(notifications.list())).map(({ status }) => status),
        ['sent'],
      )
    },
  },
  {
    name: 'a digest takes all that comes at once, and opens once',
    async run(harness) {
      const { notifications, another, email } = await open(harness)
      const joining = Array.from({ length: 70 }, (_, n) =>
        another().notify(ANN, 'news', { n }, { digest: { window: '1h' } }),
      )
      await whileTimePasses(harness, Promise.all(joining))
      await harness.advance(HOUR_MS)
      await notifications.drain()
      expectEqual(
        email.got.map(({ subject }) => subject),
        ['70 news'],
      )
    },
  },
  {
    name: 'a digest whose job is gone is told with what joins it next',
    async run(harness) {
      const { backend, notifications, email } = await open(harness)
      const digest = { digest: { window: '1h' } } as const
      await notifications.notify(ANN, 'news', { n: 1 }, digest)
      const queue = backend.jobStore.queue('notifications')
      const { jobs } = await queue.list({ state: 'scheduled', limit: 10 })
      await queue.command({ type: 'cancel', ids: jobs.map(({ id }) => id) })
      await harness.advance(2 * HOUR_MS)
      await notifications.drain()
      expectEqual(email.got.length, 0)
      for (const n of [2, 3]) await notifications.notify(ANN, 'news', { n }, digest)
      await notifications.drain()
      expectEqual(
        email.got.map(({ subject }) => subject),
        ['3 news'],
      )
      // One that is only late is told once.
      await notifications.notify(ANN, 'news', { n: 4 }, digest)
      await harness.advance(2 * HOUR_MS)
      await notifications.notify(ANN, 'news', { n: 5 }, digest)
      await notifications.drain()
      expectEqual(
        email.got.map(({ subject }) => subject),
        ['3 news', '2 news'],
      )
    },
  },
  {
    name: 'what a user wants is asked when a digest is told, not when it is joined',
    async run(harness) {
      const { notifications, email } = await open(harness)
      await notifications.notify(ANN, 'news', { n: 1 }, { digest: { window: '1h' } })
      await notifications.preferences.update('ann', { categories: { news: false } })
      await harness.advance(HOUR_MS)
      await notifications.drain()
      expectEqual(email.got.length, 0)
      expectEqual(
        (await collect(notifications.list())).map(({ status }) => status),
        ['skipped'],
      )
    },
  },
]
