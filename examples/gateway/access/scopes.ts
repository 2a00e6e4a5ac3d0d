/** What a key may be for. A service's `write` does not include its `read`. */
export const SCOPES = [
  'webhooks:read',
  'webhooks:write',
  'events:write',
  'jobs:read',
  'jobs:write',
  'notifications:read',
  'notifications:write',
  'payments:read',
  'payments:write',
  'files:read',
  'files:write',
  'keys:read',
  'keys:write',
  'portal:write',
  'audit:read',
  'metrics:read',
] as const

/** One thing that a caller may do. */
export type Scope = (typeof SCOPES)[number]

/** What a key is for that is made without saying it: the services, and nothing about access. */
export const SERVICE_SCOPES: readonly Scope[] = SCOPES.filter(
  (scope) => !/^(?:keys|portal|audit|metrics):/.test(scope),
)

/** Whether `text` names a scope. */
export function isScope(text: unknown): text is Scope {
  return SCOPES.some((scope) => scope === text)
}
