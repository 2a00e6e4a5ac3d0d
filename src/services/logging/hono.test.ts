import { Hono } from 'hono'
import { HTTPException } from 'hono/http-exception'
import { expect, test } from 'vitest'
import { observed, problemHandler, type ObservedVariables } from './hono.ts'
import { memorySink, observe, type LogRecord, type ObserverOptions } from './index.ts'
import { createFakeClock } from '../../testing/index.ts'

interface Fixture {
  readonly app: Hono<{ Variables: ObservedVariables }>
  readonly records: readonly LogRecord[]
  readonly options: ObserverOptions
}

function fixture(within = false): Fixture {
  const sink = memorySink()
  const clock = createFakeClock()
  const options: ObserverOptions = { logger: { sinks: [sink], clock }, clock }
  const app = new Hono<{ Variables: ObservedVariables }>()
  app.use(observed(within ? () => ({}) : options))
  app.onError(problemHandler)
  app.get('/users/:id', (c) => {
    c.get('observation').log.info('inside')
    c.header('x-own', '1')
    return c.json({ id: c.req.param('id') })
  })
  app.get('/broken', () => {
    throw new Error('no')
  })
  app.get('/odd', () => {
    // oxlint-disable-next-line typescript/only-throw-error, no-throw-literal -- as some do
    throw 'a text'
  })
  app.get('/teapot', () => {
    throw new HTTPException(418, { message: 'No coffee' })
  })
  app.get('/gone', () => Response.redirect('https://example.com/', 301))
  app.get('/stream', () => {
    return new Response('data: 1\n\n', { headers: { 'content-type': 'text/event-stream' } })
  })
  return { app, records: sink.records, options }
}

test.for([
  ['/users/7', 200, 'info', '/users/:id'],
  ['/broken', 500, 'error', '/broken'],
  ['/odd', 500, 'error', undefined],
  ['/teapot', 418, 'info', '/teapot'],
  ['/gone', 301, 'info', '/gone'],
  ['/stream', 200, 'info', '/stream'],
  ['/nothing/secret-token', 404, 'info', '/*'],
] as const)('observed() logs %s with its route, and answers with its id', async (expected) => {
  const [path, status, level, route] = expected
  const { app, records } = fixture()
  const response = await app.request(path, { headers: { 'x-request-id': 'req-1' } })
  const text = await response.text()
  expect([response.status, response.headers.get('x-request-id')]).toEqual([status, 'req-1'])
  const record = records.at(-1)
  expect([record?.levelName, record?.fields['route'], record?.fields['requestId']]).toEqual([
    level,
    route,
    'req-1',
  ])
  if (status === 500 || status === 418) {
    expect(response.headers.get('content-type')).toBe('application/problem+json')
    expect(JSON.parse(text)).toMatchObject({ status, requestId: 'req-1' })
  }
  expect(records.length).toBe(path === '/users/7' ? 2 : 1)
})

test('observed() keeps what a route has put on its answer', async () => {
  const { app } = fixture()
  const response = await app.request('/users/7')
  expect(response.headers.get('x-own')).toBe('1')
  expect(await response.json()).toEqual({ id: '7' })
})

test('within observe() there is one line, and it has the route and the error', async () => {
  const { app, records, options } = fixture(true)
  const worker = observe({ fetch: (request: Request) => app.fetch(request) }, () => options)
  await worker.fetch(new Request('http://localhost/users/7'))
  await worker.fetch(new Request('http://localhost/broken'))
  expect(records.map(({ message, fields }) => [message, fields['route']])).toEqual([
    ['inside', undefined],
    ['request', '/users/:id'],
    ['request failed', '/broken'],
  ])
  expect(records[2]?.fields['err']).toMatchObject({ message: 'no' })
})

test('observed() makes its options of the bindings, once', async () => {
  const sink = memorySink()
  const seen: unknown[] = []
  const app = new Hono()
  app.use(
    observed((env: { readonly NAME: string }) => {
      seen.push(env)
      return { logger: { service: env.NAME, sinks: [sink] } }
    }),
  )
  app.get('/', (c) => c.text('ok'))
  await app.request('/', {}, { NAME: 'api' })
  await app.request('/', {}, { NAME: 'other' })
  expect(seen).toEqual([{ NAME: 'api' }])
  expect(sink.records.map(({ service }) => service)).toEqual(['api', 'api'])
})

test('the route is that of whoever answered, whatever else matches', async () => {
  const { app, records } = fixture()
  const api = new Hono()
  api.onError(problemHandler)
  api.get('/things/:id', (c) => c.text('thing'))
  api.get('/fails/:id', () => {
    throw new Error('no')
  })
  app.use('/api/*', async (_c, next) => {
    await next()
  })
  app.route('/api', api)
  // As a program of one page has it.
  app.get('*', (c) => c.text('page'))
  for (const path of ['/users/7', '/broken', '/api/things/7', '/api/fails/7', '/about'])
    await app.request(path)
  const routes = records.flatMap(({ fields }) => fields['route'] ?? [])
  expect(routes).toEqual(['/users/:id', '/broken', '/api/things/:id', '/api/fails/:id', '/*'])
})

test('observed() asks a server for no execution context any more after 100 requests without', async () => {
  const app = new Hono()
  app.use(observed({ logger: { sinks: [] } }))
  app.get('/', (c) => c.text(''))
  let handedOver = 0
  const context = { waitUntil: () => void handedOver++, passThroughOnException: () => undefined }
  const ask = async (given?: typeof context): Promise<number> => {
    handedOver = 0
    // What else a context of Workers has is not asked for.
    await app.request('/', {}, {}, given as Parameters<typeof app.request>[3])
    return handedOver
  }
  for (let count = 0; count < 99; count++) await ask()
  expect(await ask(context)).toBe(1)
  for (let count = 0; count < 100; count++) await ask()
  expect(await ask(context)).toBe(0)
})
