import {
  expectEqual,
  expectRejection,
  expectTrue,
  type Law,
} from '../../../../src/runtime/ports/conformance.ts'
import {
  createObserver,
  createRedactor,
  LoggerService,
  memorySink,
} from '../../../../src/services/logging/index.ts'
import {
  ExportError,
  sentry,
  type SentryClient,
  type SentryEvent,
  type SentryOptions,
} from '../../../../src/services/logging/sentry/index.ts'
import {
  createFakeClock,
  createSeededRandom,
  type FakeClock,
} from '../../../../src/testing/index.ts'

interface Fixture {
  readonly client: SentryClient
  readonly clock: FakeClock
  readonly requests: readonly Request[]
  readonly events: readonly SentryEvent[]
}

const redactor = createRedactor()

function fixture(
  more: Partial<SentryOptions> = {},
  answer: (number: number) => Response | Promise<Response> = () => new Response('{}'),
): Fixture {
  const clock = createFakeClock(1_700_000_000_000)
  const requests: Request[] = []
  const events: SentryEvent[] = []
  const client = sentry({
    dsn: 'https://0123456789abcdef@o1.ingest.sentry.io/42',
    redactor,
    clock,
    random: createSeededRandom(3),
    fetch: async (url, init) => {
      const request = new Request(url, init)
      requests.push(request)
      const response = await answer(requests.length)
      if (response.ok)
        events.push(JSON.parse((await request.text()).split('\n')[2] ?? '') as SentryEvent)
      return response
    },
    ...more,
  })
  return { client, clock, requests, events }
}

/** What the client of Sentry promises on every runtime. */
export const sentryLaws: readonly Law<unknown>[] = [
  {
    name: 'captureError() sends what the scope knows, redacted, and each error once',
    async run() {
      const { client, events, requests, clock } = fixture({
        release: 'app@1.2.3',
        environment: 'staging',
        tags: { region: 'eu' },
      })
      const scope = client
        .scope()
        .setUser({ id: 'u1', email: 'ann@example.com' })
        .setTag('plan name', 'gold\nplus')
        .setContext('order', { id: 7, password: 'hunter2' })
        .setFingerprint(['{{ default }}', 'orders'])
        .addBreadcrumb({ message: 'mailed ann@example.com', category: 'mail' })
      const error = new TypeError('no mail for ann@example.com', {
        cause: new Error('at the root'),
      })
      const id = scope.captureError(error, {
        transaction: 'POST /orders',
        extra: { ssn: '078-05-1120' },
      })
      expectEqual(scope.captureError(error), null)
      expectEqual(await client.flush(), { sent: 1, dropped: 0, errors: [] })
      const [event] = events
      expectTrue(event !== undefined, 'an event')
      expectTrue(
        !/ann@|hunter2|078-05/.test(JSON.stringify(event)),
        'all that is personal to be hidden',
      )
      expectEqual(
        [event.event_id, event.timestamp, event.level, event.release, event.environment],
        [id, clock.now() / 1000, 'error', 'app@1.2.3', 'staging'],
      )
      expectEqual(
        [event.user, event.tags, event.fingerprint, event.transaction, event.extra],
        [
          { id: 'u1', email: '[EMAIL]' },
          { region: 'eu', plan_name: 'gold plus' },
          ['{{ default }}', 'orders'],
          'POST /orders',
          { ssn: '[SSN]' },
        ],
      )
      expectEqual(event.contexts, { order: { id: 7, password: '[REDACTED]' } })
      expectEqual(
        event.breadcrumbs?.values.map(({ message, timestamp }) => [message, timestamp]),
        [['mailed [EMAIL]', clock.now() / 1000]],
      )
      const values = event.exception?.values ?? []
      expectEqual(
        values.map(({ type, value, mechanism: { type: how, handled } }) => [
          type,
          value,
          how,
          handled,
        ]),
        [
          ['Error', 'at the root', 'chained', true],
          ['TypeError', 'no mail for [EMAIL]', 'generic', true],
        ],
      )
      const frame = values[1]?.stacktrace?.frames.at(-1)
      expectTrue((frame?.lineno ?? 0) > 0 && (frame?.filename ?? '') !== '', 'frames of the stack')
      const [request] = requests
      expectEqual(
        [request?.url, request?.method, request?.headers.get('content-type')],
        ['https://o1.ingest.sentry.io/api/42/envelope/', 'POST', 'application/x-sentry-envelope'],
      )
      expectTrue(
        request?.headers.get('x-sentry-auth')?.includes('sentry_key=0123456789abcdef') === true,
        'the key in a header, and not in the address',
      )
    },
  },
  {
    name: 'a logger’s lines are breadcrumbs of their own request, and events where one says so',
    async run() {
      const { client, events } = fixture({ captureLines: 'error', maxBreadcrumbs: 2 })
      const logger = new LoggerService({ sinks: [client] })
      for (const requestId of ['r1', 'r2']) {
        const log = logger.inContext({ requestId })
        for (const at of [1, 2, 3]) log.warn({ at }, 'step of {at}')
      }
      logger.inContext({ requestId: 'r1' }).error(new RangeError('no'), 'failed')
      logger.inContext({ requestId: 'r2' }).fatal({ total: 3 }, 'stopped')
      await client.flush()
      expectEqual(
        events.map(({ level, logentry, tags, breadcrumbs, exception, extra }) => [
          level,
          logentry?.formatted ?? exception?.values[0]?.type,
          tags,
          breadcrumbs?.values.map(({ message: crumb, level: of }) => [crumb, of]),
          extra,
        ]),
        [
          [
            'error',
            'RangeError',
            { requestId: 'r1' },
            [
              ['step of 2', 'warning'],
              ['step of 3', 'warning'],
            ],
            { message: 'failed' },
          ],
          [
            'fatal',
            'stopped',
            { requestId: 'r2' },
            [
              ['step of 2', 'warning'],
              ['step of 3', 'warning'],
            ],
            { total: 3, message: 'stopped' },
          ],
        ],
      )
    },
  },
  {
    name: 'an observer’s failed requests and work are events, sent before waitUntil is done',
    async run() {
      const { client, events } = fixture()
      const waited: Promise<unknown>[] = []
      const ctx = { waitUntil: (promise: Promise<unknown>) => void waited.push(promise) }
      const observer = createObserver({ logger: { sinks: [client, memorySink()] }, errors: client })
      const request = new Request('https://x.example.com/orders/7', {
        headers: { 'x-request-id': 'r7' },
      })
      const observed = observer.forRequest(request, ctx)
      await observed.handle(({ log }) => {
        log.info('before')
        throw new Error('no')
      })
      // What was handed over is waited for, and told.
      expectEqual((await observed.flush()).sent, 1)
      await Promise.all(waited)
      const work = observer.forWork('queue orders')
      await expectRejection(
        () =>
          work.run(() => {
            throw new Error('again')
          }),
        (error) => error instanceof Error,
        'the error',
      )
      // As a Durable Object does, which has nothing to keep it alive.
      expectEqual((await work.flush()).sent, 1)
      expectEqual(
        events.map(({ transaction, tags, breadcrumbs, exception }) => [
          transaction,
          tags?.['requestId'] === 'r7',
          breadcrumbs?.values.map(({ message }) => message),
          exception?.values[0]?.mechanism.handled,
        ]),
        [
          ['GET /orders/7', true, ['before'], true],
          ['queue orders', false, [], false],
        ],
      )
    },
  },
  {
    name: 'beforeSend sees an event without what is hidden; what it drops, or throws over, is not sent',
    async run() {
      const seen: string[] = []
      const { client, events } = fixture({
        beforeSend: (event) => {
          seen.push(JSON.stringify(event))
          if (event.logentry?.formatted === 'drop') return null
          if (event.logentry?.formatted === 'throw') throw new Error('no')
          return { ...event, server_name: 'changed' }
        },
      })
      expectEqual(client.captureMessage('drop'), null)
      expectEqual(client.captureMessage('throw'), null)
      client.captureMessage('mail of ann@example.com', { level: 'warning' })
      const { sent, dropped, errors } = await client.flush()
      expectEqual([sent, dropped, errors.map(String)], [1, 2, ['Error: no']])
      expectTrue(!seen.join('').includes('ann@'), 'nothing that is hidden')
      expectEqual(
        [events[0]?.server_name, events[0]?.logentry?.formatted, events[0]?.level],
        ['changed', 'mail of [EMAIL]', 'warning'],
      )
    },
  },
  {
    name: 'a share of the events is sent, and the others are counted',
    async run() {
      const { client } = fixture({ sampleRate: 0.25, maxQueued: 1000 })
      for (let at = 0; at < 400; at++) client.captureMessage('m')
      const { sent, dropped } = await client.flush()
      expectEqual(sent + dropped, 400)
      expectTrue(sent > 70 && sent < 130, `about a hundred, not ${sent}`)
    },
  },
  {
    name: 'the queue has a bound, what fails is tried three times, and what is lost is counted',
    async run() {
      const { client, requests } = fixture(
        { maxQueued: 2 },
        () => new Response(null, { status: 503 }),
      )
      for (const message of ['1', '2', '3']) client.captureMessage(message)
      const results = [await client.flush(), await client.flush()]
      expectEqual(
        results.map(({ sent, dropped, errors }) => [sent, dropped, errors.length]),
        [
          [0, 1, 1],
          [0, 0, 1],
        ],
      )
      expectTrue(
        results[0]?.errors[0] instanceof ExportError && results[0].errors[0].code === 'unreachable',
        'an ExportError',
      )
      // The first is given up, the second is tried for the first time.
      expectEqual((await client.flush()).dropped, 1)
      expectEqual(requests.length, 4)
      const refused = fixture({}, () => new Response(null, { status: 400 }))
      refused.client.captureMessage('1')
      refused.client.captureMessage('2')
      const { sent, dropped, errors } = await refused.client.flush()
      expectEqual([sent, dropped, errors.length, refused.requests.length], [0, 2, 2, 2])
      expectTrue(!String(errors[0]).includes('0123456789abcdef'), 'the key to stay out of errors')
    },
  },
  {
    name: 'while Sentry asks for quiet nothing is sent, and what happens is counted',
    async run() {
      const { client, clock, requests } = fixture(
        {},
        () => new Response(null, { headers: { 'x-sentry-rate-limits': '60:error:key' } }),
      )
      client.captureMessage('1')
      client.captureMessage('2')
      expectEqual(await client.flush(), { sent: 1, dropped: 1, errors: [] })
      clock.block(59_000)
      expectEqual(client.captureMessage('3'), null)
      clock.block(1000)
      expectTrue(client.captureMessage('4') !== null, 'an id again')
      expectEqual(await client.flush(), { sent: 1, dropped: 1, errors: [] })
      expectEqual(requests.length, 2)
    },
  },
  {
    name: 'what nobody flushes is sent after a second, and Sentry has ten to answer',
    async run() {
      const waited: Promise<unknown>[] = []
      const { client, clock, requests } = fixture(
        { waitUntil: (promise) => void waited.push(promise) },
        (number) => (number === 1 ? new Response() : new Promise<Response>(() => {})),
      )
      client.captureMessage('1')
      expectEqual(requests.length, 0)
      await clock.advance(1000)
      expectEqual([requests.length, waited.length], [1, 1])
      client.captureMessage('2')
      await clock.advance(1000)
      await clock.advance(10_000)
      const result = (await waited[1]) as { readonly errors: readonly unknown[] }
      expectEqual([requests.length, result.errors.length], [2, 1])
    },
  },
  {
    name: 'nothing that is captured makes it throw, or the envelope one that cannot be read',
    async run() {
      const throwing = (): never => {
        throw new Error('no')
      }
      const { client, events } = fixture({ maxQueued: 1000 })
      const circular = new Error('circular')
      circular.cause = circular
      const odd: readonly unknown[] = [
        undefined,
        null,
        'text\nwith\nlines',
        7n,
        Symbol('s'),
        { message: 1 },
        circular,
        Object.defineProperty(new Error('x'), 'stack', { get: throwing }),
        Object.defineProperty(new Error('x'), 'message', { get: throwing }),
        new Proxy(
          {},
          { get: throwing, ownKeys: throwing, getPrototypeOf: throwing, has: throwing },
        ),
        new Error('\ud800'),
        new Error('x'.repeat(3_000_000)),
      ]
      for (const error of odd) client.captureError(error, { extra: { error }, tags: { '': 'x' } })
      const { sent, dropped } = await client.flush()
      expectEqual(sent + dropped, odd.length)
      expectTrue(events.length >= odd.length - 1, `nearly all, not ${events.length}`)
      for (const event of events)
        expectTrue((event.exception?.values.length ?? 0) >= 1, 'an exception')
    },
  },
  {
    name: 'sentry() refuses options that it cannot use',
    async run() {
      const dsn = 'https://k@o1.ingest.sentry.io/42'
      for (const options of [
        { redactor },
        { dsn },
        { dsn: 'https://o1.ingest.sentry.io/42', redactor },
        { dsn, redactor, sampelRate: 1 },
        { dsn, redactor, captureLines: 'info' },
      ])
        await expectRejection(
          async () => sentry(options as never),
          (error) => error instanceof TypeError,
          JSON.stringify(Object.keys(options)),
        )
      for (const options of [{ sampleRate: 2 }, { maxBreadcrumbs: 101 }, { maxQueued: 0 }])
        await expectRejection(
          async () => sentry({ dsn, redactor, ...options }),
          (error) => error instanceof RangeError,
          JSON.stringify(options),
        )
    },
  },
]
