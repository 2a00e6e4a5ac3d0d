import { decodeBase64Url, encodeBase64Url } from '../../../../primitives/base64url.ts'

/** A pair of keys that names a sender of web pushes (RFC 8292), in base64url. */
export interface VapidKeys {
  /** 65 bytes, uncompressed: what the page passes as `applicationServerKey`. */
  readonly publicKey: string
  /** 32 bytes. */
  readonly privateKey: string
}

/**
 * Makes a pair of keys. Once for an application: subscriptions are bound to it.
 *
 * @example
 * const { publicKey, privateKey } = await generateVapidKeys()
 */
export async function generateVapidKeys(): Promise<VapidKeys> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256' }
  const pair = await crypto.subtle.generateKey(algorithm, true, ['sign'])
  const publicKey = new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey))
  const { d = '' } = await crypto.subtle.exportKey('jwk', pair.privateKey)
  return { publicKey: encodeBase64Url(publicKey), privateKey: d }
}

/** @throws TypeError when one is not written as it should be */
export function vapidJwk({ publicKey, privateKey }: VapidKeys): JsonWebKey {
  const point = typeof publicKey === 'string' ? decodeBase64Url(publicKey) : null
  const d = typeof privateKey === 'string' ? decodeBase64Url(privateKey) : null
  if (point?.length !== 65 || point[0] !== 4 || d?.length !== 32)
    throw new TypeError(
      'Cannot create webPush(): publicKey and privateKey are no VAPID keys, 65 and 32 bytes in base64url expected',
    )
  const [x, y] = [point.subarray(1, 33), point.subarray(33)].map(encodeBase64Url)
  return { kty: 'EC', crv: 'P-256', x: x ?? '', y: y ?? '', d: encodeBase64Url(d) }
}
