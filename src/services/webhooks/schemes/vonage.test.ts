import { SignJWT } from 'jose'
import { expect, test } from 'vitest'
import { encodeBase64Url } from '../../../primitives/base64url.ts'
import { encodeHex } from '../../../primitives/hex.ts'
import { encodeUtf8 } from '../../../primitives/utf8.ts'
import { createFakeClock } from '../../../testing/index.ts'
import { readWebhook } from '../receiving/read-webhook.ts'
import { vonageWebhook } from './vonage.ts'

const SECRET = 'a signature secret of Vonage'
const BODY = '{"message_uuid":"m1","status":"delivered","client_ref":"ntf_1"}'
const AT = 1_767_225_600
const clock = createFakeClock(AT * 1000)

async function hashOf(body: string): Promise<string> {
  return encodeHex(new Uint8Array(await crypto.subtle.digest('SHA-256', encodeUtf8(body))))
}

async function tokenOf(
  claims: Readonly<Record<string, unknown>>,
  { alg = 'HS256', secret = SECRET } = {},
): Promise<string> {
  return new SignJWT({ iat: AT, jti: 'j1', payload_hash: await hashOf(BODY), ...claims })
    .setProtectedHeader({ alg, typ: 'JWT' })
    .sign(encodeUtf8(secret))
}

function read(authorization: string | null, body = BODY): ReturnType<typeof readWebhook> {
  const headers = authorization === null ? {} : { authorization }
  const request = new Request('https://example.com/hook', { method: 'POST', body, headers })
  return readWebhook(request, {
    scheme: vonageWebhook(),
    secrets: ['an older secret of it', SECRET],
    clock,
  })
}

test('vonageWebhook() takes what another library signs as Vonage does', async () => {
  const { id, type, event } = await read(`Bearer ${await tokenOf({})}`)
  expect([id, type, event]).toEqual(['j1', 'message.delivered', JSON.parse(BODY)])
  await expect(
    read(`bearer ${await tokenOf({ payload_hash: (await hashOf(BODY)).toUpperCase() })}`),
  ).resolves.toMatchObject({ id: 'j1' })
})

test('vonageWebhook() refuses what says nothing of the body, is too old, or is signed otherwise', async () => {
  const good = await tokenOf({})
  const [head = '', claims = '', mark = ''] = good.split('.')
  const none = encodeBase64Url(encodeUtf8('{"alg":"none"}'))
  const refusals: readonly (readonly [string | null, string, string?])[] = [
    [null, 'missing_signature'],
    ['', 'missing_signature'],
    [`Bearer ${none}.${claims}.`, 'malformed_signature'],
    [`Bearer ${none}.${claims}.${mark}`, 'malformed_signature'],
    [`Bearer ${await tokenOf({}, { alg: 'HS512' })}`, 'malformed_signature'],
    [`Basic ${good}`, 'malformed_signature'],
    [`Bearer ${good}.x`, 'malformed_signature'],
    [`Bearer ${head}.${claims}.${'A'.repeat(43)}`, 'signature_mismatch'],
    [`Bearer ${await tokenOf({}, { secret: 'a secret of somebody else' })}`, 'signature_mismatch'],
    [`Bearer ${good}`, 'signature_mismatch', BODY.replace('delivered', 'rejected')],
    [`Bearer ${await tokenOf({ payload_hash: undefined })}`, 'malformed_signature'],
    [`Bearer ${await tokenOf({ payload_hash: '' })}`, 'malformed_signature'],
    [`Bearer ${await tokenOf({ iat: AT - 90_001 })}`, 'timestamp_too_old'],
    [`Bearer ${await tokenOf({ iat: AT + 301 })}`, 'timestamp_too_new'],
    [`Bearer ${await tokenOf({ iat: undefined })}`, 'malformed_timestamp'],
    [`Bearer ${await tokenOf({ iat: AT + 0.5 })}`, 'malformed_timestamp'],
  ]
  for (const [authorization, code, body] of refusals)
    await expect(read(authorization, body), `${code} ${authorization}`).rejects.toMatchObject({
      code,
    })
})
