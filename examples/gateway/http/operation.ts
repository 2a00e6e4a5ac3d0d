import type * as z from 'zod/mini'
import type { Scope } from '../access/scopes.ts'
import { lazily } from './lazily.ts'

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

/** What an operation takes and answers. */
export interface OperationShapes<
  Query extends z.ZodMiniType = z.ZodMiniType,
  Body extends z.ZodMiniType = z.ZodMiniType,
> {
  /** Default: it takes none but `tenant`. */
  readonly query?: Query | undefined
  /** `bytes`: the handler reads the request itself. Default: it takes none. */
  readonly body?: Body | 'bytes' | undefined
  /** By status, refusals aside: those are problem documents. */
  readonly answers: Readonly<Record<number, AnswerShape>>
}

/** What an operation is, but for its shapes. */
interface OperationFacts {
  /** `endpoints.create`. */
  readonly id: string
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'OPTIONS'
  /** As Hono has it: `/v1/keys/:id`. */
  readonly path: string
  readonly summary: string
  readonly policy: Policy
  /** The body's `tenant` says whom an operator acts for, as the query's does. */
  readonly tenantInBody?: boolean
  /** A body need not be there; then it is `{}`. */
  readonly bodyOptional?: boolean
  /** Its answer shows a secret, which is not kept in the clear for a repetition. */
  readonly secret?: boolean
}

/** One operation of the API, as data: what routes, the document and a client are made of. */
export interface Operation<
  Query extends z.ZodMiniType = z.ZodMiniType,
  Body extends z.ZodMiniType = z.ZodMiniType,
>
  extends OperationFacts, OperationShapes<Query, Body> {}

/**
 * Declares an operation. Its shapes are made when one of them is first asked for: a start pays for
 * none of them.
 */
export function operation<
  Query extends z.ZodMiniType = z.ZodMiniType<Readonly<Record<string, never>>>,
  Body extends z.ZodMiniType = z.ZodMiniType<undefined>,
>(
  given: OperationFacts & { readonly shapes: () => OperationShapes<Query, Body> },
): Operation<Query, Body> {
  const { shapes, ...facts } = given
  const made = lazily(shapes)
  return {
    ...facts,
    get query() {
      return made().query
    },
    get body() {
      return made().body
    },
    get answers() {
      return made().answers
    },
  }
}
