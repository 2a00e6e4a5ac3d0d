import type { Context } from 'hono'
import { ProblemError } from '../http/problem.ts'
import type { ClientAddressSource } from '@white-cross/reuse/infrastructure/rate-limiting'
import type { ApiKeys } from './api-keys.ts'
import type { Caller } from './caller.ts'
import { clientOf } from './client-of.ts'
import { isSameText, sha256Hex } from './digest.ts'
import type { LimitGuesses } from './limit-guesses.ts'
import type { Oidc } from './oidc.ts'
import type { PortalTokens } from './portal-tokens.ts'
import { SCOPES } from './scopes.ts'

/** Finds out who makes a request. */
export type Authenticate = (c: Context) => Promise<Caller>

/**
 * Finds out whose a credential is; `null` when it is nobody's.
 *
 * @param later Is given what nobody waits for. Default: it is done all the same
 */
export type CallerOf = (
  credential: string,
  later?: (work: Promise<unknown>) => void,
) => Promise<Caller | null>

/** What callers are known by. */
export interface AuthenticateOptions {
  /** SHA-256 of the root key, as 64 hex digits; empty for none. */
  readonly rootKeyHash: string
  readonly keys: ApiKeys
  /** Default: none are taken. */
  readonly portalTokens?: PortalTokens
  /** Default: none are taken. */
  readonly oidc?: Oidc
}

const CHALLENGE = { 'www-authenticate': 'Bearer realm="gateway"' }
const CREDENTIAL = /^Bearer ([\w.~+/-]{1,8192}=*)$/i
const JWT = /^[\w-]+\.[\w-]+\.[\w-]+$/

const ROOT: Caller = { kind: 'operator', id: 'root', tenant: null, scopes: SCOPES, expiresAt: null }

/** Knows root, API keys, portal tokens and JWTs by their form. */
export function createCallerOf(options: AuthenticateOptions): CallerOf {
  const { keys, portalTokens, oidc } = options
  const rootKeyHash = options.rootKeyHash.toLowerCase()

  return async (credential, later = (work) => void work.catch(() => undefined)) => {
    if (credential.startsWith('wcp_')) return (await portalTokens?.verify(credential)) ?? null
    if (JWT.test(credential)) return (await oidc?.verify(credential)) ?? null
    const key = await keys.find(credential)
    if (key !== null) {
      const noted = keys.touch(key)
      if (noted !== null) later(noted)
      const { id, tenant, scopes, expiresAt, requestsPerMinute } = key
      return {
        ...{ kind: tenant === null ? 'operator' : 'key', id: `key/${id}` },
        ...{ tenant, scopes, expiresAt },
        ...(requestsPerMinute !== undefined && { requestsPerMinute }),
      }
    }
    if (rootKeyHash === '' || credential.length > 256) return null
    return isSameText(await sha256Hex(credential), rootKeyHash) ? ROOT : null
  }
}

/** What {@link createAuthenticate} needs. */
export interface BearerOptions {
  readonly callerOf: CallerOf
  readonly limitGuesses: LimitGuesses
  /** Where the address is read whose wrong credentials are counted. */
  readonly clients: ClientAddressSource
}

/** Knows callers by `Authorization: Bearer …`. */
export function createAuthenticate(options: BearerOptions): Authenticate {
  const { callerOf, limitGuesses, clients } = options
  return async (c) => {
    const header = c.req.header('authorization') ?? ''
    const credential = CREDENTIAL.exec(header)?.[1]
    const caller =
      credential === undefined
        ? null
        : await limitGuesses(clientOf(c, clients), credential, () =>
            callerOf(credential, (work) => inBackground(c, work)),
          )
    if (caller !== null) return caller
    const why = header === '' ? 'The request has no API key' : 'The API key is not valid'
    throw new ProblemError(401, 'unauthorized', `${why}; send "Authorization: Bearer <key>"`, {
      headers: CHALLENGE,
    })
  }
}

/** Nobody waits for it, and its failure is nobody's but the next one's who tries. */
function inBackground(c: Context, work: Promise<unknown>): void {
  const done = work.catch(() => undefined)
  try {
    c.executionCtx.waitUntil(done)
  } catch {
    // Only Workers have one; elsewhere what is begun goes on.
  }
}
