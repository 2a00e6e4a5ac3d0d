/** Whose events and endpoints they are, where nobody says. */
export const DEFAULT_TENANT = 'default'

/** Whether `tenant` is the name of one. */
export function isTenant(tenant: string): boolean {
  return /^[\w-]{1,64}$/.test(tenant)
}
