import { expect, test } from 'vitest'
import { createRedactor } from './create-redactor.ts'

const redactor = createRedactor({ preset: 'hipaa' })

/** What makes each rule begin again and again, or read far ahead, before it gives up. */
const PIECES = [
  'a',
  'aB',
  '1',
  '1 ',
  '1-',
  '11 ',
  '1.1.1.',
  '123-45-',
  '4111 1111 ',
  '555-123-',
  '+1 (',
  '00 1',
  'AB12 CD34 ',
  'a:',
  '::',
  'ab:cd:',
  '@',
  'a@b.',
  '"a"@',
  '://',
  'x://a:b@',
  'x://a:b/',
  'eyJa.',
  'sk_',
  'token_',
  'QUFB',
  '-----BEGIN PRIVATE KEY',
  '=',
  'a=b&',
  'password',
  'password="',
  'password={',
  '"password":{"',
  '"name":"password","value":"',
  'password is the ',
  'ssn is ',
  'mrn a ',
  'patient A ',
  'first name: a, ',
  '1 A St ',
  '1 A Apt 1 ',
  'address is 1 A ',
  'IL 12345 ',
  'Jan 1 ',
  '2024-01-01T',
  'http://a',
  'data:image/png;base64,A',
  '<a>',
  '<password',
  '\\u0041',
  '\\\\"',
  '%2525',
  '&#49;',
  'é',
  '１',
  '\u200b',
  '\ud800',
  'a(at)',
  'a at b dot ',
  'Basic QUFB',
  'form-data; name="ssn"\r\n',
  'form-data; name="ssn"\r\n\r\n',
  '[{"name":"pin","value":',
  '//a:b',
  'a:b@tcp(',
  'jdbc:oracle:a:',
  ' -u a:',
  'mysql a ',
  'mysql -p',
  "IDENTIFIED BY '",
  'pass="',
  "password='''",
  '?sig=',
  '?code=a1',
  '/bot123456:',
  'discord.com/api/webhooks/1/',
  'ssns: 123456789, ',
  'ssn last four digits ',
  's.s.n. ',
  'order no 555-',
  'gb82 west ',
  '4111.1111.',
  '%B41111',
  'chart # 12',
  'email,\n',
  'email,a\n',
  'email,"\n',
  'email)',
  'insert into (email,',
  'insert into t (email) values (1),',
  '706173733d',
  '4111\n',
  'password: |\n ',
  'password%20',
]

test.for(PIECES)('text() takes linear time over %j, up to 1 MB', (piece) => {
  const [small, large] = [131_072, 1_048_576].map((length) =>
    piece.repeat(Math.ceil(length / piece.length)).slice(0, length),
  ) as [string, string]
  // Eight times the text: with a square in it 64 times the work. What else the machine does is not
  // counted, but may slow us down.
  let ratio = Infinity
  for (let attempt = 0; attempt < 3 && ratio > 24; attempt++)
    ratio = cpuMs(large) / Math.max(cpuMs(small), 4)
  expect(ratio).toBeLessThan(24)
})

function cpuMs(text: string): number {
  const before = process.threadCpuUsage()
  redactor.text(text)
  const { user, system } = process.threadCpuUsage(before)
  return (user + system) / 1000
}
