import {
  createDashboard,
  type Dashboard,
  type DashboardOptions,
} from '../../src/dashboard/index.ts'
import type { DashboardRole } from '../../src/dashboard/access/dashboard-user.ts'
import type { DashboardServices } from '../../src/dashboard/dashboard-services.ts'
import { memory } from '../../src/runtime/backends/memory/index.ts'
import type { Backend } from '../../src/runtime/ports/backend.ts'
import {
  defineJob,
  JobQueue,
  SagaOrchestrator,
  scheduleJob,
  UnrecoverableError,
} from '../../src/services/background-jobs/index.ts'
import {
  backendChecks,
  createAuditLog,
  HealthCheckService,
  LoggerService,
  memorySink,
  type AuditLog,
} from '../../src/services/logging/index.ts'
import { createNotifications, defineTemplate } from '../../src/services/notifications/index.ts'
import { outbox } from '../../src/services/notifications/providers/outbox.ts'
import { createPayments, money } from '../../src/services/payments/index.ts'
import { sandbox } from '../../src/services/payments/providers/sandbox.ts'
import { Quotas } from '../../src/services/rate-limiting/index.ts'
import { memoryBlobs } from '../../src/services/storage/providers/memory/index.ts'
import { createUploadSessions } from '../../src/services/storage/uploads/index.ts'
import { createWebhooks } from '../../src/services/webhooks/index.ts'
import { createFakeClock, type FakeClock } from '../../src/testing/fake-clock.ts'
import { createSeededRandom } from '../../src/testing/seeded-random.ts'

/** A dashboard of every service, with something of everything in it. */
export interface DashboardFixture {
  readonly dashboard: Dashboard
  readonly services: DashboardServices
  readonly queue: JobQueue
  readonly audit: AuditLog
  readonly clock: FakeClock
  /** Ids of what is there. */
  readonly ids: Readonly<
    Record<
      'dead' | 'done' | 'later' | 'saga' | 'endpoint' | 'delivery' | 'message' | 'payment',
      string
    >
  >
  /** Sends the webhooks that are due. */
  drain(): Promise<unknown>
  /** Revokes everybody's keys, as the application's `authorize` sees them. */
  readonly gone: Set<string>
  /** The cookie of somebody who has signed in. */
  signIn(role: DashboardRole): Promise<string>
  get(path: string, role?: DashboardRole): Promise<Page>
  /** Sends a form, with the token that its pages carry. */
  post(path: string, fields?: Readonly<Record<string, string>>, role?: DashboardRole): Promise<Page>
}

/** An answer, read. */
export interface Page {
  readonly status: number
  readonly headers: Headers
  readonly text: string
}

export const ORIGIN = 'https://app.example'
/** Where everything is mounted in tests. */
export const BASE = '/dashboard'

/** What somebody who means no good writes into every field that they can fill. */
export const HOSTILE = `"><script>alert(1)</script><img src=x onerror=alert(2)>'\`<!--</textarea></style>&lt;b&gt;\u202Etxt.exe`

/** Opens it. @param text Stands in every field that an outsider can fill */
export async function openDashboardFixture(
  options: Partial<DashboardOptions> & {
    readonly text?: string
    readonly given?: Backend
    readonly now?: number
  } = {},
): Promise<DashboardFixture> {
  const { text = 'Ada', given, now, ...rest } = options
  const clock = createFakeClock(now)
  const random = createSeededRandom()
  const backend = given ?? memory({ clock })
  const platform = { backend, clock, random }
  const queue = new JobQueue({
    ...platform,
    name: 'emails',
    report: () => undefined,
    jobs: {
      welcome: defineJob({
        run: ({ data }, { log }) => {
          log(`To ${text}`)
          return Promise.resolve({ sent: data as string })
        },
      }),
      broken: defineJob({
        run: () => {
          throw new UnrecoverableError(`No such template: ${text}`)
        },
      }),
    },
  }) as unknown as JobQueue
  const [done, dead] = await queue.addBulk([
    { name: 'welcome', data: { to: text, [text]: 1 } },
    { name: 'broken', data: { to: text } },
  ])
  await queue.drain()
  const later = await queue.add(
    'welcome',
    { to: text },
    { delay: '1h', tags: ['customer:7', text.slice(0, 40)] },
  )
  await scheduleJob(queue, {
    id: 'nightly',
    name: 'welcome',
    data: { to: text },
    cron: '0 3 * * *',
  })

  const saga = new SagaOrchestrator({ ...platform, name: 'orders' })
  saga
    .addStep({ name: 'reserve', execute: () => text, compensate: () => null })
    .addStep({ name: 'charge', pivot: true, execute: () => text })
    .addStep({
      name: 'ship',
      retry: { attempts: 1 },
      execute: () => {
        throw new Error(`No parcel for ${text}`)
      },
    })
  const stuck = await saga.start({ order: text })
  await saga.drain()

  let answer = 500
  const webhooks = createWebhooks({
    ...platform,
    resolve: () => Promise.resolve(['93.184.216.34']),
    fetch: () =>
      Promise.resolve(new Response(text, { status: answer, headers: { 'x-answer': 'yes' } })),
    retrySchedule: [1000],
    report: () => undefined,
  })
  const endpoint = await webhooks.endpoints.create({
    url: `https://r.example.com/hook?q=${encodeURIComponent(text)}`,
    description: text.slice(0, 100),
  })
  await webhooks.publish({ id: 'evt_1', type: 'order.paid', data: { name: text } })
  await webhooks.drain()
  await clock.advance(5000)
  await webhooks.drain()
  answer = 200
  await webhooks.publish({ id: 'evt_2', type: 'order.paid', data: { name: text } })
  await webhooks.drain()

  const box = outbox()
  const notifications = createNotifications({
    ...platform,
    email: [box],
    from: 'shop@example.com',
    templates: {
      'welcome-email': defineTemplate('welcome-email', {
        email: {
          subject: 'Welcome, {{ name }}',
          html: '<h1>Hello {{ name }}</h1>',
          text: 'Hello {{ name }}',
        },
      }),
    },
  })
  const message = await notifications.sendEmail({
    ...{ to: 'ada@example.com', subject: text, text, html: `<p>${text}</p>` },
  })
  await notifications.suppressions.add({ address: 'grace@example.com' })

  const payments = createPayments({
    ...platform,
    providers: { sandbox: sandbox({ now: () => clock.now() }) },
  })
  const payment = await payments.createPaymentIntent({
    ...{ operationId: 'order-1', amount: money('49.90', 'EUR'), confirm: true },
    ...{ paymentMethod: 'pm_success', metadata: { name: text.slice(0, 100) } },
  })

  const store = memoryBlobs({ clock }).bucket('files')
  await store.put(`reports/${text.replaceAll('/', '')}.txt`, 'a report', {
    contentType: 'text/html',
  })
  const uploads = createUploadSessions({ ...platform, store })

  const lines = memorySink(1000)
  new LoggerService({ sinks: [lines], clock, redact: 'show-everything' }).info(
    { name: text },
    `Hello ${text}`,
  )
  const audit = createAuditLog({ backend, clock })
  const services: DashboardServices = {
    ...{ queues: [queue], sagas: [saga], webhooks, notifications, payments, audit, logs: lines },
    templates: [{ name: 'welcome-email', sample: { name: text } }],
    outbox: box,
    files: { store, uploads },
    quotas: new Quotas({
      backend,
      clock,
      plans: { default: { requests: { limit: 100, period: 'day' } } },
    }),
    health: new HealthCheckService({ checks: backendChecks(backend), clock }),
    keys: {
      page: () =>
        Promise.resolve({
          keys: [
            {
              ...{ id: 'k1', label: text, scopes: ['jobs:read'], createdAt: clock.now() },
              ...{ expiresAt: null, lastUsedAt: null },
            },
          ],
          cursor: null,
        }),
      revoke: () => Promise.resolve(true),
    },
  }
  const gone = new Set<string>()
  const dashboard = createDashboard({
    ...{ backend, services, clock, random },
    secret: 'a secret of at least thirty-two characters',
    authorize: ({ credential, session }) => {
      if (session !== undefined) return gone.has(session.id) ? null : session
      const role = (['reader', 'operator', 'admin'] as const).find(
        (one) => credential === `key-of-${one}`,
      )
      return role === undefined ? null : { id: `${role}/${text.slice(0, 100)}`, role }
    },
    ...rest,
  })

  const cookies = new Map<DashboardRole, string>()
  async function signIn(role: DashboardRole): Promise<string> {
    const known = cookies.get(role)
    if (known !== undefined) return known
    const response = await dashboard.fetch(
      new Request(`${ORIGIN}${BASE}/sign-in`, {
        method: 'POST',
        body: new URLSearchParams({ key: `key-of-${role}` }),
      }),
    )
    const cookie = (response.headers.get('set-cookie') ?? '').split(';')[0] ?? ''
    cookies.set(role, cookie)
    return cookie
  }
  async function read(response: Response): Promise<Page> {
    const { status, headers } = response
    // A stream goes on as long as somebody reads.
    const isStream = headers.get('content-type') === 'text/event-stream'
    if (isStream) await response.body?.cancel()
    return { status, headers, text: isStream ? '' : await response.text() }
  }
  async function get(path: string, role: DashboardRole = 'admin'): Promise<Page> {
    const headers = { cookie: await signIn(role) }
    return read(await dashboard.fetch(new Request(`${ORIGIN}${BASE}${path}`, { headers })))
  }
  return {
    ...{ dashboard, services, queue, audit, clock, gone, signIn, get },
    drain: () => webhooks.drain(),
    ids: {
      ...{ done: done?.id ?? '', dead: dead?.id ?? '', later: later.id, saga: stuck },
      ...{ endpoint: endpoint.id, delivery: `evt_1:${endpoint.id}` },
      ...{ message: message.id, payment: payment.id },
    },
    async post(path, fields = {}, role = 'admin') {
      const page = await get('/settings', role)
      const [, token = ''] = /name="token" value="([\w-]+)"/.exec(page.text) ?? []
      return read(
        await dashboard.fetch(
          new Request(`${ORIGIN}${BASE}${path}`, {
            method: 'POST',
            headers: { cookie: await signIn(role), 'sec-fetch-site': 'same-origin' },
            body: new URLSearchParams({ token, ...fields }),
          }),
        ),
      )
    },
  }
}
