import type { Context } from 'hono'
import type * as z from 'zod/mini'
import type { Caller } from '../access/caller.ts'
import type { TenantServices } from '../tenants/tenant-services.ts'
import type { Operation } from './operation.ts'

/** One request, let through, with what it says. */
export interface Call<Query = unknown, Body = unknown> {
  readonly c: Context
  readonly query: Query
  readonly body: Body
  /** The text of each member of the body, as the caller wrote it. */
  readonly members: ReadonlyMap<string, string>
  readonly caller: Caller
  /** Whom the caller acts for. */
  readonly tenant: string
  /** The header `idempotency-key`. */
  readonly idempotencyKey: string | undefined
  /** A part of the path, decoded; empty where there is none. */
  param(name: string): string
  /** The services of the tenant. Reading one whom nobody knows finds nothing and makes nothing. */
  services(): Promise<TenantServices>
}

/** What a route answers: JSON, nothing, or a response of its own. */
export type Answer =
  | {
      readonly status: number
      readonly body?: unknown
      readonly headers?: Readonly<Record<string, string>>
      /** What was made or changed, for the audit log. Default: the id in the path. */
      readonly target?: string
    }
  | Response

/** An operation and what answers it. */
export interface Route {
  readonly operation: Operation
  handle(call: Call): Promise<Answer> | Answer
}

/** Pairs an operation with its handler, which gets what the operation's schemas let through. */
export function route<Query extends z.ZodMiniType, Body extends z.ZodMiniType>(
  operation: Operation<Query, Body>,
  handle: (call: Call<z.output<Query>, z.output<Body>>) => Promise<Answer> | Answer,
): Route {
  // `serveRoute()` hands on only what these very schemas have made.
  return { operation, handle }
}

/** The names in a path as `/v1/keys/:id`. */
export function pathNames(path: string): readonly string[] {
  return [...path.matchAll(/:(\w+)/g)].map(([, name = '']) => name)
}
