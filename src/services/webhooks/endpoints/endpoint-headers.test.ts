import { expect, test } from 'vitest'
import { readCustomHeaders } from './endpoint-headers.ts'

test('readCustomHeaders() copies headers under lower-case names', () => {
  const given = { Authorization: 'Bearer x y', 'X-Key': '!', 'x-tab': 'a\tb' }
  expect(readCustomHeaders(given)).toEqual({
    ok: true,
    headers: { authorization: 'Bearer x y', 'x-key': '!', 'x-tab': 'a\tb' },
  })
})

test.each([
  'Host',
  'Content-Length',
  'content-type',
  'Connection',
  'Transfer-Encoding',
  'TE',
  'Upgrade',
  'Keep-Alive',
  'Trailer',
  'Expect',
  'Webhook-Id',
  'webhook-signature',
  'webhook-anything',
  'svix-id',
  'Stripe-Signature',
  'X-Hub-Signature-256',
  'Signature',
  'Proxy-Authorization',
  'Sec-Fetch-Mode',
  'X-Forwarded-For',
  'Forwarded',
  'X-Real-IP',
  'CF-Connecting-IP',
  'True-Client-IP',
  'Cookie',
  'User-Agent',
  'Access-Control-Allow-Origin',
])('readCustomHeaders() refuses %s, which is reserved', (name) => {
  expect(readCustomHeaders({ [name]: 'x' })).toEqual({
    ok: false,
    fault: `${name.toLowerCase()} is reserved`,
  })
})

test.each([
  { 'a b': 'x' },
  { '': 'x' },
  { ä: 'x' },
  { 'a\r\nb': 'x' },
  { ':path': 'x' },
  { a: '' },
  { a: ' x' },
  { a: 'x\r\ny: z' },
  { a: 'x\n' },
  { a: '\0' },
  { a: 'ü' },
  { a: 'x'.repeat(1025) },
  { a: 7 as never },
  { A: 'x', a: 'y' },
  Object.fromEntries(Array.from({ length: 21 }, (_, index) => [`x-${index}`, 'x'])),
])('readCustomHeaders() refuses malformed headers and never shows a value: %j', (headers) => {
  const read = readCustomHeaders(headers)
  expect(read.ok).toBe(false)
  for (const value of Object.values(headers))
    if (String(value).length > 5) expect(JSON.stringify(read)).not.toContain(String(value))
})
