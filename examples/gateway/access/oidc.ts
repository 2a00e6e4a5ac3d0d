import { createRemoteJWKSet, customFetch, errors, jwtVerify, type JWTPayload } from 'jose'
import type { Clock, FetchClient } from '@white-cross/reuse/infrastructure/runtime/ports'
import { ProblemError } from '../http/problem.ts'
import { isTenant, type Caller } from './caller.ts'
import { isScope } from './scopes.ts'

/** The one issuer whose tokens are taken. */
export interface OidcOptions {
  /** As the tokens' `iss` has it, character for character. */
  readonly issuer: string
  /** One of the tokens' `aud`. */
  readonly audience: string
  /** Where its keys are. Default: what its discovery document says. */
  readonly jwksUrl?: string
  /** Which claim names the tenant. Default `tenant`. */
  readonly tenantClaim?: string
  readonly clock: Clock
  /** Default: the platform's. */
  readonly fetch?: FetchClient
}

/** Takes JWTs of an issuer. */
export interface Oidc {
  /** @returns Who has the token, or `null` when it is none of ours, or its time is over */
  verify(token: string): Promise<Caller | null>
  /** @throws When its keys cannot be had */
  check(signal: AbortSignal): Promise<void>
}

/** No secrets that both sides know, and nothing that is not signed. */
const ALGORITHMS = ['RS256', 'PS256', 'ES256', 'ES384', 'EdDSA', 'Ed25519']
const TIMEOUT_MS = 5000
const RETRY_MS = 5000
const DISCOVERY_BYTES = 65_536

/** @throws RangeError when an address is not `https:`, or `http:` of this machine */
export function createOidc(options: OidcOptions): Oidc {
  const { issuer, audience, tenantClaim = 'tenant', clock, fetch = globalThis.fetch } = options
  checkAddress('OIDC_ISSUER', issuer)
  if (options.jwksUrl !== undefined) checkAddress('OIDC_JWKS_URL', options.jwksUrl)
  if (audience === '') throw new RangeError('Cannot start gateway: OIDC_AUDIENCE is empty')
  let keys: Promise<ReturnType<typeof createRemoteJWKSet>> | undefined
  let failedAt = -Infinity

  /** Asked for once, and again some time after it failed: made-up tokens make us ask for nothing. */
  function keySet(): Promise<ReturnType<typeof createRemoteJWKSet>> {
    if (keys !== undefined && clock.now() - failedAt >= RETRY_MS && failedAt > -Infinity) {
      keys = undefined
      failedAt = -Infinity
    }
    keys ??= findKeys().catch((error: unknown) => {
      failedAt = clock.now()
      throw error
    })
    return keys
  }

  async function findKeys(): Promise<ReturnType<typeof createRemoteJWKSet>> {
    const url = options.jwksUrl ?? (await discover(issuer, fetch))
    return createRemoteJWKSet(new URL(url), {
      timeoutDuration: TIMEOUT_MS,
      // Tokens with made-up key ids make us ask for the keys no more often than this.
      cooldownDuration: 30_000,
      cacheMaxAge: 600_000,
      [customFetch]: (address, init) => fetch(address, init),
    })
  }

  return {
    async verify(token) {
      try {
        const { payload } = await jwtVerify(token, await keySet(), {
          issuer,
          audience,
          algorithms: ALGORITHMS,
          requiredClaims: ['exp', 'sub'],
          clockTolerance: 5,
          currentDate: new Date(clock.now()),
        })
        return callerOf(payload, tenantClaim)
      } catch (error) {
        if (isUnavailable(error))
          throw new ProblemError(
            503,
            'issuer_unavailable',
            'The issuer of the token cannot be asked for its keys right now, try again',
            { cause: error, headers: { 'retry-after': '5' } },
          )
        return null
      }
    },
    async check(signal) {
      signal.throwIfAborted()
      await (await keySet()).reload()
    },
  }
}

function callerOf(payload: JWTPayload, tenantClaim: string): Caller | null {
  const tenant = payload[tenantClaim]
  // Whoever is of no tenant is nobody here: a token makes no operator.
  if (!isTenant(tenant) || payload.sub === undefined) return null
  const { scope, scp } = payload
  const words = typeof scope === 'string' ? scope.split(' ') : Array.isArray(scp) ? scp : []
  return {
    kind: 'jwt',
    id: `jwt/${payload.sub.slice(0, 150).toWellFormed()}`,
    tenant,
    scopes: words.filter(isScope),
    expiresAt: payload.exp === undefined ? null : payload.exp * 1000,
  }
}

async function discover(issuer: string, fetch: FetchClient): Promise<string> {
  const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`
  const response = await fetch(url, {
    headers: { accept: 'application/json' },
    redirect: 'error',
    signal: AbortSignal.timeout(TIMEOUT_MS),
  })
  const text = response.ok ? await response.text() : ''
  if (text === '' || text.length > DISCOVERY_BYTES) throw new errors.JWKSInvalid()
  const document: unknown = JSON.parse(text)
  if (typeof document !== 'object' || document === null) throw new errors.JWKSInvalid()
  // OpenID Connect Discovery §4.3: it must speak for the very issuer that was asked.
  if (!('issuer' in document) || document.issuer !== issuer) throw new errors.JWKSInvalid()
  if (!('jwks_uri' in document) || typeof document.jwks_uri !== 'string')
    throw new errors.JWKSInvalid()
  checkAddress('jwks_uri', document.jwks_uri)
  return document.jwks_uri
}

/** Whether it is not the token's fault. */
function isUnavailable(error: unknown): boolean {
  if (error instanceof errors.JWKSTimeout || error instanceof errors.JWKSInvalid) return true
  return !(error instanceof errors.JOSEError) || error.code === 'ERR_JOSE_GENERIC'
}

function checkAddress(name: string, text: string): void {
  const url = URL.parse(text)
  const isLocal = url?.protocol === 'http:' && /^(?:localhost|127\.0\.0\.1)$/.test(url.hostname)
  if (url?.protocol !== 'https:' && !isLocal)
    throw new RangeError(`Cannot start gateway: ${name} is no https address`)
}
