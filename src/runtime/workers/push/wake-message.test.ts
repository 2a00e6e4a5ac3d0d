import { expect, test } from 'vitest'
import { decodeWakeMessage, encodeWakeMessage } from './wake-message.ts'

test('decodeWakeMessage() reads what encodeWakeMessage() wrote', () => {
  for (const wake of [
    { queue: 'q', afterMs: 0 },
    { queue: 'a.b:c', afterMs: 12.5 },
  ]) {
    const text = JSON.stringify(encodeWakeMessage(wake))
    expect(decodeWakeMessage(JSON.parse(text))).toEqual(wake)
  }
})

test('decodeWakeMessage() answers null for anything else', () => {
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
    expect(decodeWakeMessage(body)).toBeNull()
})
