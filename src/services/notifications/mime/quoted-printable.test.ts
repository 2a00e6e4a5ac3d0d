import fc from 'fast-check'
import { expect, test } from 'vitest'
import { encodeQuotedPrintable } from './quoted-printable.ts'

test.each([
  ['plain', 'plain'],
  ['a=b', 'a=3Db'],
  ['é', '=C3=A9'],
  ['ends with a space ', 'ends with a space=20'],
  ['tab\t', 'tab=09'],
  ['one\ntwo\rthree\r\nfour', 'one\r\ntwo\r\nthree\r\nfour'],
  ['.', '.'],
  ['', ''],
  ['x'.repeat(76), 'x'.repeat(76)],
  ['x'.repeat(77), `${'x'.repeat(75)}=\r\nxx`],
  [`${'x'.repeat(75)}é`, `${'x'.repeat(75)}=\r\n=C3=A9`],
])('encodeQuotedPrintable() writes %j', (text, written) => {
  expect(encodeQuotedPrintable(text)).toBe(written)
})

test('encodeQuotedPrintable() keeps lines short and decodes to the text', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 400 }), (given) => {
      const text = given.toWellFormed()
      const written = encodeQuotedPrintable(text)
      expect(written.split('\r\n').every((line) => line.length <= 76 && !/[ \t]$/.test(line))).toBe(
        true,
      )
      const decoded = Buffer.from(
        written
          .replaceAll('=\r\n', '')
          .replaceAll(/=([0-9A-F]{2})/g, (_all, hex: string) =>
            String.fromCharCode(Number.parseInt(hex, 16)),
          ),
        'latin1',
      ).toString('utf8')
      expect(decoded).toBe(text.replaceAll(/\r\n|\r|\n/g, '\r\n'))
    }),
    { numRuns: 2000 },
  )
})
