import { expect, test } from 'vitest'
import { otlpAttributes } from './otlp-values.ts'

const read = (fields: Readonly<Record<string, unknown>>): unknown =>
  JSON.parse(otlpAttributes(fields))

test('an attribute is what it is given now, whatever was written under its name before', () => {
  const list = ['a']
  for (const [value, expected] of [
    ['x', { stringValue: 'x' }],
    ['x', { stringValue: 'x' }],
    [1, { intValue: '1' }],
    ['1', { stringValue: '1' }],
    [true, { boolValue: true }],
    [1.5, { doubleValue: 1.5 }],
    [NaN, { doubleValue: 'NaN' }],
    [-Infinity, { doubleValue: '-Infinity' }],
    ['y'.repeat(100), { stringValue: 'y'.repeat(100) }],
    ['z'.repeat(100), { stringValue: 'z'.repeat(100) }],
    [list, { arrayValue: { values: [{ stringValue: 'a' }] } }],
  ] as const)
    expect(read({ k: value })).toEqual([{ key: 'k', value: expected }])
  list.push('b')
  expect(read({ k: list, n: null, u: undefined })).toEqual([
    { key: 'k', value: { arrayValue: { values: [{ stringValue: 'a' }, { stringValue: 'b' }] } } },
  ])
})

test('attributes within one another do not take each other’s place', () => {
  expect(read({ a: { a: { a: 'x' } } })).toEqual([
    {
      key: 'a',
      value: {
        kvlistValue: {
          values: [
            {
              key: 'a',
              value: { kvlistValue: { values: [{ key: 'a', value: { stringValue: 'x' } }] } },
            },
          ],
        },
      },
    },
  ])
})
