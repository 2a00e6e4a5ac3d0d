import { expect, test } from 'vitest'
import { countSmsSegments } from './sms-segments.ts'
import { normalizeSms } from './normalize-sms.ts'

test('normalizeSms() writes typography plainly and leaves letters alone', () => {
  expect(normalizeSms('“Hi” ‘you’ — 12\u00a0000\u202fzł… ½ • ＡＢ１')).toBe(
    '"Hi" \'you\' - 12 000 zł... 1/2 - AB1',
  )
  expect(normalizeSms('żółw 日本 😀 ÷')).toBe('żółw 日本 😀 ÷')
})

test('normalizeSms() saves a segment where typography alone cost it', () => {
  const text = `${'Your order is on its way '.repeat(5)}…`
  expect(countSmsSegments(text)).toMatchObject({ encoding: 'UCS-2', segments: 2 })
  expect(countSmsSegments(normalizeSms(text))).toMatchObject({ encoding: 'GSM-7', segments: 1 })
})
