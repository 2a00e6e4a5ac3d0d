/** What somebody may do: look; mend; and change who may. Each may what those before it may. */
export const ROLES = ['reader', 'operator', 'admin'] as const

/** One of {@link ROLES}. */
export type DashboardRole = (typeof ROLES)[number]

/** Somebody who is let in. */
export interface DashboardUser {
  /** Names them in the audit log, 1 to 200 characters; no secret. */
  readonly id: string
  readonly role: DashboardRole
  /** The only tenant that they see; `null` for all of them. Default `null`. */
  readonly tenant?: string | null | undefined
  /** When they must sign in anew, ms since 1970. Default: when the session ends. */
  readonly expiresAt?: number | null | undefined
}

/** What {@link Authorize} is asked about. */
export interface AuthorizeRequest {
  /** What somebody signs in with, as they typed it; absent where they have not. */
  readonly credential?: string
  /** Who has signed in before: answer them, as they are now, or `null` if they are gone. */
  readonly session?: DashboardUser
  readonly request: Request
}

/**
 * Finds out who asks, at each request. Without a credential and a session it may answer whom the
 * application knows by a session of its own.
 */
export type Authorize = (
  asked: AuthorizeRequest,
) => DashboardUser | null | Promise<DashboardUser | null>

/** Whether a role may do what another is needed for. */
export function mayAct(role: DashboardRole, needed: DashboardRole): boolean {
  return ROLES.indexOf(role) >= ROLES.indexOf(needed)
}

/**
 * What an application answered, checked: a role that is misspelt lets nobody in.
 *
 * @throws TypeError when it is neither a user nor nobody
 */
export function checkUser(given: unknown): Required<DashboardUser> | null {
  if (given === null || given === undefined || given === false) return null
  const { id, role, tenant, expiresAt } = given as Partial<Record<keyof DashboardUser, unknown>>
  const known = ROLES.find((one) => one === role)
  if (typeof id !== 'string' || id.length < 1 || id.length > 200)
    throw new TypeError('Cannot authorize: the user has no id of 1 to 200 characters')
  if (known === undefined)
    throw new TypeError(`Cannot authorize: the user has no role, ${ROLES.join(', ')} expected`)
  return {
    id: id.toWellFormed(),
    role: known,
    tenant: typeof tenant === 'string' ? tenant : null,
    expiresAt: typeof expiresAt === 'number' && !Number.isNaN(expiresAt) ? expiresAt : null,
  }
}

/** Whose services somebody looks at first. */
export function firstTenant({ tenant }: Required<DashboardUser>): string {
  return tenant ?? 'default'
}
