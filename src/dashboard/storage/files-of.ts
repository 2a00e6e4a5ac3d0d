import type { DashboardFiles } from '../dashboard-services.ts'
import type { Call } from '../http/call.ts'
import { MissingPageError } from '../http/missing-page-error.ts'

/** @throws MissingPageError */
export function filesOf(call: Call): DashboardFiles {
  const { files } = call.services
  if (files !== undefined) return files
  throw new MissingPageError('There are no files here.')
}
