import { expectEqual, expectTrue } from '../../../../src/runtime/ports/conformance.ts'
import type { InboxContent } from '../../../../src/services/notifications/inbox/inbox-channel.ts'
import { createInbox, type Inbox } from '../../../../src/services/notifications/inbox/inbox.ts'
import { createCrashingBackend } from '../../../support/crashing-backend.ts'
import { nextTurn } from '../../../support/next-turn.ts'
import {
  rejectsWith,
  whileTimePasses,
  type NotificationHarness,
  type NotificationLaw,
} from './notification-fixture.ts'

const DAY_MS = 86_400_000

async function open(harness: NotificationHarness): Promise<{ inbox: Inbox; another(): Inbox }> {
  const backend = await harness.open()
  const another = (): Inbox => createInbox({ backend, clock: harness.clock })
  return { inbox: another(), another }
}

/** What users find inside the application. */
export const inboxLaws: readonly NotificationLaw[] = [
  {
    name: 'items come in the order in which they were put, whoever puts them',
    async run(harness) {
      const { inbox, another } = await open(harness)
      await Promise.all(
        Array.from({ length: 10 }, (_, index) => another().create('ann', { title: `${index}` })),
      )
      for (const title of ['x', 'y']) await inbox.create('ann', { title })
      await inbox.create('bob', { title: 'other' })
      const first = await inbox.list('ann', { limit: 5 })
      expectEqual(
        first.items.slice(0, 2).map(({ title }) => title),
        ['y', 'x'],
      )
      const second = await inbox.list('ann', { limit: 5, cursor: first.cursor ?? '' })
      const third = await inbox.list('ann', { limit: 5, cursor: second.cursor ?? '' })
      const ids = [first, second, third].flatMap(({ items }) => items.map(({ id }) => id))
      expectEqual([new Set(ids).size, ids.length, third.cursor], [12, 12, null])
      expectEqual(ids, ids.toSorted().toReversed())
      expectEqual(await inbox.unreadCount('ann'), 12)
    },
  },
  {
    name: 'the same key puts one item, also at the same time, and never one that was removed',
    async run(harness) {
      const { inbox, another } = await open(harness)
      const put = (): Promise<{ readonly id: string }> =>
        another().create('ann', { title: 'Hello' }, { idempotencyKey: 'k' })
      const made = await Promise.all([put(), put(), put(), put()])
      expectEqual(new Set(made.map(({ id }) => id)).size, 1)
      expectEqual(await inbox.unreadCount('ann'), 1)
      const id = made[0]?.id ?? ''
      expectEqual(await inbox.remove('ann', id), true)
      expectEqual(await inbox.remove('ann', id), false)
      expectEqual((await put()).id, id)
      expectEqual((await inbox.list('ann')).items, [])
      expectEqual(await inbox.isRead('ann', id), true)
    },
  },
  {
    name: 'reading counts once, and all at the end',
    async run(harness) {
      const { inbox } = await open(harness)
      const ids: string[] = []
      for (let index = 0; index < 90; index++)
        ids.push((await inbox.create('ann', { title: `${index}` })).id)
      const some = ids.slice(0, 50)
      // Named twice is named once.
      expectEqual(await inbox.markRead('ann', [...some, ...some]), 50)
      expectEqual(await inbox.markRead('ann', [...some, ...some]), 0)
      expectEqual(
        [await inbox.isRead('ann', ids[0] ?? ''), await inbox.unreadCount('ann')],
        [true, 40],
      )
      const unread = await inbox.list('ann', { unread: true, limit: 100 })
      expectEqual(unread.items.length, 40)
      expectTrue(
        unread.items.every(({ readAt }) => readAt === null),
        'items that nobody read',
      )
      expectEqual(await inbox.markAllRead('ann'), 40)
      expectEqual(await inbox.markAllRead('ann'), 0)
      expectEqual((await inbox.list('ann', { unread: true })).items, [])
    },
  },
  {
    name: 'items go when their time is over, and with them what counts them',
    async run(harness) {
      const backend = await harness.open()
      const inbox = createInbox({ backend, clock: harness.clock, retention: '1d' })
      await inbox.create('ann', { title: 'Old' })
      await harness.advance(DAY_MS)
      await inbox.create('ann', { title: 'New' })
      expectEqual(
        (await inbox.list('ann')).items.map(({ title }) => title),
        ['New'],
      )
      expectEqual(await inbox.unreadCount('ann'), 1)
    },
  },
  {
    name: 'what would run a program, and what is no content, is refused',
    async run(harness) {
      const { inbox } = await open(harness)
      const wrong: readonly unknown[] = [
        ...[
          'javascript:alert(1)',
          'JavaScript:alert(1)',
          ' javascript:1',
          'java\nscript:1',
          '//evil',
          '/\\evil',
          '/\t/evil',
          'data:text/html,1',
          '',
        ].map((url) => ({ title: 'x', url })),
        { title: '' },
        { title: '\ud800' },
        { title: 'x'.repeat(501) },
        { title: 'x', body: 7 },
      ]
      for (const content of wrong)
        await rejectsWith('invalid_request', () => inbox.create('ann', content as InboxContent))
      for (const url of ['/orders/7', 'https://example.com', 'mailto:a@example.com'])
        await inbox.create('ann', { title: 'x', url })
      for (const id of ['', '__proto__', 'itm_1', 'itm_000000000001/../x'])
        await rejectsWith('not_found', () => inbox.remove('ann', id))
      for (const user of ['', 'x'.repeat(257), '\ud800'])
        await rejectsWith('invalid_request', () => inbox.create(user, { title: 'x' }))
    },
  },
  {
    name: 'a stream tells what comes from any process, and goes on where a client was',
    async run(harness) {
      const { inbox, another } = await open(harness)
      const old = await inbox.create('ann', { title: 'Before' })
      const closing = new AbortController()
      const request = new Request('https://example.com/live', { signal: closing.signal })
      const answer = await inbox.stream(request, 'ann')
      expectEqual(answer.headers.get('content-type'), 'text/event-stream')
      const read = reader(harness, answer)
      // What was there before is counted and not told.
      expectEqual(await read('unread'), '1')
      const fresh = await another().create('ann', { title: 'Fresh\ndata: x' })
      const told: unknown = JSON.parse(await read('item'))
      expectEqual(told, { ...fresh })
      expectEqual(await read('unread'), '2')
      await another().markAllRead('ann')
      expectEqual(await read('unread'), '0')
      closing.abort()
      const again = new Request('https://example.com/live', {
        headers: { 'last-event-id': old.id },
      })
      const resumed = await inbox.stream(again, 'ann')
      const readAgain = reader(harness, resumed)
      const missed = JSON.parse(await readAgain('item')) as { readonly id: string }
      expectEqual(missed.id, fresh.id)
      await readAgain.cancel()
    },
  },
  {
    name: 'what comes to one user all at once is all there, and read once',
    async run(harness) {
      const { inbox, another } = await open(harness)
      const put = Array.from({ length: 70 }, (_, index) =>
        another().create('ann', { title: `${index}` }),
      )
      const items = await whileTimePasses(harness, Promise.all(put))
      const ids = items.map(({ id }) => id)
      expectEqual([new Set(ids).size, await inbox.unreadCount('ann')], [70, 70])
      const reading = ids.map((id) => another().markRead('ann', id))
      const read = await whileTimePasses(
        harness,
        Promise.all([...reading, inbox.markAllRead('ann')]),
      )
      expectEqual(
        [read.reduce((sum, count) => sum + count, 0), await inbox.unreadCount('ann')],
        [70, 0],
      )
    },
  },
  {
    name: 'a stream that nobody waits for any more ends at once',
    async run(harness) {
      const { inbox } = await open(harness)
      const gone = AbortSignal.abort()
      const answer = await inbox.stream(new Request('https://x.example', { signal: gone }), 'ann')
      expectEqual(await answer.text(), 'retry: 3000\n\n')
    },
  },
  {
    name: 'a stream asks little of the store while nothing comes, and ends when its time is over',
    async run(harness) {
      const backend = await harness.open()
      let reads = 0
      const store: typeof backend.store = {
        partition(name) {
          const partition = backend.store.partition(name)
          return {
            ...bound(partition),
            get: (key) => {
              reads++
              return partition.get(key)
            },
          }
        },
      }
      const inbox = createInbox({ backend: { store }, clock: harness.clock })
      const options = { interval: '2s', duration: '1m' } as const
      const answer = await inbox.stream(new Request('https://example.com'), 'ann', options)
      const read = reader(harness, answer)
      expectEqual(await read('unread'), '0')
      expectEqual(await read('nothing'), '')
      expectTrue(reads > 25 && reads <= 35, `one read every two seconds, got ${reads} in a minute`)
    },
  },
  {
    name: 'a process that dies while it puts an item leaves it whole or not at all',
    async run(harness) {
      for (const when of ['before', 'after'] as const) {
        const backend = await harness.open()
        const { backend: dying } = createCrashingBackend(backend, 1, when)
        const first = createInbox({ backend: dying, clock: harness.clock })
        await first.create('ann', { title: 'x' }, { idempotencyKey: 'k' }).catch(() => undefined)
        const second = createInbox({ backend, clock: harness.clock })
        await second.create('ann', { title: 'x' }, { idempotencyKey: 'k' })
        expectEqual((await second.list('ann')).items.length, 1, when)
        expectEqual(await second.unreadCount('ann'), 1, when)
      }
    },
  },
]

function bound<Target extends object>(target: Target): Target {
  return new Proxy(target, {
    get(_, name) {
      const value: unknown = Reflect.get(target, name)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

/** Reads a stream until the next event of a name. @returns Its data; empty at the end */
function reader(
  { advance }: NotificationHarness,
  { body }: Response,
): ((name: string) => Promise<string>) & { cancel(): Promise<void> } {
  const stream = body?.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  const next = async (name: string): Promise<string> => {
    for (let look = 0; look < 400; look++) {
      const found = new RegExp(`^event: ${name}\\n(?:id: .*\\n)?data: (.*)\\n\\n`, 'm').exec(text)
      if (found !== null) {
        text = text.slice(found.index + found[0].length)
        return found[1] ?? ''
      }
      let pending = true
      const reading = stream?.read().finally(() => (pending = false))
      for (let tries = 0; tries < 400 && pending; tries++) {
        await nextTurn(true)
        if (tries % 4 === 3) await advance(500)
      }
      const chunk = await reading
      if (chunk === undefined || chunk.done) return ''
      text += chunk.value
    }
    return ''
  }
  return Object.assign(next, { cancel: async () => stream?.cancel() })
}
