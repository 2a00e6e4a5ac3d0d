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
  'authorization',
  'x-api-key',
  'x-auth-token',
  'x-webhook-token',
  'x-environment',
  'x-tenant-id',
  'x-request-id',
  'x-client-id',
  'api-key',
  'apikey',
  'private-token',
  'idempotency-key',
  'ocp-apim-subscription-key',
  'acme-secret',
])('readCustomHeaders() takes %s', (name) => {
  expect(readCustomHeaders({ [name]: 'x' })).toEqual({ ok: true, headers: { [name]: 'x' } })
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
  // Metadata services, which ask for a header that no browser can be made to send.
  'Metadata-Flavor',
  'Metadata',
  'X-Google-Metadata-Request',
  'X-aws-ec2-metadata-token',
  'X-aws-ec2-metadata-token-ttl-seconds',
  'X-Aliyun-ECS-Metadata-Token',
  'X-Vault-Request',
  'X-Consul-Token',
  // Where a request comes from, and where it goes.
  'Fly-Client-IP',
  'Client-IP',
  'X-Client-IP',
  'X-Cluster-Client-IP',
  'X-Originating-IP',
  'X-Remote-Addr',
  'Fastly-Client-IP',
  'DO-Connecting-IP',
  'X-Envoy-External-Address',
  'X-Azure-ClientIP',
  'X-ClientIP',
  'X_Forwarded_For',
  'X-Forwarded',
  'Forwarded-For',
  'X-Host',
  'X-Original-URL',
  'X-Original-URI',
  'X-Rewrite-URL',
  'Via',
  'CDN-Loop',
  'Origin',
  'Referer',
  // Who is behind it.
  'X-Remote-User',
  'Remote-User',
  'X-Auth-Request-User',
  'X-Webauth-User',
  'X-SSL-Client-Verify',
  'SSL-Client-Cert',
  'X-Client-Cert',
  'X-MS-Client-Principal',
  'X-Goog-IAP-JWT-Assertion',
  'X-Goog-Authenticated-User-Email',
  'X-Amzn-Oidc-Identity',
  'X-Appengine-Inbound-Appid',
  'X-Tls-Client-Dn',
  // What others do with it.
  'X-HTTP-Method-Override',
  'X-HTTP-Method',
  'X-Method-Override',
  'X-Middleware-Subrequest',
  'X-Accel-Redirect',
  'X-Sendfile',
  'X-Requested-With',
  'X-CSRF-Token',
  'X-Internal',
  'Date',
  'Accept-Encoding',
  'Content-Encoding',
  'Set-Cookie',
  // Signatures, and what nobody knows.
  'X-Twilio-Signature',
  'X-Shopify-Hmac-SHA256',
  'Webhook-Secret',
  'Anything-Else',
  '__proto__',
  'X-',
  'X--Key',
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
  { 'x-a': '' },
  { 'x-a': ' x' },
  { 'x-a': 'x\r\ny: z' },
  { 'x-a': 'x\n' },
  { 'x-a': '\0' },
  { 'x-a': 'ü' },
  { 'x-a': 'x'.repeat(1025) },
  { 'x-a': 7 as never },
  { 'X-A': 'x', 'x-a': 'y' },
  Object.fromEntries(Array.from({ length: 21 }, (_, index) => [`x-${index}`, 'x'])),
])('readCustomHeaders() refuses malformed headers and never shows a value: %j', (headers) => {
  const read = readCustomHeaders(headers)
  expect(read.ok).toBe(false)
  for (const value of Object.values(headers))
    if (String(value).length > 5) expect(JSON.stringify(read)).not.toContain(String(value))
})
