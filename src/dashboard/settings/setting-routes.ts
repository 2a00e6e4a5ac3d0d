import { mayAct } from '../access/dashboard-user.ts'
import type { Session, Sessions } from '../access/sessions.ts'
import type { Call, Page } from '../http/call.ts'
import { MissingPageError } from '../http/missing-page-error.ts'
import { redirect } from '../http/documents.ts'
import type { Route } from '../http/route.ts'
import { formatInstant } from '../html/format.ts'
import { html, nothing, type Html } from '../html/html.ts'
import {
  actButton,
  ago,
  emptyState,
  facts,
  formFields,
  instant,
  pager,
  pathTo,
  section,
  table,
} from '../html/parts.ts'
import { shownText } from '../html/shown-text.ts'
import { isZone, viewCookie } from '../html/view.ts'

/** What settings need beside the services. */
export interface SettingRoutesOptions {
  readonly sessions: Sessions
  readonly tenants: (() => Promise<readonly string[]>) | undefined
}

const TENANT = /^[\w.-]{1,64}$/

/** How one wants to see pages, whose one looks at, and keys. */
export function settingRoutes(options: SettingRoutesOptions): readonly Route[] {
  const { sessions } = options
  return [
    {
      ...{ method: 'GET', path: '/settings', role: 'reader' },
      handle: (call) => settingsPage(call, options),
    },
    {
      ...{ method: 'POST', path: '/settings/view', role: 'reader', act: 'settings.view' },
      target: (call) => `user/${call.user.id}`,
      handle(call) {
        const zone = call.field('zone').trim()
        const theme = call.field('theme')
        if (!isZone(zone)) throw new RangeError('Cannot use time zone: there is none of this name')
        const { basePath } = call.view
        return redirect(
          `${basePath}/settings`,
          viewCookie({
            ...{ basePath, zone },
            theme: theme === 'light' || theme === 'dark' ? theme : 'auto',
          }),
        )
      },
    },
    {
      ...{ method: 'POST', path: '/settings/tenant', role: 'reader', act: 'settings.tenant' },
      target: (call) => `tenant/${call.field('tenant')}`,
      handle(call) {
        const tenant = call.field('tenant').trim()
        if (call.user.tenant !== null) throw new RangeError('Cannot change tenant: you have one')
        if (!TENANT.test(tenant)) throw new RangeError('Cannot change tenant: it is no name of one')
        const session: Session | null = sessions.read(call.request)
        if (session === null) throw new MissingPageError('Sign in with a key to choose a tenant.')
        const { basePath } = call.view
        return redirect(
          basePath === '' ? '/' : basePath,
          sessions.cookieOf({ ...session, tenant }, call.request),
        )
      },
    },
    {
      ...{ method: 'POST', path: '/settings/keys/:id/revoke', role: 'admin', act: 'keys.revoke' },
      target: (call) => `key/${call.param('id')}`,
      ask: (call) => ({
        title: 'Revoke this key?',
        body: html`<p>Whoever has it is refused within seconds, everywhere. It cannot be undone.</p>
          <p class="mono">${shownText(call.param('id'))}</p>`,
        ...{ button: 'Revoke the key', destructive: true },
      }),
      done: (count) => (count > 0 ? 'The key is revoked.' : 'There was no such key.'),
      async handle(call) {
        const { keys } = call.services
        if (keys === undefined) throw new MissingPageError('There are no keys here.')
        const revoked = await keys.revoke(call.param('id'))
        return { to: '/settings', count: revoked ? 1 : 0 }
      },
    },
  ]
}

async function settingsPage(call: Call, { tenants }: SettingRoutesOptions): Promise<Page> {
  const { user, view } = call
  const here = pathTo(view, 'settings')
  return {
    ...{ title: 'Settings', section: 'settings' },
    body: html`${section(
        'You',
        facts([
          ['Signed in as', shownText(user.id)],
          ['Role', user.role],
          ['Tenant', shownText(call.tenant)],
        ]),
      )}
      <section class="section" id="view">
        <h2>How pages look</h2>
        <form method="post" action="${here}/view" class="card filters">
          ${formFields(call)}
          <label class="field"
            ><span>Time zone</span
            ><input
              name="zone"
              data-zone
              value="${view.zone}"
              required
              maxlength="64"
              autocomplete="off"
          /></label>
          <label class="field"
            ><span>Colours</span
            ><select name="theme">
              ${(['auto', 'light', 'dark'] as const).map((one) => html`<option value="${one}" ${one === view.theme ? html` selected` : nothing}>${one === 'auto' ? 'as the system says' : one}</option>`)}
            </select></label
          >
          <button type="button" class="button" data-own-zone hidden></button>
          <button class="button primary">Save</button>
          <p class="hint whole">Now it is ${formatInstant(call.now, view.zone)}.</p>
        </form>
      </section>
      ${user.tenant === null ? await tenantForm(call, tenants) : nothing}
      ${call.services.keys !== undefined && mayAct(user.role, 'admin') ? await keysOf(call) : nothing}`,
  }
}

async function tenantForm(call: Call, tenants: SettingRoutesOptions['tenants']): Promise<Html> {
  const names = (await tenants?.()) ?? []
  return section(
    'Tenant',
    html`<form
      method="post"
      action="${pathTo(call.view, 'settings', 'tenant')}"
      class="card filters"
    >
      ${formFields(call)}
      <label class="field"
        ><span>Whose services you look at</span
        ><input
          name="tenant"
          list="tenants"
          value="${call.tenant}"
          required
          maxlength="64"
          pattern="[A-Za-z0-9_.\\-]{1,64}"
      /></label>
      <datalist id="tenants">
        ${names.slice(0, 1000).map((name) => html`<option value="${name}"></option>`)}
      </datalist>
      <button class="button">Look at it</button>
    </form>`,
  )
}

async function keysOf(call: Call): Promise<Html> {
  const cursor = call.query('cursor')
  const page = await call.services.keys?.page({ limit: 50, ...(cursor !== '' && { cursor }) })
  const { keys, cursor: next } = page ?? { keys: [], cursor: null }
  return section(
    'Keys',
    html`${table({
      caption: 'Keys',
      columns: [
        { name: 'Key' },
        { name: 'May', wide: true },
        { name: 'Used' },
        { name: 'Ends' },
        { name: '' },
      ],
      rows: keys.map((key) => [
        html`${shownText(key.label, 80)}<span class="sub mono">${shownText(key.id, 40)}</span>`,
        shownText(key.scopes.join(', '), 300),
        ago(key.lastUsedAt, call.view),
        key.expiresAt === null
          ? html`<span class="hint">never</span>`
          : instant(key.expiresAt, call.view),
        html`<div class="actions">
          ${actButton(call, {
            path: pathTo(call.view, 'settings', 'keys', key.id, 'revoke'),
            ...{ label: 'Revoke', about: key.label, tone: 'danger' },
          })}
        </div>`,
      ]),
      empty: emptyState({
        title: 'There is no key of this tenant',
        text: 'A key is made over the API and shown once.',
        code: `curl $GATEWAY/v1/keys -H "Authorization: Bearer $ROOT_KEY" \\\n  -H 'content-type: application/json' -d '{"label":"web","tenant":"${call.tenant}"}'`,
      }),
    })}${pager(call, next)}`,
  )
}
