import fc from 'fast-check'
import PostalMime from 'postal-mime'
import { expect, test } from 'vitest'
import { encodeWords } from './encoded-word.ts'
import { mailboxField, parameterField, textField } from './header-field.ts'

/** Text without what `lineFault()` refuses before it gets here. */
const lines = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 300 })
  .filter((text) => text.isWellFormed() && !/[\p{Cc}\u2028\u2029]/u.test(text))

test('textField() leaves plain text alone and folds it where it can be', () => {
  expect(textField('Subject', 'Hello World')).toBe('Subject: Hello World\r\n')
  const words = 'word '.repeat(40).trim()
  const field = textField('Subject', words)
  expect(field.split('\r\n').every((line) => line.length <= 76)).toBe(true)
  expect(field.replaceAll('\r\n', '').slice('Subject: '.length)).toBe(words)
})

test('textField() writes what is not plain as encoded words', () => {
  expect(textField('Subject', 'Zażółć')).toBe('Subject: =?UTF-8?B?WmHFvMOzxYLEhw==?=\r\n')
  expect(textField('Subject', 'Cafe é')).toBe('Subject: =?UTF-8?Q?Cafe_=C3=A9?=\r\n')
  // Looks encoded, or would lose spaces: encoded, so that it is read as it was written.
  expect(textField('Subject', '=?UTF-8?Q?x?=')).not.toContain('=?UTF-8?Q?x?=')
  expect(textField('Subject', 'two  spaces')).toContain('=?UTF-8?Q?two__spaces?=')
  expect(textField('Subject', 'x'.repeat(990))).toContain('=?UTF-8?Q?')
})

test('encodeWords() keeps to 75 characters, breaks no character, and decodes to the text', () => {
  fc.assert(
    fc.property(lines, (text) => {
      const words = encodeWords(text)
      let decoded = ''
      for (const word of words) {
        expect(word.length).toBeLessThanOrEqual(75)
        const [, encoding, content = ''] = /^=\?UTF-8\?([BQ])\?([!-~]*)\?=$/.exec(word) ?? []
        const bytes =
          encoding === 'B'
            ? Buffer.from(content, 'base64')
            : Buffer.from(
                content
                  .replaceAll('_', ' ')
                  .replaceAll(/=([0-9A-F]{2})/g, (_all, hex: string) =>
                    String.fromCharCode(Number.parseInt(hex, 16)),
                  ),
                'latin1',
              )
        // Each word is whole UTF-8 by itself.
        decoded += new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
      }
      expect(decoded).toBe(text)
    }),
    { numRuns: 2000 },
  )
})

test('a real parser reads every header back, and sees no other', async () => {
  await fc.assert(
    fc.asyncProperty(lines, lines, async (subject, name) => {
      const head = textField('Subject', subject) + mailboxField('To', [mailbox(name), mailbox('b')])
      expect(head.split('\r\n').every((line) => line.length <= 998)).toBe(true)
      expect(/^[\r\n -~]*$/.test(head)).toBe(true)
      const mail = await PostalMime.parse(`${head}\r\n`)
      expect(mail.headers.map(({ key }) => key)).toEqual(['subject', 'to'])
      // The parser leaves out spaces at the ends, and what has no width.
      expect(bare(mail.subject)).toBe(bare(subject))
      expect(mail.to?.map(({ address }) => address)).toEqual(['a@example.com', 'a@example.com'])
      expect(bare(mail.to?.[0]?.name)).toBe(bare(name))
    }),
    { numRuns: 500 },
  )
})

test('parameterField() writes plain values quoted and others percent-encoded, in pieces', async () => {
  expect(parameterField('Content-Disposition', 'attachment', { filename: 'a "b".pdf' })).toBe(
    'Content-Disposition: attachment; filename="a \\"b\\".pdf"\r\n',
  )
  expect(parameterField('Content-Disposition', 'attachment', { filename: '=?utf-8?q?x?=' })).toBe(
    "Content-Disposition: attachment; filename*=UTF-8''%3D%3Futf-8%3Fq%3Fx%3F%3D\r\n",
  )
  expect(parameterField('Content-Disposition', 'attachment', { filename: 'Zażółć.pdf' })).toBe(
    "Content-Disposition: attachment;\r\n filename*=UTF-8''Za%C5%BC%C3%B3%C5%82%C4%87.pdf\r\n",
  )
  await fc.assert(
    fc.asyncProperty(lines, async (filename) => {
      const field = parameterField('Content-Disposition', 'attachment', { filename })
      expect(field.split('\r\n').every((line) => line.length <= 78)).toBe(true)
      const mail = await PostalMime.parse(`Content-Type: application/pdf\r\n${field}\r\nx`)
      expect(mail.attachments[0]?.filename).toBe(filename)
    }),
    { numRuns: 500 },
  )
})

function mailbox(name: string): { readonly email: string; readonly name: string } {
  return { email: 'a@example.com', name }
}

function bare(text: string | undefined): string | undefined {
  return text?.replaceAll(/\s+/gu, ' ').trim()
}

test.each([
  ['Subject', textField('Subject', 'ż'.repeat(100))],
  ['Subject', textField('Subject', `${'word '.repeat(30)}é`)],
  [
    'To',
    mailboxField('To', [mailbox('Żółw '.repeat(20).trim()), mailbox('Żółw '.repeat(20).trim())]),
  ],
  [
    'X-A-Name-That-Leaves-Little-Room-For-Words',
    textField('X-A-Name-That-Leaves-Little-Room-For-Words', 'ż'.repeat(60)),
  ],
])('a line with encoded words has 76 characters at most: %s', (name, field) => {
  const rows = field.slice(0, -2).split('\r\n')
  expect(rows.filter((row) => row.length > 76)).toEqual([])
  expect(rows.slice(1).every((row) => /^ \S/.test(row))).toBe(true)
  expect(rows[0]?.startsWith(`${name}:`)).toBe(true)
})

test('URLs for programs are never encoded, and stay beside the name of their header', () => {
  const url = `<https://example.com/u?token=${'x'.repeat(920)}&from==?a>`
  expect(textField('List-Unsubscribe', `${url}, <mailto:u@example.com>`)).toBe(
    `List-Unsubscribe: ${url},\r\n <mailto:u@example.com>\r\n`,
  )
})
