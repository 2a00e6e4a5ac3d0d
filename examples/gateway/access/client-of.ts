import {
  clientAddress,
  type ClientAddressSource,
  type ConnectionInfo,
} from '@white-cross/reuse/infrastructure/rate-limiting'
import type { Context } from 'hono'

/** What a server hands to the app beside a request: whom it is connected to. */
export interface ServerEnvironment {
  readonly connection?: ConnectionInfo
}

/** Whom all share whose address a proxy should have said, and has not. */
const UNSAID = 'unsaid'

/**
 * The address of the client: of the connection, or what the edge or a trusted proxy says. Headers of
 * the client's own are not believed.
 *
 * @returns `null` where a program calls the app itself
 */
export function clientOf(c: Context, source: ClientAddressSource): string | null {
  // Workers have their bindings here, and a server its connection.
  const { connection = '' }: ServerEnvironment = (c.env ?? {}) as ServerEnvironment
  return clientAddress(c.req.raw, connection, source) ?? (source === 'platform' ? null : UNSAID)
}
