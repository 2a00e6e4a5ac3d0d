import type { HealthStatus } from '../../services/logging/index.ts'
import type { Call, Page } from '../http/call.ts'
import { MissingPageError } from '../http/missing-page-error.ts'
import type { Route } from '../http/route.ts'
import { formatDuration } from '../html/format.ts'
import { html } from '../html/html.ts'
import { ago, badge, emptyState, table, type Tone } from '../html/parts.ts'
import { shownText } from '../html/shown-text.ts'

/** How each outcome is shown. */
export const HEALTH_TONES: Readonly<Record<HealthStatus, Tone>> = {
  pass: 'good',
  warn: 'warn',
  fail: 'bad',
}

/** What the checks say. */
export function healthRoutes(): readonly Route[] {
  return [{ method: 'GET', path: '/health', role: 'reader', handle: healthPage }]
}

async function healthPage(call: Call): Promise<Page> {
  const { health } = call.services
  if (health === undefined) throw new MissingPageError('There are no checks here.')
  const { status, checks } = await health.report()
  return {
    ...{ title: 'Health', section: 'health' },
    body: call.live(
      'health',
      html`<p>${badge(HEALTH_TONES[status], status)}</p>
        ${table({
          caption: 'Checks',
          columns: [
            { name: 'Check' },
            { name: 'Outcome' },
            { name: 'Took', numeric: true },
            { name: 'Looked' },
            { name: 'Why', wide: true },
          ],
          rows: Object.entries(checks).map(([name, finding]) => [
            shownText(name, 80),
            badge(HEALTH_TONES[finding.status], finding.status),
            formatDuration(finding.tookMs),
            ago(finding.at, call.view),
            finding.error === undefined
              ? html`<span class="hint">–</span>`
              : shownText(finding.error, 300),
          ]),
          empty: emptyState({
            title: 'Nothing is checked yet',
            text: 'A check is a function that fails when something is wrong.',
            code: `new HealthCheckService({ checks: { ...backendChecks(backend) } })`,
          }),
        })}`,
    ),
  }
}
