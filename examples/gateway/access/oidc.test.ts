import { exportJWK, generateKeyPair, SignJWT, UnsecuredJWT, type JWTPayload } from 'jose'
import { systemClock } from '@white-cross/reuse/infrastructure/runtime/ports'
import { expect, test } from 'vitest'
import { openTestGateway } from '../test-gateway.ts'

const issuer = 'https://id.example'
const audience = 'gateway'

async function open(options: { readonly issuerSays?: string; readonly down?: boolean } = {}) {
  const pair = await generateKeyPair('ES256', { extractable: true })
  const other = await generateKeyPair('ES256', { extractable: true })
  const jwk = { ...(await exportJWK(pair.publicKey)), kid: 'k1', alg: 'ES256', use: 'sig' }
  const asked: string[] = []
  const state = { down: options.down ?? false }
  const gateway = await openTestGateway(
    { OIDC_ISSUER: issuer, OIDC_AUDIENCE: audience },
    {
      clock: systemClock,
      fetch: async (url) => {
        asked.push(url)
        if (state.down) return new Response('', { status: 500 })
        return url.endsWith('openid-configuration')
          ? Response.json({ issuer: options.issuerSays ?? issuer, jwks_uri: `${issuer}/keys` })
          : Response.json({ keys: [jwk] })
      },
    },
  )
  const sign = (
    claims: JWTPayload = {},
    { key = pair.privateKey, alg = 'ES256', kid = 'k1' } = {},
  ): Promise<string> =>
    new SignJWT({ tenant: 'acme', scope: 'openid webhooks:read', ...claims })
      .setProtectedHeader({ alg, kid })
      .setIssuer(claims.iss ?? issuer)
      .setAudience(claims.aud ?? audience)
      .setSubject(claims.sub ?? 'user-1')
      .setExpirationTime(claims.exp ?? '5m')
      .sign(key)
  const status = async (token: string, path = '/v1/webhooks/endpoints'): Promise<number> =>
    (await gateway.call('GET', path, undefined, { authorization: `Bearer ${token}` })).status
  return { ...gateway, sign, status, asked, other, state, pair }
}

test('a JWT of the issuer acts for its tenant, with the scopes that it names', async () => {
  const { sign, status, asked } = await open()
  const token = await sign()
  expect(await status(token)).toBe(200)
  expect(await status(token, '/v1/webhooks/endpoints?tenant=other')).toBe(403)
  expect(await status(token, '/v1/keys')).toBe(403)
  expect(await status(await sign({ scope: undefined, scp: ['webhooks:read'] }))).toBe(200)
  // Its keys are asked for once.
  expect(asked).toEqual([`${issuer}/.well-known/openid-configuration`, `${issuer}/keys`])
})

test('a JWT with anything else than what is expected is refused', async () => {
  const { sign, status, other, pair } = await open()
  const now = Math.floor(Date.now() / 1000)
  const claims: readonly JWTPayload[] = [
    { iss: 'https://evil.example' },
    { iss: `${issuer}/` },
    { aud: 'other' },
    { exp: now - 60 },
    { nbf: now + 3600 },
    { tenant: undefined },
    { tenant: 'a/b' },
    { tenant: ['acme'] },
  ]
  for (const wrong of claims)
    expect(await status(await sign(wrong)), JSON.stringify(wrong)).toBe(401)
  expect(await status(await sign({}, { key: other.privateKey }))).toBe(401)
  expect(await status(await sign({}, { kid: 'k2' }))).toBe(401)
  const unsigned = new UnsecuredJWT({ tenant: 'acme', scope: 'webhooks:read', sub: 'x' })
  const none = unsigned.setIssuer(issuer).setAudience(audience).setExpirationTime('5m').encode()
  expect(await status(none)).toBe(401)
  expect(await status(`${none}AA`)).toBe(401)
  // The public key, used as a shared secret.
  const secret = new TextEncoder().encode(JSON.stringify(await exportJWK(pair.publicKey)))
  const confused = await new SignJWT({ tenant: 'acme', scope: 'webhooks:read' })
    .setProtectedHeader({ alg: 'HS256', kid: 'k1' })
    .setIssuer(issuer)
    .setAudience(audience)
    .setSubject('x')
    .setExpirationTime('5m')
    .sign(secret)
  expect(await status(confused)).toBe(401)
})

test('a JWT grants what keys can have and no more: its tenant makes no operator', async () => {
  const { sign, status } = await open()
  const all = await sign({ scope: 'metrics:read keys:read payments:read everything' })
  expect(await status(all, '/metrics')).toBe(403)
  expect(await status(all, '/v1/keys?operators=true')).toBe(403)
  expect(await status(all, '/v1/keys')).toBe(200)
})

test('an issuer that cannot be asked, or speaks for another, is a 503 and asked seldom', async () => {
  const { sign, status, asked, state, call } = await open({ down: true })
  const token = await sign()
  for (let index = 0; index < 5; index++) expect(await status(token)).toBe(503)
  expect(asked).toHaveLength(1)
  // Others still get in with their keys, so it is a warning.
  const { status: ready, body } = await call('GET', '/health/ready')
  expect([ready, body['status']]).toEqual([200, 'warn'])
  expect(JSON.stringify(body)).toContain('issuer')
  expect(JSON.stringify(body)).not.toContain('id.example')
  state.down = false
  const lying = await open({ issuerSays: 'https://evil.example' })
  expect(await lying.status(await lying.sign())).toBe(503)
})

test('the gateway does not start with an issuer and no audience, or over http', async () => {
  await expect(openTestGateway({ OIDC_ISSUER: issuer })).rejects.toThrow('OIDC_AUDIENCE')
  await expect(
    openTestGateway({ OIDC_ISSUER: 'http://id.example', OIDC_AUDIENCE: audience }),
  ).rejects.toThrow('https')
})
