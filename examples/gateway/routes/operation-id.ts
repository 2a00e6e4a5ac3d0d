import { DEFAULT_TENANT } from '../access/caller.ts'
import type { Call } from '../http/route.ts'

/**
 * A name of an operation that another tenant's operation cannot have: providers know one account for
 * all, and what they drop as a repetition must not be another tenant's.
 */
export function operationIdOf({ tenant }: Pick<Call, 'tenant'>, id: string): string {
  return tenant === DEFAULT_TENANT ? id : `${tenant}/${id}`
}
