import type { Scope } from './scopes.ts'

/** Who makes a request. */
export interface Caller {
  /** `operator` is the root key, or a key that belongs to no tenant. */
  readonly kind: 'operator' | 'key' | 'jwt' | 'portal'
  /** Names the caller in the audit log and in limits; says nothing about the secret. */
  readonly id: string
  /** The only tenant that the caller may act for; `null` for an operator, who may name any. */
  readonly tenant: string | null
  readonly scopes: readonly Scope[]
  /** When its credential ends, ms since 1970; `null` for never. */
  readonly expiresAt: number | null
  /** Overrides the gateway's. */
  readonly requestsPerMinute?: number
}

/** Events and endpoints of who names no tenant. */
export const DEFAULT_TENANT = 'default'

const TENANT = /^[\w-]{1,64}$/

/** Whether `text` can name a tenant. */
export function isTenant(text: unknown): text is string {
  return typeof text === 'string' && TENANT.test(text)
}
