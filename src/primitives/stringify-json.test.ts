import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { stringifyJson } from './stringify-json.ts'
import { writeJson } from './write-json.ts'

test('stringifyJson() writes what writeJson() writes, and refuses what it refuses', () => {
  fc.assert(
    fc.property(
      fc.anything({ withBigInt: true, withDate: true, withMap: true, withSparseArray: true }),
      (value) => {
        expect(attempt(() => stringifyJson(value))).toEqual(attempt(() => writeJson(value)))
      },
    ),
    { numRuns: 2000 },
  )
})

test.each([
  ['-0', { a: -0 }, '{"a":-0}'],
  ['an object without a prototype', Object.assign(Object.create(null), { a: 1 }), '{"a":1}'],
  ['a key __proto__', JSON.parse('{"__proto__":1}'), '{"__proto__":1}'],
  ['an object of an object with the same prototype', { a: { b: [1] } }, '{"a":{"b":[1]}}'],
])('stringifyJson() keeps %s', (_name, value, text) => {
  expect(stringifyJson(value)).toBe(text)
})

test('stringifyJson() writes the items of an array whose kind has a toJSON', () => {
  class Numbers extends Array<number> {
    toJSON(): string {
      return 'numbers'
    }
  }
  expect(stringifyJson(Numbers.of(1, 2))).toBe('[1,2]')
})

test.each([
  ['a value that is undefined', { a: undefined }],
  ['NaN', [Number.NaN]],
  ['a Map', { a: new Map() }],
  ['a Set', new Set()],
  ['an Error', new Error('boom')],
  ['a Date', { a: new Date() }],
  ['a bigint', 1n],
  ['a function', { a: () => 1 }],
  ['a symbol', { [Symbol('a')]: 1 }],
  ['a half surrogate', { a: '\ud83d' }],
  ['a half surrogate in a key', { '\ud83d': 1 }],
  ['a hole', Object.assign([1], { length: 2 })],
  ['an array with a property of its own', 'x'.match(/x/)],
  ['bytes', new Uint8Array(2)],
  ['a class', new (class Order {})()],
  ['a boxed text', new String('x')],
  ['a getter that throws', Object.defineProperty({}, 'a', { enumerable: true, get: fail })],
  ['itself', cyclic()],
])('stringifyJson() refuses %s', (_name, value) => {
  expect(() => stringifyJson(value)).toThrow(TypeError)
})

function attempt(act: () => string): string {
  try {
    return act()
  } catch (error) {
    return String(error)
  }
}

function fail(): never {
  throw new Error('no')
}

function cyclic(): object {
  const value: { self?: object } = {}
  value.self = value
  return value
}
