import fc from 'fast-check'
import { expect, test } from 'vitest'
import { canonicalJson } from './canonical-json.ts'

test('canonicalJson() writes the example of RFC 8785', () => {
  const value = {
    numbers: [Number('333333333.33333329'), 1e30, 4.5, 2e-3, 0.000000000000000000000000001],
    string: '\u20ac$\u000F\u000aA\'\u0042\u0022\u005c\\"/',
    literals: [null, true, false],
  }
  expect(canonicalJson(value)).toBe(
    String.raw`{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}`,
  )
})

test('canonicalJson() sorts keys by UTF-16 code units, also those that look like indexes', () => {
  expect(canonicalJson({ '\ufb33': 1, '😀': 2, 10: 3, 9: 4, __proto__: null, b: 5, a: 6 })).toBe(
    '{"10":3,"9":4,"a":6,"b":5,"😀":2,"\ufb33":1}',
  )
})

test('canonicalJson() keeps apart what JSON keeps apart', () => {
  const values = [{}, [], null, '', 0, false, { a: null }, [null], { a: 0, b: 5 }, { a: 5, b: 0 }]
  expect(new Set(values.map(canonicalJson)).size).toBe(values.length)
  expect(canonicalJson(-0)).toBe('0')
})

test('canonicalJson() leaves out undefined properties and refuses what JSON cannot carry', () => {
  expect(canonicalJson({ a: undefined, b: 1 })).toBe('{"b":1}')
  const nested = (levels: number): unknown => (levels === 0 ? 1 : [nested(levels - 1)])
  expect(canonicalJson(nested(200))).toContain('1')
  const circular: unknown[] = []
  circular.push(circular)
  const refused = [
    undefined,
    [undefined],
    Array(1),
    NaN,
    Infinity,
    1n,
    Symbol('s'),
    () => 1,
    new Date(0),
    new Map(),
    new Uint8Array(1),
    nested(201),
    circular,
  ]
  for (const value of refused) expect(() => canonicalJson(value)).toThrow(TypeError)
})

test('canonicalJson() is the same for equal values however their keys are ordered, and parses back', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue()), (value) => {
      const shuffled = Object.fromEntries(Object.entries(value).toReversed())
      expect(canonicalJson(shuffled)).toBe(canonicalJson(value))
      expect(canonicalJson(JSON.parse(canonicalJson(value)))).toBe(canonicalJson(value))
      expect(JSON.stringify(JSON.parse(canonicalJson(value))).length).toBe(
        JSON.stringify(value).length,
      )
    }),
  )
})
