import { WebhookError } from '../webhook-error.ts'

/** Whose events and endpoints they are, where nobody says. */
export const DEFAULT_TENANT = 'default'

/** Whether `tenant` is the name of one. */
export function isTenant(tenant: string): boolean {
  return /^[\w-]{1,64}$/.test(tenant)
}

/**
 * Checks whose endpoints or deliveries are asked for.
 *
 * @param action What cannot be done, as in `list endpoints`
 * @param tenant Default {@link DEFAULT_TENANT}
 * @throws WebhookError `invalid_query` when it is no tenant's name
 */
export function checkTenant(action: string, tenant: unknown = DEFAULT_TENANT): string {
  if (typeof tenant === 'string' && isTenant(tenant)) return tenant
  throw new WebhookError(
    'invalid_query',
    `Cannot ${action}: tenant is not 1 to 64 characters of A–Z a–z 0–9 _ -`,
  )
}
