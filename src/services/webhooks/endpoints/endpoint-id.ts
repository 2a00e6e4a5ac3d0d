import { encodeHex } from '../../../primitives/hex.ts'
import type { RandomSource } from '../../../runtime/ports/platform/random-source.ts'
import { DEFAULT_TENANT } from '../events/tenant.ts'

/**
 * What an endpoint's id says: where it and its deliveries are kept, without a directory to look it
 * up in.
 */
export interface EndpointAddress {
  readonly tenant: string
  /** 0 to 255: which of the tenant's partitions keeps its deliveries. */
  readonly shard: number
}

const ID = /^ep_([0-9a-f]{2})[0-9a-f]{28}(?:\.([\w-]{1,64}))?$/

/** @returns A new id: unguessable, so that knowing a tenant's name does not find its endpoints */
export function createEndpointId({ tenant, shard }: EndpointAddress, random: RandomSource): string {
  const unique = encodeHex(new Uint8Array([shard, ...random.bytes(14)]))
  return `ep_${unique}${tenant === DEFAULT_TENANT ? '' : `.${tenant}`}`
}

/** @returns What `id` says, or `null` when it is no endpoint's id */
export function readEndpointId(id: string): EndpointAddress | null {
  const match = ID.exec(id)
  if (match?.[1] === undefined) return null
  return { tenant: match[2] ?? DEFAULT_TENANT, shard: Number.parseInt(match[1], 16) }
}

/**
 * Whose endpoint an id names, whether there is one or not: what a program that serves several
 * tenants compares before it does anything with the id.
 *
 * @returns The tenant, or `null` when it is no endpoint's id
 * @example
 * if (tenantOfEndpoint(id) !== signedInTenant) return notFound()
 */
export function tenantOfEndpoint(id: string): string | null {
  return readEndpointId(id)?.tenant ?? null
}
