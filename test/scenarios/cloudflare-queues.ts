import { createServer } from 'node:http'
import { join } from 'node:path'
import { expectEqual, expectTrue } from '../../src/runtime/ports/conformance.ts'
import { redis } from '../../src/runtime/backends/redis/index.ts'
import { runSuites } from '../conformance/run-suites.ts'
import type { SuiteCase } from '../conformance/suite.ts'
import { startLocalWorker, type LocalWorker } from '../support/local-worker.ts'
import { startRedisServer } from '../support/redis-server.ts'
import { connectResp } from '../support/resp-client.ts'
import { startUpstashBridge } from '../support/upstash-bridge.ts'

const BETWEEN_LOOKS_MS = 50
const LONGEST_WAIT_MS = 30_000

const server = await startRedisServer()
const resp = await connectResp(server.port)
let bridge = await startUpstashBridge({ redisPort: server.port })
let worker: LocalWorker | undefined

const cases: readonly SuiteCase[] = [
  {
    name: 'a job added in a Worker is woken for through a queue and runs',
    async run() {
      const { status } = await call('/add', { data: 'now' })
      expectEqual(status, 200)
      await seen('ran "now" attempt 1')
    },
  },
  {
    name: 'a delayed job runs when it is due, a failing one is tried again',
    async run() {
      const start = performance.now()
      await call('/add', { data: 'later', delayMs: 2000 })
      await call('/add', { data: 'flaky' })
      await seen('ran "flaky" attempt 3')
      await seen('ran "later" attempt 1')
      expectTrue(performance.now() - start >= 2000, 'the delay to be kept')
    },
  },
  {
    name: 'many wakes at once lose no job and run none twice',
    async run() {
      const count = 50
      await Promise.all(
        Array.from({ length: count }, (_, index) => call('/add', { data: { index } })),
      )
      await Promise.all(
        Array.from({ length: count }, (_, index) => seen(`ran {"index":${index}} attempt 1`)),
      )
      const runs = (await lines()).filter((line) => line.startsWith('ran {"index"'))
      expectEqual(runs.length, count)
    },
  },
  {
    name: 'a wake is retried until the job store can be reached again',
    async run() {
      const { port } = new URL(bridge.url)
      await bridge.stop()
      const asked = Promise.withResolvers<void>()
      const outage = createServer((_, response) => {
        response.writeHead(503).end('{"error":"down"}')
        asked.resolve()
      })
      await new Promise<void>((resolve) => outage.listen(Number(port), '127.0.0.1', resolve))
      expectEqual((await call('/wake', { name: 'email' })).status, 200)
      await asked.promise
      outage.closeAllConnections()
      await new Promise((resolve) => outage.close(resolve))
      const own = redis({ send: (command, args) => resp.send([command, ...args]) })
      await own.jobStore.queue('email').add([{ name: 'send', data: 'outage' }])
      bridge = await startUpstashBridge({ redisPort: server.port, port: Number(port) })
      await seen('ran "outage" attempt 1')
    },
  },
  {
    name: 'a direct job runs from its message alone, again after the wait it asks for',
    async run() {
      const start = performance.now()
      expectEqual((await call('/send', { name: 'works', data: { key: 'ü' } })).status, 200)
      await call('/send', { name: 'waits', data: 1 })
      await seen('direct works {"key":"ü"} attempt 1')
      await seen('direct waits 1 attempt 3')
      expectTrue(performance.now() - start >= 2000, 'both waits to be kept')
    },
  },
  {
    name: 'a hopeless direct job is handed over once, one that throws reaches the dead-letter queue',
    async run() {
      await call('/send', { name: 'dies', data: 1 })
      await call('/send', { name: 'throws', data: 2 })
      await seen('dead dies {"message":"hopeless"}')
      await seen('buried {"name":"throws","data":2}')
      const attempts = (await lines()).filter((line) => /^direct (dies|throws) /.test(line))
      expectEqual(attempts.toSorted(), [
        'direct dies 1 attempt 1',
        'direct throws 2 attempt 1',
        'direct throws 2 attempt 2',
        'direct throws 2 attempt 3',
      ])
    },
  },
  {
    name: 'a direct job as large as allowed is taken by the queue, a larger one refused with a typed error',
    async run() {
      const around = '{"name":"large","data":""}'.length
      const large = 'x'.repeat(127_900 - around)
      expectEqual((await call('/send', { name: 'large', data: large })).status, 200)
      await seen(`direct large ${JSON.stringify(large)} attempt 1`)
      const refused = await call('/send', { name: 'large', data: `${large}x` })
      expectEqual([refused.status, refused.body['kind']], [422, 'MessageTooLargeError'])
    },
  },
]

try {
  worker = await startLocalWorker({
    config: join(import.meta.dirname, '../support/cloudflare-queues/wrangler.toml'),
    variables: { UPSTASH_URL: bridge.url, UPSTASH_TOKEN: bridge.token },
  })
  process.exitCode =
    (await runSuites(
      'workerd',
      [{ subject: 'Engines', adapter: 'cloudflare-queues', cases }],
      console.log,
      process.argv[2],
    )) > 0
      ? 1
      : 0
} finally {
  await worker?.stop()
  await bridge.stop()
  resp.close()
  await server.stop()
}

async function call(
  path: string,
  body: { readonly name?: string; readonly data?: unknown; readonly delayMs?: number },
): Promise<{ readonly status: number; readonly body: Readonly<Record<string, unknown>> }> {
  const response = await fetch(`${worker?.url ?? ''}${path}`, {
    method: 'POST',
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(LONGEST_WAIT_MS),
  })
  // Every route answers with an object.
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}

/** What the Worker noted so far. */
async function lines(): Promise<readonly string[]> {
  const all = await resp.send(['LRANGE', 'seen', '0', '-1'])
  return Array.isArray(all) ? all.map((line) => String(line).slice(2)) : []
}

/** Looks until the Worker has noted `line`. */
async function seen(line: string): Promise<void> {
  for (let waited = 0; waited < LONGEST_WAIT_MS; waited += BETWEEN_LOOKS_MS) {
    if ((await lines()).includes(line)) return
    await new Promise((resolve) => setTimeout(resolve, BETWEEN_LOOKS_MS))
  }
  throw new Error(
    `Expected ${line.slice(0, 100)}, the Worker noted ${JSON.stringify((await lines()).map((text) => text.slice(0, 80)))}`,
  )
}
