import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readBaggage, writeBaggage } from './baggage.ts'

test('readBaggage() reads values, and leaves properties as they are', () => {
  const baggage = readBaggage('user=a%20b;p1; p2=%2C , empty=,k%=v,bad value=1,=x,nope,q="x"')
  expect(Array.from(baggage)).toEqual([
    ['user', { value: 'a b', properties: 'p1; p2=%2C' }],
    ['empty', { value: '' }],
    ['k%', { value: 'v' }],
  ])
  expect(writeBaggage(baggage)).toBe('user=a%20b;p1; p2=%2C,empty=,k%=v')
})

test('what is written is read as it was', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (value) => {
      const header = writeBaggage(new Map([['k', { value }]]))
      expect(header).toMatch(/^[\x21-\x7e]+$/)
      expect(readBaggage(header).get('k')?.value).toBe(value)
    }),
  )
})

test('both keep to the limits', () => {
  const many = new Map(Array.from({ length: 100 }, (_, at) => [`k${at}`, { value: 'v' }]))
  expect(readBaggage(writeBaggage(many)).size).toBe(64)
  const long = new Map(
    Array.from({ length: 10 }, (_, at) => [`k${at}`, { value: 'é'.repeat(300) }]),
  )
  expect(writeBaggage(long)?.length).toBeLessThanOrEqual(8192)
  expect(readBaggage(Array.from({ length: 100 }, (_, at) => `k${at}=v`).join()).size).toBe(64)
  expect(writeBaggage(new Map([['bad key', { value: 'v' }]]))).toBeUndefined()
})

test('writeBaggage() leaves out properties that no header can have', () => {
  const baggage = new Map([['a', { value: '1', properties: 'p=1\r\nx: y' }]])
  expect(writeBaggage(baggage)).toBe('a=1')
})
