import { expect, test } from 'vitest'
import { isEventPattern, matchesEventPattern } from '../events/event-pattern.ts'
import { bucketsFor, bucketsOf } from './subscriptions.ts'

test.for([
  [['order.paid'], ['=order.paid']],
  [['*'], ['~']],
  [['order.*', 'order.*.failed'], ['~order']],
  [
    ['order.item.*', '*.failed', 'a'],
    ['~order.item', '~', '=a'],
  ],
] as const)('bucketsOf(%j) is %j', ([patterns, buckets]) => {
  expect(bucketsOf(patterns)).toEqual(buckets)
})

test('bucketsOf() puts an endpoint of very many event types where anything is looked for', () => {
  const types = Array.from({ length: 61 }, (_, index) => `type.${index}`)
  expect(bucketsOf(types.slice(1))).toHaveLength(60)
  expect(bucketsOf(types)).toEqual(['~'])
})

test('bucketsFor() meets bucketsOf() wherever a pattern matches', () => {
  const words = ['a', 'b', '*']
  const patterns = [1, 2, 3].flatMap((length) =>
    Array.from({ length: words.length ** length }, (_, number) =>
      Array.from({ length }, (_word, at) => words[Math.floor(number / 3 ** at) % 3]).join('.'),
    ),
  )
  const types = ['a', 'b', 'a.b', 'b.a', 'a.a.a', 'a.b.a', 'b.b.b.a', 'a.b.a.b.a']
  for (const pattern of patterns) {
    expect(isEventPattern(pattern)).toBe(true)
    for (const type of types)
      if (matchesEventPattern(pattern, type))
        expect(bucketsFor(type), `${pattern} for ${type}`).toContain(bucketsOf([pattern])[0])
  }
})
