import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { createClient, GatewayError, type Client } from '@white-cross/reuse/infrastructure/client'
import { verifyWebhook } from '@white-cross/reuse/infrastructure/webhooks'
import { newRootKey } from '../../examples/gateway/local-gateway.ts'
import { startReceiver, type Receiver } from '../../examples/gateway/receiver.ts'
import { expectEqual, expectTrue } from '../../src/runtime/ports/conformance.ts'
import { runSuites } from '../conformance/run-suites.ts'
import type { SuiteCase } from '../conformance/suite.ts'
import { gatewayStarts, type StartGateway } from '../support/gateway-starts.ts'

/** `white-cross webhooks listen` as people run it, against the gateway on every runtime. */
const folder = mkdtempSync(join(tmpdir(), 'reuse-listen-'))
const rootKey = newRootKey()
const DEADLINE_MS = 60_000
const LOOK_MS = 100
/** The outbound policy is that of production: only listeners are on this machine. */
const VARIABLES = { RETRY_DELAYS_MS: Array.from({ length: 40 }, () => 500).join(',') }

const { workerd, node, bun, deno } = gatewayStarts(rootKey)
const places: readonly (readonly [string, StartGateway])[] = [
  ['workerd', workerd],
  ['Node', node],
  ['Bun', bun],
  ['Deno', deno],
]

const cases = places.map(([name, start]): SuiteCase => ({
  name: `${name}: deliveries are relayed byte for byte, again after a lost connection, and to nobody else`,
  async run() {
    const state = join(folder, name)
    mkdirSync(state)
    const gateway = await start(state, VARIABLES)
    const receiver = await startReceiver(() => ({ status: 202, body: 'taken' }))
    const programs: Listening[] = []
    const listen = (key: string, ...more: readonly string[]): Listening => {
      const args = ['--forward', receiver.url, '--event', 'order.*', '--json', ...more]
      const program = startListening(gateway.url, key, args)
      programs.push(program)
      return program
    }
    try {
      const root = createClient({ baseUrl: gateway.url, apiKey: rootKey })
      const { key } = await root.keys.create({ label: 'here', tenant: 'acme' })
      const { key: foreign } = await root.keys.create({ label: 'there', tenant: 'other' })
      const client = createClient({ baseUrl: gateway.url, apiKey: key })
      const first = listen(key)
      const { secret, endpointId } = await first.line('listening')
      await relay(client, receiver, first, String(secret))
      await outage(client, receiver, first, () => listen(key), {
        secret: String(secret),
        endpointId: String(endpointId),
      })
      await refuse(gateway.url, client, listen, { key, foreign })
      await relayAfterRevocation(root, gateway.url, receiver)
      await end(client, programs[1], String(endpointId))
    } finally {
      for (const program of programs) program.kill('SIGKILL')
      await receiver.close()
      await gateway.stop()
    }
  },
}))

/** A delivery arrives as it was published, and is answered by the local server. */
async function relay(client: Client, receiver: Receiver, program: Listening, secret: string) {
  const data = { order: 42, note: 'Grüße \u2028 \ud83d\ude00', big: 'x'.repeat(200_000) }
  const event = await client.events.publish({ type: 'order.paid', data })
  const { headers, body } = await receiver.request(1)
  expectEqual((JSON.parse(body) as { data: unknown }).data, data, 'its data')
  expectEqual(headers['webhook-id'], event.id, 'its id')
  expectTrue(await verifyWebhook(body, headers, secret), 'the signature holds')
  const delivery = await settled(client, event.id)
  const [attempt] = delivery.attemptLog
  expectEqual(
    [delivery.state, attempt?.status, attempt?.responseBody],
    ['delivered', 202, 'taken'],
    'the attempt',
  )
  const { type, status } = await program.line('delivery')
  expectEqual([type, status], ['order.paid', 202], 'its line')
  await client.events.publish({ type: 'invoice.paid', data: 1 })
}

/** Without a listener an attempt fails, and the delivery arrives once there is one again. */
async function outage(
  client: Client,
  receiver: Receiver,
  first: Listening,
  again: () => Listening,
  { secret, endpointId }: { readonly secret: string; readonly endpointId: string },
): Promise<void> {
  first.kill('SIGKILL')
  await first.ended
  const event = await client.events.publish({ type: 'order.paid', data: { order: 43 } })
  await until(async () => {
    const { deliveries } = await client.webhooks.deliveries.list({ event: event.id })
    return deliveries[0]?.lastAttempt?.error === 'connection_refused'
  }, 'an attempt fails because nobody listens')
  const listening = await again().line('listening')
  expectEqual([listening['secret'], listening['endpointId']], [secret, endpointId], 'its endpoint')
  const { headers, body } = await receiver.request(2)
  expectEqual(headers['webhook-id'], event.id, 'what arrives')
  expectTrue(await verifyWebhook(body, headers, secret), 'its signature holds')
  expectEqual((await settled(client, event.id)).state, 'delivered')
}

async function refuse(
  url: string,
  client: Client,
  listen: (key: string, ...more: readonly string[]) => Listening,
  { key, foreign }: { readonly key: string; readonly foreign: string },
): Promise<void> {
  for (const [code, program] of [
    ['unauthorized', listen('wcr_wrong')],
    ['wrong_tenant', listen(foreign, '--tenant', 'acme')],
    ['failed', listen(key)],
  ] as const) {
    expectEqual(await program.ended, 1, `the exit code for ${code}`)
    expectTrue(program.said().includes(`"code":"${code}"`), `${code}, not ${program.said()}`)
  }
  const query = 'session=0123456789abcdef&tenant=acme'
  for (const [status, bearer] of [
    [401, 'wcr_wrong'],
    [403, foreign],
    [409, key],
  ] as const)
    expectEqual(
      await upgradeStatus(`${url}/v1/webhooks/listeners/local/socket?${query}`, bearer),
      status,
    )
  const own = (await client.webhooks.endpoints.list()).endpoints[0]?.url ?? ''
  expectTrue(own.startsWith('https://listen.invalid/acme/local/'), 'the address of a listener')
  const other = createClient({ baseUrl: url, apiKey: foreign })
  for (const address of [own, own.replace('/acme/', '/other/'), 'https://LISTEN.invalid./x'])
    await expectRefused('url_blocked', () => other.webhooks.endpoints.create({ url: address }))
}

/** Who has had their key revoked gets nothing more, though they are connected. */
async function relayAfterRevocation(root: Client, url: string, receiver: Receiver): Promise<void> {
  const { key, id } = await root.keys.create({ label: 'late', tenant: 'late' })
  const program = startListening(url, key, ['--forward', receiver.url, '--json'])
  try {
    await program.line('listening')
    const before = receiver.count()
    await root.keys.revoke({ id }, { tenant: 'late' })
    const event = await root.events.publish({ type: 'order.paid', data: 1 }, { tenant: 'late' })
    await until(async () => {
      const { deliveries } = await root.webhooks.deliveries.list(
        { event: event.id },
        { tenant: 'late' },
      )
      return deliveries[0]?.lastAttempt?.error === 'connection_refused'
    }, 'an attempt fails because the key is revoked')
    expectEqual(receiver.count(), before)
    expectEqual(await program.ended, 1, 'its exit code')
  } finally {
    program.kill('SIGKILL')
  }
}

/** At ctrl-c the endpoint is gone, and the program ends well. */
async function end(client: Client, program: Listening | undefined, id: string): Promise<void> {
  program?.kill('SIGINT')
  expectEqual(await program?.ended, 0, 'its exit code')
  await expectRefused('endpoint_not_found', () => client.webhooks.endpoints.get({ id }))
}

/** The program, running. */
interface Listening {
  /** Its exit code, once it has ended; `null` when it was killed. */
  readonly ended: Promise<number | null>
  /** The next line of this kind that it prints. */
  line(kind: string): Promise<Readonly<Record<string, unknown>>>
  /** All that it said on the standard error. */
  said(): string
  kill(signal: NodeJS.Signals): void
}

function startListening(url: string, key: string, args: readonly string[]): Listening {
  const bin = join(import.meta.dirname, '../../src/cli/bin.ts')
  const child: ChildProcess = spawn(
    process.execPath,
    ['--conditions=white-cross-source', bin, 'webhooks', 'listen', ...args],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, WHITE_CROSS_URL: url, WHITE_CROSS_KEY: key },
    },
  )
  let said = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (said += text))
  const lines: Readonly<Record<string, unknown>>[] = []
  if (child.stdout !== null)
    createInterface(child.stdout).on('line', (line) => {
      lines.push(JSON.parse(line) as Readonly<Record<string, unknown>>)
    })
  const ended = once(child, 'close').then(() => child.exitCode)
  return {
    ended,
    said: () => said,
    kill: (signal) => void child.kill(signal),
    async line(kind) {
      const find = () => lines.findIndex((line) => line['kind'] === kind)
      await until(async () => {
        if (child.exitCode !== null) throw new Error(`It has ended, and said: ${said}`)
        return find() >= 0
      }, `it says ${kind}`)
      return lines.splice(find(), 1)[0] ?? {}
    },
  }
}

async function expectRefused(code: string, act: () => PromiseLike<unknown>): Promise<void> {
  const refused = await Promise.resolve(act()).catch((error: unknown) => error)
  expectEqual(refused instanceof GatewayError ? refused.code : 'done', code)
}

/** Asks for a WebSocket. @returns The status that it is answered with */
async function upgradeStatus(url: string, bearer: string): Promise<number | undefined> {
  const { get } = await import('node:http')
  return new Promise((done, fail) => {
    const request = get(url, {
      headers: {
        authorization: `Bearer ${bearer}`,
        ...{ connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13' },
        'sec-websocket-key': Buffer.from('0123456789abcdef').toString('base64'),
      },
    })
    request.on('response', (response) => done(response.resume().statusCode))
    request.on('upgrade', (response, socket) => {
      socket.destroy()
      done(response.statusCode)
    })
    request.on('error', fail)
  })
}

/** The only delivery of an event, once it is settled. */
async function settled(client: Client, event: string) {
  let id = ''
  await until(async () => {
    const { deliveries } = await client.webhooks.deliveries.list({ event })
    id = deliveries[0]?.id ?? ''
    return deliveries[0]?.state === 'delivered'
  }, 'the delivery is recorded')
  return client.webhooks.deliveries.get({ id })
}

async function until(holds: () => Promise<boolean>, what: string): Promise<void> {
  for (let waitedMs = 0; !(await holds()); waitedMs += LOOK_MS) {
    if (waitedMs > DEADLINE_MS) throw new Error(`It never came about that ${what}`)
    await new Promise((done) => void setTimeout(done, LOOK_MS))
  }
}

try {
  const suites = [{ subject: 'Listening to webhooks', adapter: 'every runtime', cases }]
  process.exitCode = (await runSuites('node', suites, console.log, process.argv[2])) > 0 ? 1 : 0
} finally {
  rmSync(folder, { recursive: true, force: true })
}
