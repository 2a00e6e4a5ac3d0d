import type { DashboardFixture } from './dashboard-fixture.ts'

/** A page of the fixture, as a `Request` asks for it. */
export interface FixturePage {
  readonly method: 'GET' | 'POST'
  readonly path: string
}

/** Every page that shows something of the fixture's, and what shows what is hidden. */
export function pagesOf(ids: DashboardFixture['ids'], text: string): readonly FixturePage[] {
  const part = encodeURIComponent
  const job = (id: string): string => `/jobs/emails/job/${id}`
  const file = `reports/${text.replaceAll('/', '')}.txt`
  const gets = [
    ...['', '/jobs', '/jobs/emails', '/jobs/emails?state=completed', '/jobs/emails/schedules'],
    `/jobs/emails?tag=${part(text.slice(0, 40))}&name=${part(text)}&from=${part(text)}`,
    ...[`/jobs/emails?id=${part(text)}`, `/jobs/emails?tag=customer:7`],
    ...[job(ids.dead), job(ids.done), job(ids.later)],
    ...['/sagas', `/sagas/orders/${ids.saga}`],
    ...['/webhooks', `/webhooks/endpoints/${ids.endpoint}`],
    ...['/webhooks/deliveries', `/webhooks/deliveries/${part(ids.delivery)}`],
    `/webhooks/deliveries?type=${part(text)}&endpoint=${part(text)}`,
    ...['/notifications', `/notifications/messages/${ids.message}`],
    ...['/notifications/suppressions', '/notifications/templates', '/notifications/outbox'],
    '/notifications/templates/welcome-email',
    `/notifications/templates/welcome-email?data=${part(JSON.stringify({ name: text }))}`,
    `/notifications/templates/welcome-email?data=${part(text)}`,
    ...['/payments', `/payments/${ids.payment}`],
    ...['/storage', '/storage?prefix=reports/', `/storage/file?key=${part(file)}`],
    `/limits?key=${part(text)}`,
    ...['/health', '/logs', `/logs?text=${part(text)}`, '/audit', '/settings'],
  ]
  const posts = [
    ...[`${job(ids.dead)}/reveal`, `${job(ids.done)}/reveal`, `${job(ids.dead)}/remove`],
    ...[`/sagas/orders/${ids.saga}/reveal`],
    `/webhooks/deliveries/${part(ids.delivery)}/reveal`,
    ...[`/notifications/messages/${ids.message}/reveal`, '/notifications/suppressions/reveal'],
    ...[
      '/jobs/emails/redrive',
      '/jobs/emails/all/remove',
      '/webhooks/replay',
      '/storage/delete',
      '/limits/reset',
    ],
    ...['/settings/keys/k1/revoke', `/payments/${ids.payment}/refund`],
  ]
  return [
    ...gets.map((path) => ({ method: 'GET' as const, path })),
    ...posts.map((path) => ({ method: 'POST' as const, path })),
  ]
}
