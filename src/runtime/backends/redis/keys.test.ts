import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createKeysOf, type KeyKind } from './keys.ts'

const names = fc.string({
  unit: fc.constantFrom('a', 'A', '{', '}', ':', '/', '%', ' ', 'ü', '😀'),
})

test('keysOf() puts one whole hash tag into every key of a name', () => {
  const keysOf = createKeysOf('app:prod')
  fc.assert(
    fc.property(names, (name) => {
      const keys = keysOf('store', name, ['entries', 'order'])
      const tags = keys.map((key) => /^app:prod:(\{[^{}]+\}):[a-z]+$/.exec(key)?.[1])
      expect(tags[0]).toBeDefined()
      expect(tags[1]).toBe(tags[0])
    }),
  )
})

test('keysOf() gives different keys for different prefixes, kinds and names', () => {
  const kinds = fc.constantFrom<KeyKind>('store', 'queue', 'limit')
  const prefixes = fc.constantFrom('a', 'a:', 'a:limit', 'a:limit:', 'a:store:b')
  const whole = fc.tuple(prefixes, kinds, names)
  fc.assert(
    fc.property(whole, whole, (left, right) => {
      fc.pre(left.join('|') !== right.join('|'))
      const [one, other] = [left, right].map(([prefix, kind, name]) =>
        createKeysOf(prefix)(kind, name, []),
      )
      expect(one).not.toEqual(other)
    }),
  )
})

test('keysOf() leaves ordinary names readable', () => {
  const keysOf = createKeysOf('reuse')
  expect(keysOf('limit', 'ip:203.0.113.7', [])).toEqual(['reuse:{limit:ip:203.0.113.7}'])
  expect(keysOf('store', 'a/b{c}', ['order'])).toEqual(['reuse:{store:a/b%7Bc%7D}:order'])
})

test('createKeysOf() refuses a prefix that would break the tag', () => {
  for (const prefix of ['', '{a}', 'a b', 'a'.repeat(65)])
    expect(() => createKeysOf(prefix)).toThrow(RangeError)
})
