import { expect, test } from 'vitest'
import { decodeRing, encodeRing } from './ring.ts'

test('decodeRing() reads what encodeRing() wrote', () => {
  for (const ring of [
    { queue: 'q', afterMs: 0 },
    { queue: 'a.b:c', afterMs: 12.5 },
  ]) {
    const text = JSON.stringify(encodeRing(ring))
    expect(decodeRing(JSON.parse(text))).toEqual(ring)
  }
})

test('decodeRing() answers null for anything else', () => {
  for (const body of [
    null,
    undefined,
    'q',
    [],
    {},
    { ring: 1 },
    { ring: 'q', afterMs: -1 },
    { ring: 'q', afterMs: '5' },
    { ring: 'q', afterMs: NaN },
    { name: 'n', data: 1 },
  ])
    expect(decodeRing(body)).toBeNull()
})
