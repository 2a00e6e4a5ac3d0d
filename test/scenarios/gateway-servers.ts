import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient, type Client } from '@white-cross/reuse/infrastructure/client'
import { verifyWebhook } from '@white-cross/reuse/infrastructure/webhooks'
import { newRootKey, signInLink } from '../../examples/gateway/local-gateway.ts'
import { startReceiver, type Receiver } from '../../examples/gateway/receiver.ts'
import { expectEqual, expectTrue } from '../../src/runtime/ports/conformance.ts'
import { runSuites } from '../conformance/run-suites.ts'
import type { SuiteCase } from '../conformance/suite.ts'
import { gatewayStarts, type StartGateway } from '../support/gateway-starts.ts'

/** One story told to the gateway on every runtime, over HTTP, by the client. */
const folder = mkdtempSync(join(tmpdir(), 'reuse-servers-'))
const key = newRootKey()
const DEADLINE_MS = 60_000
const LOOK_MS = 100

const LOCAL = { ALLOW_PRIVATE_RECEIVERS: 'for local development' }
const { workerd, node, bun, deno } = gatewayStarts(key)
const redisUrl = process.env['REDIS_URL']
const { UPSTASH_URL: upstashUrl, UPSTASH_TOKEN: upstashToken } = process.env
const overHttp = {
  UPSTASH_REDIS_REST_URL: upstashUrl ?? '',
  UPSTASH_REDIS_REST_TOKEN: upstashToken ?? '',
}
const places: readonly (readonly [string, StartGateway, Readonly<Record<string, string>>])[] = [
  ['workerd on Durable Objects', workerd, {}],
  ['Node on SQLite', node, {}],
  ['Bun on SQLite', bun, {}],
  ['Deno on SQLite', deno, {}],
  ...(redisUrl === undefined
    ? []
    : ([
        ['Node on Redis', node, { REDIS_URL: redisUrl }],
        ['Bun on Redis', bun, { REDIS_URL: redisUrl }],
        ['Deno on Redis', deno, { REDIS_URL: redisUrl }],
      ] as const)),
  ...(upstashUrl === undefined
    ? []
    : // The client is the same on all three, and a place takes 20 s.
      ([['Node on Upstash', node, overHttp]] as const)),
]

const cases = places.map(([name, start, variables], index): SuiteCase => ({
  name: `${name}: webhooks, jobs, mail, payments and files over HTTP, and again after a restart`,
  async run() {
    const state = join(folder, String(index))
    mkdirSync(state)
    const tenant = `story-${index}-${process.pid}`
    const receiver = await startReceiver(() => 204)
    let running = await start(state, { ...LOCAL, ...variables })
    try {
      const kept = await tell(clientOf(running.url, tenant), receiver, running.url)
      expectEqual(await running.stop(), 0, 'its exit code')
      running = await start(state, { ...LOCAL, ...variables })
      await readAgain(clientOf(running.url, tenant), receiver, kept)
    } finally {
      await running.stop()
      await receiver.close()
    }
  },
}))

function clientOf(baseUrl: string, tenant: string): Client {
  return createClient({ baseUrl, apiKey: key, tenant })
}

/** What must be there after a restart. */
interface Kept {
  readonly secret: string
  readonly payment: string
  readonly message: string
}

async function tell(client: Client, receiver: Receiver, url: string): Promise<Kept> {
  const { secret } = await client.webhooks.endpoints.create({
    uid: 'story',
    url: receiver.url,
    events: ['order.*'],
  })
  const event = await client.events.publish({ type: 'order.paid', data: { order: 42 } })
  const { headers, body } = await receiver.request(1)
  expectTrue(await verifyWebhook(body, headers, secret ?? ''), 'the signature holds')
  await until(async () => {
    const { deliveries } = await client.webhooks.deliveries.list({ event: event.id })
    return deliveries[0]?.state === 'delivered'
  }, 'the delivery is recorded')

  const payment = await client.payments.create({
    amount: { amount: '49.90', currency: 'EUR' },
    paymentMethod: 'pm_success',
    confirm: true,
  })
  expectEqual(payment.state, 'succeeded')
  const message = await client.notifications.send({
    ...{ channel: 'email', to: 'ann@example.com', from: 'shop@example.com' },
    ...{ subject: 'Paid', text: 'Thank you' },
  })
  await client.files.put({ key: 'a/ü 1.txt', body: 'hello', contentType: 'text/plain' })
  const health = await fetch(`${url}/health/ready`)
  expectEqual(health.status, 200, 'its health')
  await health.body?.cancel()
  const link = await signInLink(url, key)
  const entered = await fetch(link, { method: 'POST', redirect: 'manual' })
  const cookie = (entered.headers.get('set-cookie') ?? '').split(';')[0] ?? ''
  const page = await fetch(`${url}/dashboard`, { headers: { cookie } })
  expectTrue((await page.text()).includes('Queue default'), 'its dashboard shows its queue')
  return { secret: secret ?? '', payment: payment.id, message: message.id }
}

async function readAgain(client: Client, receiver: Receiver, kept: Kept): Promise<void> {
  expectEqual((await client.payments.get({ id: kept.payment })).state, 'succeeded')
  expectEqual((await client.notifications.messages.get({ id: kept.message })).id, kept.message)
  expectEqual(await (await client.files.get({ key: 'a/ü 1.txt' })).text(), 'hello')
  const uids: (string | null)[] = []
  for await (const { uid } of client.webhooks.endpoints.list()) uids.push(uid)
  expectEqual(uids, ['story'])
  await client.events.publish({ type: 'order.paid', data: { order: 43 } })
  const { headers, body } = await receiver.request(2)
  expectTrue(await verifyWebhook(body, headers, kept.secret), 'the old secret still signs')
}

async function until(holds: () => Promise<boolean>, what: string): Promise<void> {
  for (let waitedMs = 0; !(await holds()); waitedMs += LOOK_MS) {
    if (waitedMs > DEADLINE_MS) throw new Error(`It never came about that ${what}`)
    await new Promise((done) => void setTimeout(done, LOOK_MS))
  }
}

try {
  const suites = [{ subject: 'Gateway', adapter: 'every runtime', cases }]
  process.exitCode = (await runSuites('node', suites, console.log, process.argv[2])) > 0 ? 1 : 0
} finally {
  rmSync(folder, { recursive: true, force: true })
}
