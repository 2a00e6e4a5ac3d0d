import PostalMime from 'postal-mime'
import { expect, test } from 'vitest'
import { createSeededRandom } from '../../../testing/seeded-random.ts'
import type { OutgoingEmail } from '../channels/email-message.ts'
import { outgoingEmail } from '../../../../test/support/notifications/outgoing-messages.ts'
import { writeMimeMessage } from './mime-message.ts'

const options = { now: 1_767_225_600_000, random: createSeededRandom(3) }
const file = (filename: string, contentId: string | null): OutgoingEmail['attachments'][0] => ({
  filename,
  contentType: 'image/png',
  contentId,
  bytes: new Uint8Array(300).map((_, index) => index),
})

test('writeMimeMessage() writes a text alone as one part', () => {
  const email = outgoingEmail({ html: null, text: 'Hi\n.\nbye' })
  expect(writeMimeMessage(email, options).split('\r\n')).toEqual([
    'From: Shop <shop@example.com>',
    'To: ann@example.com',
    'Subject: Hello',
    'Date: Thu, 01 Jan 2026 00:00:00 +0000',
    'Message-ID: <msg_1@example.com>',
    'MIME-Version: 1.0',
    'Content-Type: text/plain; charset=utf-8',
    'Content-Transfer-Encoding: quoted-printable',
    '',
    'Hi',
    '.',
    'bye',
    '',
  ])
})

test('a real parser reads texts, files and images back as they were', async () => {
  const email = outgoingEmail({
    from: { email: 'shop@example.com', name: 'Sklep „Żółw”' },
    to: [{ email: 'ann@example.com', name: 'Lee, Ann' }, { email: 'bob@example.com' }],
    cc: [{ email: 'c@example.com' }],
    bcc: [{ email: 'secret@example.com' }],
    replyTo: [{ email: 'help@example.com', name: 'Help' }],
    subject: 'Zażółć gęślą jaźń — '.repeat(10).trim(),
    text: 'Grüße\r\n  indented \r\nend',
    html: '<p>Grüße <img src="cid:logo"></p>'.repeat(20),
    attachments: [file('logo.png', 'logo'), file('żółw "1".png', null)],
    headers: { 'X-Order': '42', 'List-Unsubscribe': '<https://example.com/u>' },
  })
  const message = writeMimeMessage(email, options)
  expect(/^[\r\n -~]*$/.test(message)).toBe(true)
  expect(message.split('\r\n').every((line) => line.length <= 998)).toBe(true)
  expect(message).not.toContain('secret@example.com')
  const mail = await PostalMime.parse(message)
  expect(mail).toMatchObject({
    from: { address: 'shop@example.com', name: 'Sklep „Żółw”' },
    to: [{ address: 'ann@example.com', name: 'Lee, Ann' }, { address: 'bob@example.com' }],
    cc: [{ address: 'c@example.com' }],
    replyTo: [{ address: 'help@example.com', name: 'Help' }],
    subject: email.subject,
    messageId: '<msg_1@example.com>',
  })
  expect(mail.text?.trimEnd()).toBe('Grüße\n  indented \nend')
  expect(mail.html?.trimEnd()).toBe(email.html)
  expect(mail.headers.find(({ key }) => key === 'x-order')?.value).toBe('42')
  expect(
    mail.attachments.map(({ filename, disposition, contentId, related }) => ({
      filename,
      disposition,
      contentId,
      related: related ?? false,
    })),
  ).toEqual([
    { filename: 'logo.png', disposition: 'inline', contentId: '<logo>', related: true },
    { filename: 'żółw "1".png', disposition: 'attachment', contentId: undefined, related: false },
  ])
  for (const { content } of mail.attachments)
    expect(new Uint8Array(content as ArrayBuffer)).toEqual(file('', null).bytes)
})
