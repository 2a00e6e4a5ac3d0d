import { expect, test, vi } from 'vitest'
import { memory } from '../../../runtime/backends/memory/index.ts'
import { JobQueue } from '../../background-jobs/index.ts'
import { memoryBlobs } from '../../storage/providers/memory/index.ts'
import { BackendError } from '../../../runtime/ports/backend-error.ts'
import { createFakeClock } from '../../../testing/index.ts'
import { HealthCheckService, type HealthOptions } from './health-check-service.ts'
import {
  backendChecks,
  blobStoreCheck,
  circuitCheck,
  fetchCheck,
  queueCheck,
  scannerCheck,
  serviceChecks,
} from './ready-checks.ts'

const fails = (): never => {
  throw new BackendError('backend_unavailable', 'Cannot reach redis://user:secret@host')
}

async function bodyOf(response: Response): Promise<{ status: string; [name: string]: unknown }> {
  expect(response.headers.get('content-type')).toBe('application/health+json')
  return (await response.json()) as { status: string }
}

test('live() asks nobody', async () => {
  const health = new HealthCheckService({
    checks: { store: fails },
    service: 'api',
    version: '1.2',
  })
  const response = health.live()
  expect([response.status, await bodyOf(response)]).toEqual([
    200,
    { status: 'pass', version: '1.2', serviceId: 'api' },
  ])
})

test('ready() is fail over what is critical, warn over what is not, and says no secret', async () => {
  const clock = createFakeClock(0)
  const heard: unknown[] = []
  const checks = { store: { run: () => undefined }, mail: { run: fails, critical: false } }
  const onFailure = (name: string, error: unknown): number =>
    heard.push([name, (error as Error).name])
  const warn = await new HealthCheckService({ checks, clock, onFailure }).ready()
  expect(warn.status).toBe(200)
  expect(await bodyOf(warn)).toEqual({
    status: 'warn',
    checks: {
      'store:responseTime': [
        { status: 'pass', observedValue: 0, observedUnit: 'ms', time: '1970-01-01T00:00:00.000Z' },
      ],
      'mail:responseTime': [
        { status: 'warn', observedValue: 0, observedUnit: 'ms', time: '1970-01-01T00:00:00.000Z' },
      ],
    },
  })
  expect(heard).toEqual([['mail', 'BackendError']])
  const detailed = await new HealthCheckService({
    checks: { store: fails },
    details: true,
    clock,
  }).ready()
  expect(detailed.status).toBe(503)
  const text = await detailed.text()
  expect(text).toContain('"output":"BackendError backend_unavailable"')
  expect(text).not.toContain('secret')
})

test('checks run side by side, and none longer than it may', async () => {
  const clock = createFakeClock()
  const signals: AbortSignal[] = []
  const hang = (signal: AbortSignal): Promise<void> => {
    signals.push(signal)
    return new Promise(() => undefined)
  }
  const health = new HealthCheckService({
    clock,
    checks: {
      a: { run: hang, timeout: '1s' },
      b: { run: hang, timeout: '1s', critical: false },
      c: () => undefined,
    },
  })
  const reported = health.report()
  await clock.advance(1000)
  const { status, checks } = await reported
  expect([status, checks['a']?.tookMs, checks['b']?.status, checks['c']?.status]).toEqual([
    'fail',
    1000,
    'warn',
    'pass',
  ])
  expect(signals.map(({ aborted }) => aborted)).toEqual([true, true])
})

test('what was found holds for a while', async () => {
  const clock = createFakeClock()
  let runs = 0
  const health = new HealthCheckService({
    clock,
    checks: { a: { run: () => void runs++, cache: '5s' }, b: { run: () => void runs++, cache: 0 } },
  })
  await health.ready()
  await health.ready()
  expect(runs).toBe(3)
  await clock.advance(5000)
  await health.ready()
  expect(runs).toBe(5)
})

test('startup() passes for good once it has', async () => {
  const clock = createFakeClock()
  let up = false
  const health = new HealthCheckService({
    clock,
    startup: { migrated: { run: () => (up ? undefined : fails()), cache: 0 } },
  })
  expect((await health.startup()).status).toBe(503)
  up = true
  expect((await health.startup()).status).toBe(200)
  up = false
  expect((await health.startup()).status).toBe(200)
  vi.unstubAllGlobals()
})

test('backendChecks() looks at each port, and leaves nothing behind', async () => {
  const backend = memory()
  const checks = backendChecks(backend)
  expect(Object.keys(checks)).toEqual(['backend', 'store', 'jobStore', 'rateLimits'])
  expect((await new HealthCheckService({ checks }).report()).status).toBe('pass')
  expect((await backend.store.partition('health').list({})).entries).toEqual([])
  expect(Object.keys(backendChecks({ store: backend.store }))).toEqual(['store'])
})

test('backendChecks() fails and says why where a backend that can be reached is not ready', async () => {
  const failures: string[] = []
  const health = new HealthCheckService({
    checks: backendChecks({
      ...memory(),
      ready: async () => [
        { code: 'evicts_keys', message: 'Cannot rely on Redis: it evicts keys' },
        { code: 'memory_full', message: 'Cannot write to Redis: its memory is full' },
      ],
    }),
    onFailure: (check, error) => void failures.push(`${check}: ${String(error)}`),
  })
  expect((await health.ready()).status).toBe(503)
  expect(failures).toEqual([
    'backend: Error: Cannot rely on Redis: it evicts keys; Cannot write to Redis: its memory is full',
  ])
})

test('serviceChecks() and fetchCheck() look at what others bring', async () => {
  const services = [
    { name: 'webhooks', healthChecks: { store: async () => undefined } },
    { name: 'none' },
  ]
  const fetch = async (url: string): Promise<Response> =>
    new Response('x', { status: url.endsWith('ok') ? 204 : 500 })
  const health = new HealthCheckService({
    checks: {
      ...serviceChecks(services, { critical: false }),
      up: fetchCheck('https://x.example/ok', {
        fetch: async () => new Response(null, { status: 204 }),
      }),
      down: fetchCheck('https://x.example/down', { fetch, critical: false }),
    },
  })
  const { status, checks } = await health.report()
  expect([
    status,
    checks['webhooks: store']?.status,
    checks['up']?.status,
    checks['down']?.status,
  ]).toEqual(['warn', 'pass', 'pass', 'warn'])
})

test.for([
  [
    { checks: { a: { run: 1 } } },
    'Cannot create health checks: run of "a" is no function, one expected',
  ],
  [
    { checks: { a: { run: fails, timeoutMs: 5 } } },
    /Cannot create health checks: a: option "timeoutMs" is not known/,
  ],
  [
    { checks: { a: { run: fails, timeout: '2m' } } },
    /timeout of a is 120000 ms, 1 to 60000 ms expected/,
  ],
  [{ check: {} }, /option "check" is not known/],
] as const)('new HealthCheckService(%j) says what is wrong', ([options, message]) => {
  expect(() => new HealthCheckService(options as unknown as HealthOptions)).toThrow(message)
})

test('ready-made checks pass while what they look at is well, and fail when it is not', async () => {
  const clock = createFakeClock(0)
  const backend = memory({ clock })
  const queue = new JobQueue({ name: 'q', backend, clock, jobs: { x: { run: () => undefined } } })
  let [circuit, away] = ['closed', false]
  const answer = async (): Promise<Response> => new Response(null, { status: away ? 503 : 404 })
  const health = new HealthCheckService({
    clock,
    checks: {
      queue: queueCheck(queue, { oldest: '1m', clock, cache: 0 }),
      files: blobStoreCheck(memoryBlobs().bucket('b'), { cache: 0 }),
      scanner: scannerCheck({ scan: async (bytes) => bytes.length }, { cache: 0 }),
      stripe: circuitCheck({ state: () => circuit }, { cache: 0 }),
      api: fetchCheck('https://x.example', { below: 500, fetch: answer, cache: 0 }),
      closed: { run: fetchCheck('https://x.example', { fetch: answer }).run, critical: false },
    },
  })
  await queue.add('x', {})
  const statuses = async (): Promise<readonly string[]> =>
    Object.entries((await health.report()).checks).map(([name, { status }]) => `${name} ${status}`)
  expect(await statuses()).toEqual([
    'queue pass',
    'files pass',
    'scanner pass',
    'stripe pass',
    'api pass',
    'closed warn',
  ])
  await clock.advance(60_001)
  ;[circuit, away] = ['open', true]
  expect((await statuses()).filter((text) => text.endsWith('fail'))).toEqual([
    'queue fail',
    'stripe fail',
    'api fail',
  ])
  expect(() => fetchCheck('https://x.example', { below: 200 })).toThrow(RangeError)
  expect(() => queueCheck(queue, { oldest: 0 })).toThrow(RangeError)
})

test('many who ask at once are one question, and each gets its answer', async () => {
  const clock = createFakeClock()
  let asked = 0
  const { promise, resolve } = Promise.withResolvers<void>()
  const health = new HealthCheckService({
    clock,
    checks: {
      slow() {
        asked++
        return promise
      },
    },
  })
  const answers = Promise.all(Array.from({ length: 20 }, () => health.ready()))
  resolve()
  expect((await answers).map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 200))
  expect(asked).toBe(1)
  await clock.advance(5000)
  await health.ready()
  expect(asked).toBe(2)
})

test('a check that answers false is none that passes', async () => {
  const health = new HealthCheckService({ checks: { up: () => false, there: () => null } })
  const { status, checks } = await health.report()
  expect([status, checks['up']?.status, checks['there']?.status]).toEqual(['fail', 'fail', 'pass'])
})

test('what has started has started, whatever a slower request finds', async () => {
  const results = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  let asked = 0
  const health = new HealthCheckService({
    startup: { warm: { run: () => results[asked++]?.promise, cache: 0 } },
    clock: createFakeClock(),
  })
  const first = health.startup()
  // There each request asks for itself.
  vi.stubGlobal('navigator', { userAgent: 'Cloudflare-Workers' })
  const second = health.startup()
  results[1]?.resolve()
  expect((await second).status).toBe(200)
  results[0]?.reject(new Error('no'))
  expect((await first).status).toBe(503)
  expect((await health.startup()).status).toBe(200)
})
