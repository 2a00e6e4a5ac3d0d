import { expect, test } from 'vitest'
import { watchStore } from '../../../../test/support/watched-store.ts'
import type {
  StoreChange,
  StorePartition,
} from '../../../runtime/ports/atomic-store/atomic-store.ts'
import { memory } from '../../../runtime/backends/memory/index.ts'
import { deliveryKeys as keys, type DeliveryPosition } from './delivery-keys.ts'
import { readPublished, type ReadPublishedOptions } from './read-published.ts'

const COVERED_UNTIL = 5000

function alone(position: DeliveryPosition): NonNullable<StoreChange['set']>[number] {
  return { key: keys.publishedAlone(position), value: [position.endpointId, COVERED_UNTIL] }
}

async function pagesOf(
  partition: StorePartition,
  options: ReadPublishedOptions & { readonly limit: number },
): Promise<string[]> {
  const found: string[] = []
  for (let page: readonly string[] | null = null; page === null || page.length === options.limit;) {
    page = await readPublished(partition, { ...options, after: found.at(-1) ?? null })
    found.push(...page)
  }
  return found
}

test('readPublished() answers in order, each once, though some came later and some are named again', async () => {
  const partition = memory().store.partition('p')
  const expected: string[] = []
  for (let event = 0; event < 40; event++) {
    const position = { createdAt: 1000 + event, eventId: 'e' }
    await partition.commit({
      set: [
        { key: keys.published({ ...position, endpointId: 'a' }), value: ['a', 'c', 'd'] },
        { key: keys.published({ ...position, endpointId: 'f' }), value: ['f', 'h'] },
        ...[...'bdeghi'].map((endpointId) => alone({ ...position, endpointId })),
      ],
    })
    expected.unshift(
      ...[...'ihgfedcba'].map((endpointId) => keys.cursor({ ...position, endpointId })),
    )
  }
  for (const limit of [1, 2, 4, 31, 100, 1000])
    expect(await pagesOf(partition, { now: 2000, limit }), `of ${limit}`).toEqual(expected)
  const prefix = keys.publishedOf({ createdAt: 1007, eventId: 'e' })
  expect(await readPublished(partition, { now: 2000, prefix })).toHaveLength(9)
})

test('readPublished() reads on where more that came later stand around than a page has', async () => {
  const partition = memory().store.partition('p')
  const position = { createdAt: 1000, eventId: 'e' }
  const later = Array.from({ length: 100 }, (_, index) => `b${String(index).padStart(3, '0')}`)
  await partition.commit({
    set: [
      { key: keys.published({ ...position, endpointId: 'a' }), value: ['a', 'b050x', 'c'] },
      ...later.map((endpointId) => alone({ ...position, endpointId })),
    ],
  })
  const expected = ['a', ...later, 'b050x', 'c']
    .toSorted()
    .toReversed()
    .map((endpointId) => keys.cursor({ ...position, endpointId }))
  for (const limit of [1, 7, 60])
    expect(await pagesOf(partition, { now: 2000, limit }), `of ${limit}`).toEqual(expected)
})

test('readPublished() costs by its page, also where only those named again are left', async () => {
  const { store } = memory()
  const watched = watchStore(store)
  const partition = watched.partition('p')
  const ids = Array.from({ length: 1000 }, (_, index) => `ep_${String(index).padStart(4, '0')}`)
  for (let start = 0; start < ids.length; start += 100)
    await partition.commit({
      set: ids
        .slice(start, start + 100)
        .map((endpointId) => alone({ createdAt: 1000, eventId: 'e', endpointId })),
    })
  const found = await pagesOf(partition, { now: COVERED_UNTIL, limit: 10 })
  expect(found).toHaveLength(1000)
  expect(watched.reads).toBeLessThanOrEqual(101)
})
