import { expect, test } from 'vitest'
import {
  openDashboardFixture,
  type DashboardFixture,
} from '../../test/support/dashboard-fixture.ts'
import type { createSessions } from './access/sessions.ts'
import { mayAct, ROLES } from './access/dashboard-user.ts'
import { dashboardRoutes } from './dashboard-routes.ts'
import type { Route } from './http/route.ts'

const routes = dashboardRoutes({
  sessions: undefined as unknown as ReturnType<typeof createSessions>,
  tenants: undefined,
})

function pathOf(route: Route, { ids }: DashboardFixture): string {
  const names: Readonly<Record<string, string>> = {
    ':queue': 'emails',
    ':saga': 'orders',
    ':name': 'welcome-email',
    ':index': '0',
  }
  const owner = route.path.split('/:id')[0] ?? ''
  const id =
    {
      '/jobs/:queue/job': ids.dead,
      '/jobs/:queue/schedules': 'nightly',
      '/sagas/:saga': ids.saga,
      '/webhooks/endpoints': ids.endpoint,
      '/webhooks/deliveries': ids.delivery,
      '/notifications/messages': ids.message,
      '/payments': ids.payment,
    }[owner] ?? 'k1'
  return route.path
    .replaceAll(/:\w+/g, (name) => encodeURIComponent(names[name] ?? id))
    .replace(/^\/$/, '')
}

test('every route × every role: whoever may not changes nothing, and is on record', async () => {
  const fixture = await openDashboardFixture()
  const table: string[] = []
  for (const route of routes) {
    if (route.method !== 'GET' && route.method !== 'POST') continue
    const path = pathOf(route, fixture)
    for (const role of ROLES) {
      const before = (await fixture.audit.head())?.sequence ?? 0
      // Nothing is sure, so nothing that asks is done.
      const { status, text } =
        route.method === 'GET' ? await fixture.get(path, role) : await fixture.post(path, {}, role)
      const isLetIn = mayAct(role, route.role)
      expect([route.path, role, status === 403], text.slice(-2000)).toEqual([
        ...[route.path, role, !isLetIn],
      ])
      if (isLetIn || route.method === 'GET') continue
      table.push(`${route.act} ${role}`)
      const denied = await Array.fromAsync(fixture.audit.entries(before))
      expect(denied.map(({ action, outcome }) => [action, outcome])).toEqual([
        [`dashboard.${route.act}`, 'denied'],
      ])
    }
  }
  expect(table.length).toBeGreaterThan(40)
})

test('a reader can change nothing but how pages look to them', () => {
  const open = routes.filter((route) => route.method !== 'GET' && route.role === 'reader')
  expect(open.map(({ path }) => path)).toEqual(['/settings/view', '/settings/tenant'])
})

test('no two routes answer one request, and every act has a name of its own', () => {
  const places = routes.map(({ method, path }) => `${method} ${path.replaceAll(/:\w+/g, ':')}`)
  expect(new Set(places).size).toBe(places.length)
  const acts = routes.flatMap((route) => (route.method === 'POST' ? [route.act] : []))
  expect(new Set(acts).size).toBe(acts.length)
})

test('what cannot be undone is asked first', () => {
  const asked = routes.flatMap((route) =>
    route.method === 'POST' &&
    /remove|delete|revoke|refund|reset|cancel|redrive|replay/.test(route.path)
      ? [[route.path, route.ask !== undefined] as const]
      : [],
  )
  expect(asked.length).toBeGreaterThan(10)
  expect(asked.filter(([, asks]) => !asks)).toEqual([])
})
