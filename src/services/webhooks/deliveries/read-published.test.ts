import { expect, test } from 'vitest'
import { memory } from '../../../runtime/backends/memory/index.ts'
import { deliveryKeys as keys } from './delivery-keys.ts'
import { readPublished } from './read-published.ts'

test('readPublished() answers in order, each once, though a fan-out that was done again left its names among others', async () => {
  const partition = memory().store.partition('p')
  const expected: string[] = []
  for (let event = 0; event < 40; event++) {
    const position = { createdAt: 1000 + event, eventId: 'e' }
    const write = (endpointIds: readonly string[]) =>
      partition.commit({
        set: [
          {
            key: keys.published({ ...position, endpointId: endpointIds[0] ?? '' }),
            value: endpointIds,
          },
        ],
      })
    await write(['a', 'd', 'f'])
    await write(['b', 'e', 'g'])
    await partition.commit({
      set: [{ key: keys.publishedAgain({ ...position, endpointId: 'd' }), value: ['d'] }],
    })
    expected.unshift(
      ...['g', 'f', 'e', 'd', 'b', 'a'].map((endpointId) =>
        keys.cursor({ ...position, endpointId }),
      ),
    )
  }
  for (const limit of [1, 4, 31, 100, Infinity]) {
    const found: string[] = []
    for (let page: readonly string[] | null = null; page === null || page.length === limit;) {
      page = await readPublished(partition, { after: found.at(-1) ?? null, limit })
      found.push(...page)
    }
    expect(found, `pages of ${limit}`).toEqual(expected)
  }
  const prefix = keys.publishedOf({ createdAt: 1007, eventId: 'e' })
  expect(await readPublished(partition, { prefix })).toHaveLength(6)
})
