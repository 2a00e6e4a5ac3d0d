import {
  expectEqual,
  expectRejection,
  expectTrue,
  type Law,
} from '../../../../src/runtime/ports/conformance.ts'
import {
  createObserver,
  httpSink,
  memorySink,
  observationOf,
  observe,
  requestIdOf,
  type WorkContext,
  type ObserverOptions,
} from '../../../../src/services/logging/index.ts'
import { createFakeClock } from '../../../../src/testing/index.ts'

import { fixture, PARENT, requestOf, TRACE } from './observer-fixture.ts'

/** What they promise besides: ids, other work, what is sent, and whole handlers. */
export const observeWorkLaws: readonly Law<unknown>[] = [
  {
    name: 'requestIdOf() takes over an id, and nothing that is none, too long or personal',
    async run() {
      const random = { bytes: (length: number) => new Uint8Array(length), fraction: () => 0 }
      const none = '0'.repeat(32)
      const ids: readonly (readonly [string, string])[] = [
        ['01J9Z3K8W6T5V4X3Y2Z1A0B9C8', '01J9Z3K8W6T5V4X3Y2Z1A0B9C8'],
        ['c9a646d3-9c61-4cb7-bfcd-ee2522c8f633', 'c9a646d3-9c61-4cb7-bfcd-ee2522c8f633'],
        ['1700000000000', '1700000000000'],
        ['x'.repeat(128), 'x'.repeat(128)],
        ['x'.repeat(129), none],
        ['a b', none],
        ['a"b', none],
        ['{"level":60}', none],
        ['ann@example.com', none],
        ['4111111111111111', none],
        ['078-05-1120', none],
      ]
      for (const [given, expected] of ids)
        expectEqual(
          requestIdOf(new Headers({ 'x-request-id': given }), undefined, random),
          expected,
          given,
        )
      for (const odd of ['a\nb', 'a\u001b[2J', 'a\u202eb', '', '😀'])
        expectEqual(requestIdOf({ get: () => odd }, undefined, random), none, JSON.stringify(odd))
      const second = new Headers({ 'x-correlation-id': 'second' })
      expectEqual(requestIdOf(second), 'second')
      expectEqual(requestIdOf(second, ['x-trace'], random), none)
      expectEqual(requestIdOf(new Headers()).length, 32)
    },
  },
  {
    name: 'handle() answers whatever is thrown, also a revoked proxy, and hands on a body that is read',
    async run() {
      const { observer, records } = fixture()
      const { proxy, revoke } = Proxy.revocable({}, {})
      revoke()
      const failed = await observer.forRequest(requestOf('/')).handle(() => {
        throw proxy as Error
      })
      expectEqual(failed.status, 500)
      const headers = { 'content-type': 'text/event-stream' }
      const response = new Response('x', { headers })
      response.body?.getReader()
      const read = await observer.forRequest(requestOf('/')).handle(() => response)
      expectEqual([read.status, records.length], [200, 2])
    },
  },
  {
    name: 'fields that cannot be read take no answer away',
    async run() {
      const unreadable = {
        get a(): string {
          throw new Error('no')
        },
      }
      const { observer, records } = fixture({ fields: () => unreadable })
      const observation = observer.forRequest(requestOf('/'))
      const response = await observation.handle(() => {
        observation.set({ b: 1 })
        observation.set(unreadable)
        return new Response('well')
      })
      expectEqual(await response.text(), 'well')
      expectEqual(records[0]?.fields['b'], 1)
      expectEqual(records[0]?.fields['a'], '[Unreadable]')
      expectEqual(records[0]?.fields['status'], 200)
    },
  },
  {
    name: 'waitUntil is given what is to be sent, and what goes on after the answer with what it logs',
    async run() {
      const bodies: string[] = []
      const clock = createFakeClock(1_700_000_000_000)
      const sink = httpSink({
        url: 'https://logs.example.com/',
        clock,
        flushAfter: 0,
        fetch: async (url, init) => {
          bodies.push(await new Request(url, init).text())
          return new Response()
        },
      })
      const { waited, ctx } = fixture()
      const observer = createObserver({ logger: { sinks: [sink], clock }, clock })
      const { promise, reject } = Promise.withResolvers<void>()
      await observer.forRequest(requestOf(), ctx).handle((own) => {
        own.waitUntil(promise)
        return new Response()
      })
      expectEqual(waited.length, 2)
      await waited[1]
      expectEqual(bodies.length, 1)
      reject(new Error('late'))
      await waited[0]
      expectTrue(bodies[1]?.includes('work after the answer failed') === true, String(bodies[1]))
      // A server has no such context, and its sinks send in their own time.
      await observer.forRequest(requestOf()).handle(() => new Response())
      expectEqual(bodies.length, 2)
      expectEqual(await observer.flush(), { sent: 1, dropped: 0, errors: [] })
    },
  },
  {
    name: 'metrics are flushed at once, and then once in their time',
    async run() {
      const { observer, metrics, waited, ctx, clock } = fixture({ flushMetricsEvery: '10s' })
      let flushes = 0
      metrics.flush = async () => {
        flushes++
        return { sent: 0, dropped: 0, errors: [] }
      }
      const ask = (): Promise<Response> =>
        observer.forRequest(requestOf(), ctx).handle(() => new Response())
      await ask()
      expectEqual(flushes, 1)
      for (let at = 0; at < 5; at++) await ask()
      expectEqual(flushes, 1)
      await clock.advance(10_000)
      await Promise.all(waited)
      expectEqual(flushes, 2)
      clock.block(10_000)
      await ask()
      expectEqual(flushes, 3)
    },
  },
  {
    name: 'other work is one line, and what it throws is thrown on',
    async run() {
      const { observer, records, spans, reported, clock } = fixture()
      const headers = new Headers({ traceparent: `00-${TRACE}-${PARENT}-01` })
      const result = await observer
        .forWork('queue orders', undefined, { fields: { messages: 2 }, headers })
        .run(({ log }) => {
          log.info('inside')
          clock.block(5)
          return 7
        })
      expectEqual(result, 7)
      expectEqual([records[1]?.message, records[1]?.fields['durationMs']], ['work done', 5])
      expectEqual([records[0]?.fields['traceId'], spans[0]?.parentSpanId], [TRACE, PARENT])
      const error = new Error('no')
      const failing = observer.forWork('cron')
      await expectRejection(
        () =>
          failing.run(() => {
            throw error
          }),
        (thrown) => thrown === error,
        'what was thrown',
      )
      expectEqual([records[2]?.levelName, records[2]?.message], ['error', 'work failed'])
      expectEqual([reported.length, spans[1]?.status], [1, 'error'])
      await expectRejection(
        () => failing.run(() => 1),
        (thrown) => thrown instanceof TypeError,
        'a TypeError the second time',
      )
    },
  },
  {
    name: 'observe() wraps a Worker and a function, with options made of the first event’s bindings',
    async run() {
      const sink = memorySink()
      let made = 0
      const waited: Promise<unknown>[] = []
      const ctx = { waitUntil: (promise: Promise<unknown>) => void waited.push(promise) }
      const options = (env: { readonly LEVEL: 'info' }): ObserverOptions => {
        made++
        return { logger: { level: env.LEVEL, sinks: [sink] } }
      }
      const worker = observe(
        {
          port: 8080,
          async fetch(request: Request, env: { readonly LEVEL: 'info' }, _ctx: WorkContext) {
            observationOf(request)?.set({ level: env.LEVEL, isThis: this.port })
            return new Response('ok')
          },
          scheduled: async (_controller: object, _env: object, _ctx: WorkContext) => {},
          queue: async (_batch: object, _env: object, _ctx: WorkContext) => {
            throw new RangeError('try again')
          },
        },
        options,
      )
      const env = { LEVEL: 'info' } as const
      expectEqual(await (await worker.fetch(requestOf(), env, ctx)).text(), 'ok')
      await worker.scheduled({ cron: '* * * * *' }, env, ctx)
      await expectRejection(
        async () => worker.queue({ queue: 'orders', messages: [1, 2] }, env, ctx),
        (error) => error instanceof RangeError,
        'what the handler threw',
      )
      expectEqual(
        sink.records.map(({ message, fields }) => [message, fields['work'] ?? fields['isThis']]),
        [
          ['request', 8080],
          ['work done', 'scheduled'],
          ['work failed', 'queue orders'],
        ],
      )
      expectEqual([made, waited.length, worker.port], [1, 3, 8080])
      const serve = observe(
        (_request: Request, info: { readonly LEVEL: 'info' }) => new Response(info.LEVEL),
        options,
      )
      expectEqual(await (await serve(requestOf(), env)).text(), 'info')
    },
  },
  {
    name: 'observe() and createObserver() refuse what they cannot use',
    async run() {
      class App {
        fetch = (): Response => new Response()
      }
      for (const wrong of [new App(), {}, { get: () => 1 }, null, 'x'])
        await expectRejection(
          async () => observe(wrong as never, () => ({})),
          (error) => error instanceof TypeError,
          'a TypeError',
        )
      for (const options of [
        { slow: 1 },
        { route: '/x' },
        { requestIdHeaders: ['a b'] },
        { requestIdHeaders: 'x' },
      ])
        await expectRejection(
          async () => createObserver(options as never),
          (error) => error instanceof TypeError,
          'a TypeError',
        )
      for (const slowAfter of [0, -1, NaN, 1.5, 'soon', null])
        await expectRejection(
          async () => createObserver({ slowAfter: slowAfter as never }),
          (error) => error instanceof RangeError,
          'a RangeError',
        )
    },
  },
]
