import fc from 'fast-check'
import { expect, test } from 'vitest'
import { NotificationError } from '../notification-error.ts'
import { formatMailbox } from './format-mailbox.ts'
import { normalAddress, readMailbox } from './mailbox.ts'

test.each([
  ['ann@example.com', { email: 'ann@example.com' }],
  ['  ann@example.com ', { email: 'ann@example.com' }],
  ['Ann Lee <ann@example.com>', { email: 'ann@example.com', name: 'Ann Lee' }],
  ['"Lee, Ann (\\"A\\")" <ann@example.com>', { email: 'ann@example.com', name: 'Lee, Ann ("A")' }],
  ['<ann@example.com>', { email: 'ann@example.com' }],
  ['Zażółć Gęślą <z@example.com>', { email: 'z@example.com', name: 'Zażółć Gęślą' }],
  [{ email: "o'neil+tag@sub.example.co.uk" }, { email: "o'neil+tag@sub.example.co.uk" }],
  [
    { email: 'a@example.com', name: 'a@evil>, x <b' },
    { email: 'a@example.com', name: 'a@evil>, x <b' },
  ],
  [{ email: 'jürgen@bücher.example' }, { email: 'jürgen@xn--bcher-kva.example' }],
  [{ email: 'a@日本語。jp' }, { email: 'a@xn--wgv71a119e.jp' }],
])('readMailbox() reads %j', (input, mailbox) => {
  expect(readMailbox('to', input)).toEqual(mailbox)
})

test.each([
  '',
  'ann',
  '@example.com',
  'ann@',
  'ann@localhost',
  'ann@example',
  'ann@example..com',
  'ann@-example.com',
  'ann@example.123',
  'ann@[127.0.0.1]',
  'a b@example.com',
  'a..b@example.com',
  '.a@example.com',
  '"a b"@example.com',
  'a@example.com, b@example.com',
  'a@evil.com>, x <b@example.com>',
  'Ann, Lee <ann@example.com>',
  'ann@evil.com <ann@example.com>',
  'Ann <ann@example.com> extra',
  'ann@example.com\r\nBcc: evil@example.com',
  'ann@exa\u0000mple.com',
  'ann@exam\ud800ple.com',
  `${'a'.repeat(65)}@example.com`,
  `a@${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(63)}.${'e'.repeat(63)}.com`,
  'ann@example.com/path',
  'ann@example.com:25',
  'a@ex%61mple.com',
  { email: 'ann@example.com', name: 'Ann\r\nBcc: evil@example.com' },
  { email: 'ann@example.com', name: 'Ann\u2028Lee' },
  { email: 'ann@example.com', name: 'Ann\u0085Lee' },
  { email: 'ann@example.com', name: 'x'.repeat(257) },
  { email: 'ann@example.com', name: 5 },
  { name: 'Ann' },
  null,
  undefined,
  42,
  ['ann@example.com'],
])('readMailbox() refuses %j without showing it', (input) => {
  try {
    readMailbox('to[1]', input)
  } catch (error) {
    expect(error).toBeInstanceOf(NotificationError)
    expect(error).toMatchObject({ code: 'invalid_recipient', retryable: false, status: 400 })
    expect(String(error)).toContain('to[1]')
    expect(String(error)).not.toContain('evil')
    return
  }
  throw new Error('It was to be refused')
})

test('readMailbox() reads what formatMailbox() writes', () => {
  const name = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 60 })
  fc.assert(
    fc.property(name, (text) => {
      const mailbox = { email: 'ann@example.com', name: text }
      let read
      try {
        read = readMailbox('to', mailbox)
      } catch {
        return
      }
      // White space at its ends is what a quoted name keeps.
      expect(readMailbox('to', formatMailbox(read))).toEqual(mailbox)
    }),
    { numRuns: 3000 },
  )
})

test('normalAddress() never throws, and gives back what it gave', () => {
  const nearly = fc.string({ unit: fc.constantFrom(...'ab@.-_"<> \r\n日é\u0000😀'), maxLength: 40 })
  fc.assert(
    fc.property(fc.oneof(nearly, fc.emailAddress()), (text) => {
      const address = normalAddress(text)
      if (address !== null) expect(normalAddress(address)).toBe(address)
    }),
    { numRuns: 3000 },
  )
})

test.each(['\u202e', '\u2028', '\u200b', '\u00a0', '\u3000', '\ufeff', '\u{e0041}'])(
  'an address holds nothing that is not seen: %j',
  (hidden) => {
    expect(normalAddress(`an${hidden}n@example.com`)).toBeNull()
  },
)
