import { encodeHex } from '../../primitives/hex.ts'
import type { StorePartition } from '../../runtime/ports/atomic-store/atomic-store.ts'
import type { Clock } from '../../runtime/ports/platform/clock.ts'
import type { RandomSource } from '../../runtime/ports/platform/random-source.ts'
import { checkUser, type DashboardUser } from './dashboard-user.ts'
import { createSignedText } from './signed-text.ts'

/** Links that let somebody in once. */
export interface SignInLinks {
  /** @returns The token of the link, and when it ends, ms since 1970 */
  issue(user: Required<DashboardUser>): { readonly token: string; readonly expiresAt: number }
  /** @returns Whether the token is ours and its time is not over; it may have been used */
  isOurs(token: string): boolean
  /** Uses a token up. @returns Whom it lets in, or `null` when it is used, over or not ours */
  use(token: string): Promise<Required<DashboardUser> | null>
}

/** What {@link createSignInLinks} needs. */
export interface SignInLinksOptions {
  readonly secret: string
  /** Remembers which were used. */
  readonly partition: Pick<StorePartition, 'commit'>
  readonly clock: Clock
  readonly random: RandomSource
}

const LASTS_MS = 15 * 60_000

interface Claims {
  readonly id: string
  readonly user: Required<DashboardUser>
  readonly expiresAt: number
}

/** Creates links of 15 minutes; which of them was used is kept as long as that. */
export function createSignInLinks(options: SignInLinksOptions): SignInLinks {
  const { secret, partition, clock, random } = options
  const tokens = createSignedText('dashboard link', secret)

  function claimsOf(token: string): Claims | null {
    const read = tokens.read(token)
    if (!Array.isArray(read) || read[0] !== 1) return null
    const [, id, given, expiresAt] = read as readonly unknown[]
    const user = checkUser(given)
    if (user === null || typeof id !== 'string' || typeof expiresAt !== 'number') return null
    return expiresAt <= clock.now() ? null : { id, user, expiresAt }
  }

  return {
    issue(user) {
      const expiresAt = clock.now() + LASTS_MS
      return { token: tokens.sign([1, encodeHex(random.bytes(16)), user, expiresAt]), expiresAt }
    },
    isOurs: (token) => claimsOf(token) !== null,
    async use(token) {
      const claims = claimsOf(token)
      if (claims === null) return null
      const key = `used-link/${claims.id}`
      const { ok } = await partition.commit({
        check: [{ key, version: null }],
        // A clock that steps back finds it used all the same.
        set: [{ key, value: true, expiresInMs: 2 * LASTS_MS }],
      })
      return ok ? claims.user : null
    },
  }
}
