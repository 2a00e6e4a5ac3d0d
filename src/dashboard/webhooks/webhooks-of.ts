import type { DashboardServices } from '../dashboard-services.ts'
import type { Call } from '../http/call.ts'
import { MissingPageError } from '../http/missing-page-error.ts'

/** @throws MissingPageError */
export function webhooksOf(call: Call): NonNullable<DashboardServices['webhooks']> {
  const { webhooks } = call.services
  if (webhooks !== undefined) return webhooks
  throw new MissingPageError('There are no webhooks here.')
}
