import type { Call, Page } from '../http/call.ts'
import { MissingPageError } from '../http/missing-page-error.ts'
import type { Route } from '../http/route.ts'
import { html, nothing } from '../html/html.ts'
import { badge, emptyState, instant, table } from '../html/parts.ts'
import { shownText } from '../html/shown-text.ts'
import type { AuditEntry } from '../../services/logging/index.ts'

const PAGE = 100

/** Who did what here, the latest first. */
export function auditRoutes(): readonly Route[] {
  return [{ method: 'GET', path: '/audit', role: 'operator', handle: auditPage }]
}

async function auditPage(call: Call): Promise<Page> {
  const { audit } = call.services
  if (audit === undefined) throw new MissingPageError('There is no audit log here.')
  const last = (await audit.head())?.sequence ?? 0
  const asked = Number(call.query('before'))
  const before = Number.isSafeInteger(asked) && asked > 0 ? Math.min(asked, last + 1) : last + 1
  const after = Math.max(before - 1 - PAGE, 0)
  const entries: AuditEntry[] = []
  if (before > 1)
    for await (const entry of audit.entries(after)) {
      if (entry.sequence >= before) break
      entries.push(entry)
      if (entries.length >= PAGE) break
    }
  return {
    ...{ title: 'Audit', section: 'audit' },
    body: html`<p class="lead">
        Each entry carries the hash of the one before it, so that what was changed or taken out
        shows.
      </p>
      ${table({
        caption: 'Audit log',
        columns: [
          { name: 'Act' },
          { name: 'Who' },
          { name: 'On what', wide: true },
          { name: 'Outcome' },
          { name: 'When' },
        ],
        rows: entries
          .toReversed()
          .map((entry) => [
            html`${shownText(entry.action, 80)}<span class="sub">${entry.sequence}</span>`,
            shownText(entry.actor, 80),
            shownText(entry.target, 200),
            badge(
              entry.outcome === 'success' ? 'good' : entry.outcome === 'denied' ? 'warn' : 'bad',
              entry.outcome,
            ),
            instant(entry.at, call.view),
          ]),
        empty: emptyState({
          title: 'Nothing is on record yet',
          text: 'Whatever somebody changes here, or has shown to them that is about people, is recorded with who it was.',
        }),
      })}
      ${
        after > 0
          ? html`<nav class="pager" aria-label="Pages">
              <a class="button" rel="next" href="?before=${after + 1}">Older</a>
            </nav>`
          : nothing
      }`,
  }
}
