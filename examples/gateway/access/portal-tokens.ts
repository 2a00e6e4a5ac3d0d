import type { Clock, RandomSource } from '@white-cross/reuse/infrastructure/runtime/ports'
import type { Caller } from './caller.ts'
import { isTenant } from './caller.ts'
import { base64Url, fromBase64Url, hexOf, utf8 } from './digest.ts'

/** A token for a customer's own portal. */
export interface PortalToken {
  /** Names it in the audit log. */
  readonly id: string
  readonly token: string
  readonly tenant: string
  /** ms since 1970. */
  readonly expiresAt: number
}

/** Signed tokens, kept nowhere: endpoints and deliveries of one tenant, and nothing else. */
export interface PortalTokens {
  issue(options: {
    readonly tenant: string
    readonly readOnly: boolean
    readonly expiresInMs: number
  }): Promise<PortalToken>
  /** @returns Who has it, or `null` when it is not ours or its time is over */
  verify(token: string): Promise<Caller | null>
}

/** What {@link createPortalTokens} needs. */
export interface PortalTokensOptions {
  readonly secret: string
  readonly clock: Clock
  readonly random: RandomSource
}

const FORM = /^wcp_([\w-]{1,400})\.([\w-]{43})$/

/** Makes and takes tokens of the form `wcp_<claims>.<HMAC-SHA-256>`. */
export function createPortalTokens({ secret, clock, random }: PortalTokensOptions): PortalTokens {
  let imported: Promise<CryptoKey> | undefined
  const key = (): Promise<CryptoKey> =>
    (imported ??= crypto.subtle.importKey(
      'raw',
      utf8(`portal ${secret}`),
      { name: 'HMAC', hash: 'SHA-256' },
      false,
      ['sign', 'verify'],
    ))
  return {
    async issue({ tenant, readOnly, expiresInMs }) {
      const id = hexOf(random.bytes(8))
      const expiresAt = clock.now() + expiresInMs
      const claims = base64Url(utf8(JSON.stringify([1, id, tenant, readOnly, expiresAt])))
      const signature = await crypto.subtle.sign('HMAC', await key(), utf8(claims))
      return {
        id,
        token: `wcp_${claims}.${base64Url(new Uint8Array(signature))}`,
        tenant,
        expiresAt,
      }
    },
    async verify(token) {
      const [, claims = '', signature = ''] = FORM.exec(token) ?? []
      const given = fromBase64Url(signature)
      if (claims === '' || given === null) return null
      // Constant in time; nothing of the claims is read before.
      if (!(await crypto.subtle.verify('HMAC', await key(), given, utf8(claims)))) return null
      return callerOf(claims, clock.now())
    },
  }
}

/** Claims that were verified: this file wrote them, perhaps in another version. */
function callerOf(claims: string, now: number): Caller | null {
  const bytes = fromBase64Url(claims)
  const read: unknown = bytes === null ? null : JSON.parse(new TextDecoder().decode(bytes))
  if (!Array.isArray(read) || read[0] !== 1) return null
  const [, id, tenant, readOnly, expiresAt] = read as readonly unknown[]
  if (!isTenant(tenant) || typeof expiresAt !== 'number' || expiresAt <= now) return null
  return {
    kind: 'portal',
    id: `portal/${String(id)}`,
    tenant,
    scopes: readOnly === true ? ['webhooks:read'] : ['webhooks:read', 'webhooks:write'],
    expiresAt,
  }
}
