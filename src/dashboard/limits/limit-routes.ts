import { mayAct } from '../access/dashboard-user.ts'
import type { Call, Page } from '../http/call.ts'
import { MissingPageError } from '../http/missing-page-error.ts'
import type { Route } from '../http/route.ts'
import { formatNumber, formatShare } from '../html/format.ts'
import { html, nothing } from '../html/html.ts'
import {
  actButton,
  emptyState,
  findForm,
  formFields,
  instant,
  pathTo,
  section,
  table,
} from '../html/parts.ts'
import { shownText } from '../html/shown-text.ts'

/** Quotas of one key, and bans. No store lists keys: one asks for one. */
export function limitRoutes(): readonly Route[] {
  return [
    { method: 'GET', path: '/limits', role: 'reader', handle: limitsPage },
    {
      ...{ method: 'POST', path: '/limits/reset', role: 'admin', act: 'limits.reset' },
      target: (call) => `quota/${call.field('key')}`,
      ask: (call) => ({
        title: 'Begin this quota anew?',
        body: html`<p>What ${shownText(call.field('key'), 200)} has used counts as unused.</p>`,
        ...{ button: 'Begin anew', destructive: true },
      }),
      done: () => 'The quota begins anew.',
      async handle(call) {
        const { quotas } = call.services
        if (quotas === undefined) throw new MissingPageError('There are no quotas here.')
        await quotas.reset(call.field('key'))
        return { to: `/limits?key=${encodeURIComponent(call.field('key'))}` }
      },
    },
    {
      ...{ method: 'POST', path: '/limits/unban', role: 'operator', act: 'limits.unban' },
      target: () => 'an address',
      done: () => 'The address is let in again.',
      async handle(call) {
        const { protection } = call.services
        if (protection === undefined) throw new MissingPageError('Nobody is banned here.')
        await protection.unban(call.field('address').trim())
        return { to: '/limits' }
      },
    },
  ]
}

async function limitsPage(call: Call): Promise<Page> {
  const { quotas, protection } = call.services
  const key = call.query('key').trim()
  const usage = quotas === undefined || key === '' ? {} : await quotas.usage(key)
  const here = pathTo(call.view, 'limits')
  const isAdmin = mayAct(call.user.role, 'admin')
  return {
    ...{ title: 'Limits', section: 'limits' },
    body: html`${
      quotas === undefined
        ? nothing
        : html`${findForm(here, {
            ...{ name: 'key', label: 'Whose quota', longest: 400, value: key, button: 'Show' },
            placeholder: 'A key, as your program names it',
          })}
          ${
            key === ''
              ? emptyState({
                  title: 'Ask for a key to see what it has used',
                  text: 'Quotas are kept under the keys that your program counts with.',
                  code: `await quotas.consume('tenant:acme', { units: { requests: 1 } })`,
                })
              : section(
                  shownText(key, 120),
                  table({
                    caption: 'Quotas',
                    columns: [
                      { name: 'Unit' },
                      { name: 'Used', numeric: true },
                      { name: 'Share', wide: true },
                      { name: 'Begins anew' },
                    ],
                    rows: Object.entries(usage).map(([unit, { used, limit, periodEnd }]) => [
                      shownText(unit, 80),
                      `${formatNumber(used)} of ${formatNumber(limit)}`,
                      html`<meter
                          min="0"
                          max="${limit}"
                          high="${limit * 0.8}"
                          value="${used}"
                          aria-label="${shownText(unit, 80)}"
                        ></meter>
                        ${formatShare(limit === 0 ? null : used / limit)}`,
                      periodEnd === null ? 'as time passes' : instant(periodEnd, call.view),
                    ]),
                    empty: html`<p class="hint">There is no quota for this key.</p>`,
                  }),
                  isAdmin
                    ? actButton(call, {
                        path: `${here}/reset`,
                        label: 'Begin anew',
                        fields: { key },
                        tone: 'danger',
                      })
                    : null,
                )
          }`
    }
    ${
      protection !== undefined && mayAct(call.user.role, 'operator')
        ? section(
            'Lift a ban',
            html`<form method="post" action="${here}/unban" class="card filters">
              ${formFields(call)}<label class="field whole"
                ><span>IP address</span><input name="address" required maxlength="64" /></label
              ><button class="button">Let it in again</button>
            </form>`,
          )
        : nothing
    }`,
  }
}
