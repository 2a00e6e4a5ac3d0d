import type * as z from 'zod/mini'
import type { Scope } from '../access/scopes.ts'

/** Who may make a request: declared beside its path, enforced by `serveRoute()` alone. */
export type Policy =
  | {
      /** Why nobody needs a key: what proves the request instead, or that it says nothing. */
      readonly public: string
    }
  | {
      /** `null`: any credential will do, since what it may is asked where it is used. */
      readonly scope: Scope | null
      /** `operator`: it is about all tenants, so no tenant's key may. Default `own`. */
      readonly tenant?: 'own' | 'operator'
      /** Whether a token of a customer's portal may, within its tenant. Default false. */
      readonly portal?: boolean
      /** Whether it is an administrative act, which goes on record. Default false. */
      readonly audit?: boolean
    }

/** An answer of an operation; `null` for one without a body, `bytes` for anything. */
export type AnswerShape = z.ZodMiniType | 'bytes' | 'text' | null

/** One operation of the API, as data: what routes, the document and a client are made of. */
export interface Operation<
  Query extends z.ZodMiniType = z.ZodMiniType,
  Body extends z.ZodMiniType = z.ZodMiniType,
> {
  /** `endpoints.create`. */
  readonly id: string
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'OPTIONS'
  /** As Hono has it: `/v1/keys/:id`. */
  readonly path: string
  readonly summary: string
  readonly policy: Policy
  /** Default: it takes none but `tenant`. */
  readonly query?: Query
  /** `bytes`: the handler reads the request itself. Default: it takes none. */
  readonly body?: Body | 'bytes'
  /** The body's `tenant` says whom an operator acts for, as the query's does. */
  readonly tenantInBody?: boolean
  /** A body need not be there; then it is `{}`. */
  readonly bodyOptional?: boolean
  /** By status, refusals aside: those are problem documents. */
  readonly answers: Readonly<Record<number, AnswerShape>>
  /** Its answer shows a secret, which is not kept in the clear for a repetition. */
  readonly secret?: boolean
}

/** Declares an operation; it only helps TypeScript to know its shapes. */
export function operation<
  Query extends z.ZodMiniType = z.ZodMiniType<Readonly<Record<string, never>>>,
  Body extends z.ZodMiniType = z.ZodMiniType<undefined>,
>(given: Operation<Query, Body>): Operation<Query, Body> {
  return given
}
