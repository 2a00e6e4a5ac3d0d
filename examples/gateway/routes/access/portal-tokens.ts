import type { PortalTokens } from '../../access/portal-tokens.ts'
import * as api from '../../contract/access.ts'
import { durationMs } from '../../http/duration.ts'
import { ProblemError } from '../../http/problem.ts'
import { route, type Route } from '../../http/route.ts'

const DAY_MS = 86_400_000

/** Tokens for a customer's own portal, for a day at most. */
export function portalTokenRoutes(tokens: PortalTokens): readonly Route[] {
  return [
    route(api.createPortalToken, async ({ body, tenant, caller }) => {
      const { readOnly = false, expiresIn = '1h' } = body
      const needed = readOnly
        ? (['webhooks:read'] as const)
        : (['webhooks:read', 'webhooks:write'] as const)
      const missing = needed.find((scope) => !caller.scopes.includes(scope))
      if (missing !== undefined)
        throw new ProblemError(
          403,
          'missing_scope',
          `The credential lacks the scope ${missing} itself`,
        )
      const expiresInMs = durationMs('expiresIn', expiresIn, 1000, DAY_MS)
      const token = await tokens.issue({ tenant, readOnly, expiresInMs })
      return { status: 201, body: token, target: `portal/${token.id}` }
    }),
  ]
}
