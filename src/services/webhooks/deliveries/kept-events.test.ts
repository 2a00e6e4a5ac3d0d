import { expect, test } from 'vitest'
import { watchStore } from '../../../../test/support/watched-store.ts'
import { memory } from '../../../runtime/backends/memory/index.ts'
import { createFakeClock } from '../../../testing/fake-clock.ts'
import { eventEntry } from './delivery-changes.ts'
import { createKeptEvents, type KeptEvent } from './kept-events.ts'

test('read() asks the store once, until the event is kept no longer', async () => {
  const { clock, store, keep, events } = open()
  const event = await keep('e', { body: 'body', keepForMs: 1000 })
  expect([await events.read('p', 'e'), await events.read('p', 'e')]).toEqual([event, event])
  expect([await events.publishedAt('p', 'e'), events.knownAt('p', 'e')]).toEqual([
    event.at,
    event.at,
  ])
  expect(store.reads).toBe(1)
  await clock.advance(1000)
  expect(events.knownAt('p', 'e')).toBe(undefined)
  expect([await events.read('p', 'e'), await events.publishedAt('p', 'e')]).toEqual([null, null])
})

test('read() asks again for a long body, of which only the time is remembered', async () => {
  const { store, keep, events } = open()
  const event = await keep('e', { body: 'x'.repeat(16_385), keepForMs: 1000 })
  for (let time = 0; time < 2; time++) expect(await events.read('p', 'e')).toEqual(event)
  expect(store.reads).toBe(2)
  expect(events.knownAt('p', 'e')).toBe(event.at)
})

function open() {
  const clock = createFakeClock()
  const store = watchStore(memory({ clock }).store)
  async function keep(
    id: string,
    { body, keepForMs }: { readonly body: string; readonly keepForMs: number },
  ): Promise<KeptEvent> {
    const event = { at: clock.now(), keepUntil: clock.now() + keepForMs, body }
    await store.partition('p').commit({ set: [eventEntry(id, event, clock.now())] })
    return event
  }
  return { clock, store, keep, events: createKeptEvents(store, clock) }
}
