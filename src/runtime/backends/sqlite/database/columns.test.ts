import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compareUtf8 } from '../../../../primitives/compare-utf8.ts'
import { fromSqlText, toSqlText } from './columns.ts'

const text = fc.string({
  unit: fc.constantFrom('\u0000', '\u0001', '\u0002', 'a', 'ü', '😀', '\uffee'),
})

test('fromSqlText() gives back what toSqlText() was given, and that holds no NUL', () => {
  fc.assert(
    fc.property(text, (given) => {
      expect(toSqlText(given)).not.toContain('\u0000')
      expect(fromSqlText(toSqlText(given))).toBe(given)
    }),
  )
})

test('toSqlText() keeps the order by UTF-8 bytes, and prefixes', () => {
  fc.assert(
    fc.property(text, text, (a, b) => {
      expect(Math.sign(compareUtf8(toSqlText(a), toSqlText(b)))).toBe(Math.sign(compareUtf8(a, b)))
      expect(toSqlText(a).startsWith(toSqlText(b))).toBe(a.startsWith(b))
    }),
  )
})
