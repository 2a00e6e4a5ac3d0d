import { expect, test } from 'vitest'
import { chunkBySize } from './chunk-by-size.ts'

const charsOf = (text: string): number => text.length

test('chunkBySize() fills chunks in order, up to the number of items', () => {
  const limits = { items: 2, chars: 100, charsOf }
  expect(chunkBySize(['a', 'b', 'c'], limits)).toEqual([['a', 'b'], ['c']])
  expect(chunkBySize([], limits)).toEqual([])
})

test('chunkBySize() begins a chunk where the characters would be too many, and lets a larger item stand alone', () => {
  const limits = { items: 9, chars: 4, charsOf }
  expect(chunkBySize(['aa', 'bb', 'c', 'dddddd', 'e'], limits)).toEqual([
    ['aa', 'bb'],
    ['c'],
    ['dddddd'],
    ['e'],
  ])
})

test('chunkBySize() lets an item stand alone that must', () => {
  const limits = { items: 9, chars: 99, charsOf, isAlone: (text: string) => text === 'x' }
  expect(chunkBySize(['a', 'x', 'b', 'c'], limits)).toEqual([['a'], ['x'], ['b', 'c']])
})
