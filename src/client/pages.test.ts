import { expect, test } from 'vitest'
import { createPages } from './pages.ts'

function listing(...pages: readonly unknown[]) {
  const asked: (string | undefined)[] = []
  const list = createPages('items', async (cursor) => {
    asked.push(cursor)
    return pages[asked.length - 1]
  })
  return { asked, list }
}

test('createPages() is its first page, awaited', async () => {
  const page = { items: [1], cursor: 'a' }
  const { asked, list } = listing(page)
  expect(await list).toEqual(page)
  expect(await list).toEqual(page)
  expect(asked).toEqual([undefined])
})

test('createPages() goes through the entries of all pages, each asked for when it is needed', async () => {
  const { asked, list } = listing(
    { items: [1, 2], cursor: 'a' },
    { items: [], cursor: 'b' },
    { items: [3], cursor: null },
  )
  const seen: unknown[] = []
  for await (const item of list) {
    seen.push(item)
    if (seen.length === 1) expect(asked).toEqual([undefined])
  }
  expect([seen, asked]).toEqual([
    [1, 2, 3],
    [undefined, 'a', 'b'],
  ])
})

test('createPages() ends where a cursor comes again', async () => {
  const page = { items: [1], cursor: 'a' }
  const { asked, list } = listing(page, page, page)
  const seen: unknown[] = []
  for await (const one of list.pages()) seen.push(one)
  expect([seen.length, asked]).toEqual([2, [undefined, 'a']])
})
