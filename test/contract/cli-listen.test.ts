import { createFakeClock, createSeededRandom } from '@white-cross/reuse/infrastructure/testing'
import { verifyWebhook } from '@white-cross/reuse/infrastructure/webhooks'
import { expect, test } from 'vitest'
import { connectionOf } from '../../examples/gateway/listeners/upgrades.ts'
import type { SocketEvents } from '../../examples/gateway/listeners/listeners.ts'
import { openTestGateway } from '../../examples/gateway/test-gateway.ts'
import type { ListenSocketEvents } from '../../src/cli/listening/listen-socket.ts'
import { runCli, type CliOptions } from '../../src/cli/run-cli.ts'
import { nextTurn } from '../support/next-turn.ts'

const LOCAL = 'http://localhost:4000/hook'
/** A turn of an idle event loop takes a microsecond, WebCrypto on a busy machine many of them. */
const MOST_TURNS = 1_000_000
const LISTEN = ['webhooks', 'listen', '--forward', LOCAL, '--event', 'order.*']

/** A gateway, and the program beside it: its WebSockets are the gateway's own, without a network. */
async function open(local: (init: RequestInit) => Promise<Response>) {
  const gateway = await openTestGateway()
  const clock = createFakeClock()
  const stop = new AbortController()
  const said = { out: '', err: '' }
  const forwarded: RequestInit[] = []
  const sockets: { readonly url: string; break(code: number): void }[] = []
  let isAway = false
  /** What waits for WebCrypto, which no clock knows of. */
  let busy = 0
  const whileBusy = async <Result>(work: Promise<Result>): Promise<Result> => {
    busy++
    try {
      return await work
    } finally {
      busy--
    }
  }

  const openSocket: CliOptions['openSocket'] = (url, headers, events) => {
    let ends: SocketEvents | undefined
    let isOpen = true
    const close = (code: number): void => {
      if (!isOpen) return
      isOpen = false
      ends?.closed()
      events.closed(code)
    }
    sockets.push({ url, break: close })
    void whileBusy(connect(url, headers, events, close)).then((found) => (ends = found))
    return { send: (text) => ends?.message(text), close }
  }

  async function connect(
    url: string,
    headers: Readonly<Record<string, string>>,
    events: ListenSocketEvents,
    close: (code: number) => void,
  ): Promise<SocketEvents | undefined> {
    const request = new Request(url.replace(/^ws/, 'http'), {
      headers: { ...headers, upgrade: 'websocket' },
    })
    await gateway.app.fetch(request, {})
    const connection = isAway ? undefined : connectionOf(request)
    if (connection === undefined) {
      close(1006)
      return undefined
    }
    return gateway.listeners.connect(connection, {
      id: String(sockets.length),
      send: (text) => events.message(text),
      close,
    })
  }

  const run = (argv: readonly string[] = LISTEN): Promise<number> =>
    runCli({
      argv,
      env: { WHITE_CROSS_URL: 'https://gateway.example', WHITE_CROSS_KEY: 'root' },
      async fetch(url, init) {
        if (url === LOCAL) {
          forwarded.push(init)
          return local(init)
        }
        if (isAway) throw new TypeError('fetch failed')
        return whileBusy(Promise.resolve(gateway.app.request(url, init)))
      },
      stdout: { write: async (text) => void (said.out += String(text)) },
      stderr: { write: async (text) => void (said.err += text) },
      ...{ clock, random: createSeededRandom(), openSocket, signal: stop.signal },
      ...{ isTty: false, version: '1.2.3' },
    })
  const until = async (holds: () => boolean): Promise<void> => {
    for (let turn = 0; turn < MOST_TURNS && !holds(); turn++) await nextTurn(true)
    expect(holds(), JSON.stringify(said)).toBe(true)
  }
  /** Lets time pass, but none while something waits for WebCrypto. */
  const passUntil = async (holds: () => boolean): Promise<void> => {
    for (let [turn, moved] = [0, 0]; turn < MOST_TURNS && moved < 5000 && !holds(); turn++) {
      await nextTurn(true)
      if (busy > 0) continue
      await clock.advance(250)
      moved++
    }
    expect(holds(), JSON.stringify(said)).toBe(true)
  }
  return {
    ...{ gateway, clock, stop, said, forwarded, sockets, run, until, passUntil },
    setAway: (away: boolean) => (isAway = away),
  }
}

test('listen forwards what comes, byte for byte, and its endpoint is gone at ctrl-c', async () => {
  const { gateway, said, forwarded, sockets, run, until, stop } = await open(
    async () => new Response('taken', { status: 202, headers: { 'x-by': 'local' } }),
  )
  const ended = run()
  await until(() => said.err.includes('They are signed with'))
  expect(said.err).toMatch(
    /^Listening as local \(ep_\w+\): order\.\* to http:\/\/localhost:4000\/hook\nThey are signed with whsec_\S+\n$/,
  )
  expect(sockets.map(({ url }) => url)).toEqual([
    expect.stringMatching(
      /^wss:\/\/gateway\.example\/v1\/webhooks\/listeners\/local\/socket\?session=[0-9a-f]{32}&tenant=default$/,
    ),
  ])
  await gateway.call('POST', '/v1/events', { type: 'order.paid', data: { a: 'ü' } })
  await gateway.call('POST', '/v1/events', { type: 'invoice.paid', data: 1 })
  await gateway.drain()
  const [{ headers, body } = {}] = forwarded
  const secret = /whsec_\S+/.exec(said.err)?.[0] ?? ''
  const given = headers as Record<string, string>
  const text = new TextDecoder().decode(body as Uint8Array)
  expect(await verifyWebhook(text, given, secret, { clock: gateway.clock })).toBe(true)
  expect(said.out).toMatch(/^\S+Z {2}order\.paid {2}202 {2}\d+ ms {2}evt_\w+\n$/)
  const { deliveries } = (await gateway.call('GET', '/v1/deliveries')).body
  expect(deliveries).toMatchObject([{ state: 'delivered', lastAttempt: { status: 202 } }])
  stop.abort()
  expect(await ended).toBe(0)
  expect((await gateway.call('GET', '/v1/webhooks/endpoints')).body['endpoints']).toEqual([])
})

test('listen --json says each thing on a line, also what the local server did not answer', async () => {
  const refused = Object.assign(new TypeError('fetch failed'), { cause: { code: 'ECONNREFUSED' } })
  const { gateway, said, run, until, stop } = await open(() => Promise.reject(refused))
  const ended = run([...LISTEN, '--json', '--as', 'mine'])
  await until(() => said.out.includes('listening'))
  await gateway.call('POST', '/v1/events', { type: 'order.paid', data: 1 })
  await gateway.drain()
  stop.abort()
  expect(await ended).toBe(0)
  const lines = said.out.trim().split('\n')
  expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
    {
      ...{ kind: 'listening', name: 'mine', endpointId: expect.any(String), events: ['order.*'] },
      ...{ secret: expect.stringMatching(/^whsec_/), forward: LOCAL },
    },
    {
      ...{ kind: 'delivery', at: expect.any(Number), type: 'order.paid' },
      ...{ id: expect.stringMatching(/^evt_/), status: null, error: 'refused', ms: 0 },
    },
  ])
  const { deliveries } = (await gateway.call('GET', '/v1/deliveries')).body
  expect(deliveries).toMatchObject([{ lastAttempt: { status: 502 } }])
})

test('listen connects again after a loss, says so, and waits longer each time', async () => {
  const { said, sockets, run, until, passUntil, stop, setAway } = await open(
    async () => new Response(),
  )
  const ended = run()
  await until(() => said.err.includes('They are signed with'))
  sockets[0]?.break(1006)
  await until(() => said.err.includes('is lost, it is tried again in 0.'))
  await passUntil(() => said.err.includes('Listening again\n'))
  expect(sockets).toHaveLength(2)
  setAway(true)
  sockets[1]?.break(1001)
  await passUntil(() => /cannot be reached \(unreachable\), it is tried again/.test(said.err))
  setAway(false)
  await passUntil(() => said.err.split('Listening again').length === 3)
  const waits = [...said.err.matchAll(/again in (\d+\.\d) s/g)].map(([, wait]) => Number(wait))
  expect(waits.length).toBeGreaterThan(2)
  expect(Math.max(...waits.slice(0, 2))).toBeLessThan(Math.max(...waits.slice(2)))
  stop.abort()
  expect(await ended).toBe(0)
})

test('listen gives up a gateway that says nothing for 50 s, and pings one that does', async () => {
  const { gateway, said, sockets, run, until, passUntil, stop, clock } = await open(
    async () => new Response(),
  )
  const ended = run()
  await until(() => said.err.includes('They are signed with'))
  for (let step = 0; step < 6; step++) await clock.advance(20_000)
  expect(said.err).not.toContain('lost')
  // It takes the connection away without a word.
  Object.assign(gateway.listeners, { connect: () => ({ message() {}, closed() {} }) })
  sockets[0]?.break(1006)
  await until(() => said.err.includes('is lost'))
  await passUntil(() => sockets.length === 2)
  await passUntil(() => said.err.split('is lost').length === 3)
  stop.abort()
  expect(await ended).toBe(0)
})

test('listen ends with 1 where another has its name, or the gateway refuses', async () => {
  const first = await open(async () => new Response())
  const { gateway, said, run, until, stop } = first
  const ended = run()
  await until(() => said.err.includes('They are signed with'))
  const before = said.err.length
  const second = await runCli({
    argv: LISTEN,
    env: { WHITE_CROSS_URL: 'https://gateway.example', WHITE_CROSS_KEY: 'root' },
    fetch: async (url, init) => gateway.app.request(url, init),
    stdout: { write: async () => undefined },
    stderr: { write: async (text) => void (said.err += text) },
    ...{ clock: first.clock, isTty: false, version: '1', signal: new AbortController().signal },
  })
  expect(second).toBe(1)
  expect(said.err.slice(before)).toContain('another program does so under this name')
  // The one that was there is left alone.
  const { endpoints } = (await gateway.call('GET', '/v1/webhooks/endpoints')).body
  expect(endpoints).toHaveLength(1)
  expect(await run([...LISTEN, '--key', 'wcr_wrong-as-it-is'])).toBe(1)
  expect(said.err).toContain('(unauthorized')
  expect(said.err).not.toContain('wrong-as-it-is')
  stop.abort()
  expect(await ended).toBe(0)
})

test('listen is told wrongly without a local address, or one that is none', async () => {
  const { run, sockets } = await open(async () => new Response())
  for (const more of [
    [],
    ['--forward', 'x'],
    ['--forward', 'ftp://a/'],
    ['--forward', 'http://a:b@c/'],
  ])
    expect(await run(['webhooks', 'listen', ...more])).toBe(2)
  expect(sockets).toEqual([])
})
