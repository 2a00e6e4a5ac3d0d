import { once } from 'node:events'
import { Agent, request } from 'node:http'
import { Worker } from 'node:worker_threads'
import type { Comparisons, Contender } from './compare.ts'

const REQUESTS = 5000
const CONCURRENCY = 32

const SETTING = `${REQUESTS} requests, ${CONCURRENCY} at a time over kept connections, from 1000 addresses; all admitted. The server is a thread with \`node:http\`, a Request and a Response for each, and Hono 4.13 with one route that answers JSON; limited by \`rateLimit()\` of one rule with the key \`ip\` on \`memory()\`, headers of the draft on every answer. µs of the server thread’s CPU a request`

/** What the server's thread answers. */
interface Served {
  readonly ports: Readonly<Record<'bare' | 'limited' | 'labelled', number>>
}

export async function setUp(): Promise<Comparisons> {
  const server = new Worker(new URL('./hono-server.ts', import.meta.url), {
    execArgv: process.execArgv,
  })
  // The thread says these two things alone.
  const [{ ports }] = (await once(server, 'message')) as [Served]
  const cpuMicros = async (): Promise<number> => {
    server.postMessage('cpu')
    const [micros] = (await once(server, 'message')) as [number]
    return micros
  }
  const agent = new Agent({ keepAlive: true, maxSockets: CONCURRENCY })
  const contender = (name: string, port: number): Contender => ({
    name,
    async round() {
      const before = await cpuMicros()
      let sent = 0
      const lane = async (): Promise<void> => {
        while (sent < REQUESTS) await ask(agent, port, sent++)
      }
      await Promise.all(Array.from({ length: CONCURRENCY }, lane))
      return ((await cpuMicros()) - before) / REQUESTS
    },
  })
  return {
    comparisons: [
      {
        title: 'Hono: with rateLimit() against bare',
        setting: SETTING,
        contenders: [
          contender('limited', ports.limited),
          contender('bare', ports.bare),
          contender('bare, with two such headers set by hand', ports.labelled),
        ],
        ...{ target: 1.15, unit: 'µs', better: 'less', rounds: 7 },
      },
    ],
    async tearDown() {
      agent.destroy()
      await server.terminate()
    },
  }
}

function ask(agent: Agent, port: number, index: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const headers = { 'x-real-ip': `203.0.${(index % 1000) >> 8}.${index & 255}` }
  const asked = request({ host: '127.0.0.1', port, path: '/', headers, agent }, (response) => {
    response.resume()
    response.on('end', () => {
      if (response.statusCode === 200) resolve()
      else reject(new Error(`Cannot measure: ${response.statusCode}, 200 expected`))
    })
  })
  asked.on('error', reject)
  asked.end()
  return promise
}
