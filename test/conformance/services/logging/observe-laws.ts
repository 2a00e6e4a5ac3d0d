import { expectEqual, expectTrue, type Law } from '../../../../src/runtime/ports/conformance.ts'
import {
  BackendError,
  currentContext,
  MetricError,
  observationOf,
} from '../../../../src/services/logging/index.ts'

import { fixture, PARENT, requestOf, TRACE } from './observer-fixture.ts'

/** What observers promise of requests on every runtime: with a context that the platform remembers, and without. */
export const observeLaws: readonly Law<unknown>[] = [
  {
    name: 'a request is one line with its ids, one span and one measurement, however much it waits',
    async run() {
      const { observer, records, spans, metrics, clock } = fixture({ route: () => '/orders/:id' })
      const request = requestOf('/orders/7?email=ann@example.com', {
        'x-request-id': 'req-1',
        traceparent: `00-${TRACE}-${PARENT}-01`,
      })
      const observation = observer.forRequest(request)
      const response = await observation.handle(async ({ log, set }) => {
        log.info('first')
        await Promise.resolve()
        clock.block(20)
        observationOf(request)?.log.info('second')
        set.call(observation, { items: 3, status: 'forged' })
        return new Response('ok')
      })
      expectEqual([response.status, response.headers.get('x-request-id')], [200, 'req-1'])
      expectEqual(
        records.map(({ message }) => message),
        ['first', 'second', 'request'],
      )
      for (const { fields } of records)
        expectEqual([fields['requestId'], fields['traceId']], ['req-1', TRACE])
      const [span] = spans
      expectEqual(records[2]?.fields, {
        requestId: 'req-1',
        traceId: TRACE,
        spanId: span?.spanId,
        items: 3,
        method: 'GET',
        route: '/orders/:id',
        status: 200,
        durationMs: 20,
      })
      expectEqual(
        [span?.name, span?.parentSpanId, span?.kind, spans.length],
        ['GET /orders/:id', PARENT, 'server', 1],
      )
      expectEqual(span?.attributes, {
        'http.request.method': 'GET',
        'url.path': '/orders/7',
        'http.response.status_code': 200,
        'http.route': '/orders/:id',
      })
      const { body } = await metrics.expose()
      expectTrue(
        body.includes(
          'http_server_request_duration_seconds_sum{method="GET",route="/orders/:id",status="200"} 0.02',
        ),
        body,
      )
      expectTrue(!JSON.stringify([records, spans]).includes('ann@'), 'the query to stay out of all')
    },
  },
  {
    name: 'what work logs, traces and fetches belongs to it, also where no context is remembered',
    async run() {
      const { observer, records, spans, sent } = fixture()
      const handled = [1, 2].map((number) =>
        observer
          .forRequest(requestOf('/', { 'x-request-id': `r${number}` }))
          .handle(async (own) => {
            await Promise.resolve()
            await own.trace('lookup', { number }, async () => {
              await own.fetch('https://api.example.com/x', {})
              await own.fetch('https://elsewhere.example.com/x', {})
              own.log.info('inside')
            })
            const context = currentContext()
            expectTrue(
              context === undefined || context.requestId === `r${number}`,
              'the context of this request, or none',
            )
            return new Response()
          }),
      )
      await Promise.all(handled)
      expectEqual(currentContext(), undefined)
      for (const id of ['r1', 'r2']) {
        const own = records.filter(({ fields }) => fields['requestId'] === id)
        expectEqual(own.map(({ message }) => message).toSorted(), ['inside', 'request'])
        const traceId = own[0]?.fields['traceId']
        const trace = spans.filter((span) => span.traceId === traceId)
        expectEqual(trace.map(({ name }) => name).toSorted(), ['GET', 'GET', 'GET', 'lookup'])
        const known = sent.filter(({ headers }) =>
          headers.get('traceparent')?.includes(`${traceId}`),
        )
        expectEqual(
          known.map(({ url }) => url),
          ['https://api.example.com/x'],
        )
      }
    },
  },
  {
    name: 'what a handler throws is a problem document that says no more than it may, and is reported',
    async run() {
      const secret = new Error('connect postgres://app:hunter2@db/app failed')
      const thrown: readonly (readonly [unknown, number, string, boolean])[] = [
        [secret, 500, 'internal', true],
        ['a text', 500, 'internal', true],
        [undefined, 500, 'internal', true],
        [
          new BackendError('backend_unavailable', 'Cannot reach it'),
          503,
          'backend_unavailable',
          true,
        ],
        [
          new MetricError('defined_otherwise', 'No', { status: 409 }),
          409,
          'defined_otherwise',
          false,
        ],
      ]
      for (const [error, status, code, isReported] of thrown) {
        const { observer, records, reported, spans } = fixture()
        const response = await observer.forRequest(requestOf('/x')).handle(() => {
          throw error
        })
        const body = (await response.json()) as Readonly<Record<string, unknown>>
        expectEqual(
          [response.status, body['status'], body['code'], response.headers.get('content-type')],
          [status, status, code, 'application/problem+json'],
          String(error),
        )
        expectEqual(body['requestId'], response.headers.get('x-request-id'))
        expectTrue(
          !JSON.stringify([body, records, spans]).includes('hunter2'),
          'the secret to be hidden',
        )
        expectEqual(
          reported.map(({ error: known }) => known),
          isReported ? [error] : [],
        )
        if (isReported)
          expectEqual(
            [reported[0]?.details.transaction, reported[0]?.details.handled],
            ['GET /x', true],
          )
        expectEqual(
          [records[0]?.levelName, spans[0]?.status],
          isReported ? ['error', 'error'] : ['info', 'unset'],
        )
      }
    },
  },
  {
    name: 'an answer that is thrown is the answer; one that is none is an error',
    async run() {
      const { observer, records } = fixture()
      const redirect = Response.redirect('https://example.com/login', 303)
      const thrown = await observer.forRequest(requestOf()).handle(() => {
        // oxlint-disable-next-line typescript/only-throw-error -- as some frameworks do
        throw redirect
      })
      expectEqual(
        [thrown.status, thrown.headers.get('location')],
        [303, 'https://example.com/login'],
      )
      expectEqual(thrown.headers.get('x-request-id')?.length, 32)
      const none = await observer.forRequest(requestOf()).handle(() => undefined as never)
      expectEqual(
        [none.status, records.map(({ levelName }) => levelName)],
        [500, ['info', 'error']],
      )
    },
  },
  {
    name: 'a slow request is a warning; one that is skipped has a line only when it is slow or fails',
    async run() {
      const { observer, records, clock } = fixture({ slowAfter: 50, skip: () => true })
      for (const [ms, status] of [
        [49, 200],
        [50, 200],
        [0, 500],
        [0, 404],
      ] as const)
        await observer.forRequest(requestOf()).handle(() => {
          clock.block(ms)
          return new Response(null, { status })
        })
      expectEqual(
        records.map(({ levelName, message }) => [levelName, message]),
        [
          ['warn', 'slow request'],
          ['error', 'request failed'],
        ],
      )
    },
  },
  {
    name: 'a streaming answer has its line when it has ended, was given up or broke off',
    async run() {
      for (const end of ['sent', 'cancelled', 'failed'] as const) {
        const { observer, records, reported, clock, waited, ctx } = fixture()
        let number = 0
        const body = new ReadableStream<Uint8Array>(
          {
            pull(controller) {
              clock.block(10)
              if (++number < 3) controller.enqueue(new Uint8Array([number]))
              else if (end === 'failed') controller.error(new RangeError('broke'))
              else controller.close()
            },
          },
          { highWaterMark: 0 },
        )
        const response = await observer
          .forRequest(requestOf(), ctx)
          .handle(() => new Response(body, { headers: { 'content-type': 'text/event-stream' } }))
        expectEqual([records.length, waited.length], [0, 1], 'nothing before the end')
        const reader = response.body?.getReader()
        if (end === 'cancelled') {
          await reader?.read()
          await reader?.cancel()
        } else
          try {
            while ((await reader?.read())?.done === false) continue
          } catch (error) {
            expectEqual([end, (error as Error).message], ['failed', 'broke'])
          }
        await waited[0]
        const [record] = records
        expectEqual(
          [record?.levelName, record?.message, record?.fields['bodyEnd'], record?.fields['bodyMs']],
          end === 'failed'
            ? ['error', 'response broke off', 'failed', 30]
            : ['info', 'request', end, end === 'sent' ? 30 : 10],
        )
        expectEqual([records.length, reported.length], [1, end === 'failed' ? 1 : 0])
      }
    },
  },
  {
    name: 'functions of the options that throw, and a reporter that does, change no answer',
    async run() {
      const fail = (): never => {
        throw new Error('no')
      }
      const { observer, records } = fixture({
        route: fail,
        fields: fail,
        skip: fail,
        problem: fail,
        errors: { captureError: fail, flush: fail },
      })
      const well = await observer.forRequest(requestOf()).handle(() => new Response('ok'))
      const bad = await observer.forRequest(requestOf()).handle(fail)
      expectEqual([well.status, bad.status], [200, 500])
      expectTrue(
        records.some(({ message }) => message === 'an error could not be reported'),
        'a line that says so',
      )
      await observer.flush()
    },
  },
]
