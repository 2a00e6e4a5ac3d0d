import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { median } from './compare.ts'
import { cpuMicrosOf } from './group-cpu.ts'
import { ROOT_KEY } from './gateway-variables.ts'
import { loadWith } from './request-load.ts'
import { serveWorkers } from './serve-workers.ts'

const REQUESTS = 2000
/** Of what a disk waits for. */
const FEW_REQUESTS = 400
/** Before the first round: by then its code is compiled as far as it will be. */
const WARM_UP = 10_000
const CONNECTIONS = 32
const ROUNDS = 7
const PATH = 'v1/sagas'

interface Contender {
  readonly name: string
  readonly url: string
  /** The group of processes that serve it. */
  readonly group: number
  /** Of a bare route's requests a second; none for the bare route. */
  readonly aim?: number
  /** In a round. Default {@link REQUESTS}. */
  readonly requests?: number
  /** By what it is called here, an API key or none. */
  readonly authorization: string
}

interface Round {
  readonly perSecond: number
  readonly cpuMicros: number
  readonly p50: number
  readonly p99: number
}

/** Requests to the gateway beside those to a bare route of Hono that answers the same. */
export async function measure(machine: string): Promise<string> {
  const entry = (name: string): string => join(import.meta.dirname, `workers/${name}.worker.ts`)
  const names = ['gateway-bare', 'gateway-memory', 'gateway-objects'] as const
  const served = await serveWorkers(
    names.map((name) => ({ name: nameOf(name), entry: entry(name) })),
  )
  const server = fork(new URL('./gateway-server.ts', import.meta.url), {
    detached: true,
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  try {
    // The process says this one thing alone.
    const [{ ports }] = (await once(server, 'message')) as [
      { readonly ports: Readonly<Record<'bare' | 'memory' | 'sqlite', number>> },
    ]
    const group = server.pid ?? 0
    const at = (port: number): string => `http://127.0.0.1:${port}/`
    const workers = { group: served.group }
    const texts = [
      await compared('workerd', [
        { name: 'bare Hono', url: served.url(nameOf(names[0])), ...workers },
        {
          ...{ name: 'gateway, limits in memory', aim: 0.7, ...workers },
          url: served.url(nameOf(names[1])),
        },
        {
          ...{
            name: 'gateway, limits in a Durable Object',
            aim: 0.5,
            requests: FEW_REQUESTS,
            ...workers,
          },
          url: served.url(nameOf(names[2])),
        },
      ]),
      await compared('Node', [
        { name: 'bare Hono', url: at(ports.bare), group },
        { name: 'gateway, limits in memory', url: at(ports.memory), group },
        { name: 'gateway, limits in SQLite', url: at(ports.sqlite), group },
      ]),
    ]
    return [
      ...texts,
      `\`GET /${PATH}\` with an API key of a tenant, which is looked up, counted against the limits of its key and its tenant and allowed, and observed (a line of the log, a span, metrics); the bare route answers the same JSON. ${REQUESTS} requests a round (${FEW_REQUESTS} where an object decides), ${CONNECTIONS} at a time over kept connections; ${ROUNDS} rounds, all in turn, after ${WARM_UP} requests that warm up. CPU is that of all processes of the server, objects and their disk included; a share is of what the bare route does in the same round, first by CPU (what a server that is busy serves), then by the clock (which the client, on the same cores, and other work on the machine disturb).`,
      '',
      `Measured on ${machine}.`,
      '',
    ].join('\n')
  } finally {
    server.kill('SIGKILL')
    await served.stop()
  }
}

/** As names of Cap'n Proto have to be. */
function nameOf(name: string): string {
  return name.replace(/-(\w)/, (_, letter: string) => letter.toUpperCase())
}

async function compared(
  title: string,
  given: readonly Omit<Contender, 'authorization'>[],
): Promise<string> {
  const contenders = await Promise.all(
    given.map(async (one, index): Promise<Contender> => {
      return { ...one, authorization: index === 0 ? '' : `Bearer ${await keyOf(one.url)}` }
    }),
  )
  const rounds = contenders.map((): Round[] => [])
  for (const contender of contenders)
    await roundOf(contender, (contender.requests ?? REQUESTS) * (WARM_UP / REQUESTS))
  for (let round = 0; round < ROUNDS; round++)
    for (const [index, contender] of contenders.entries())
      rounds[index]?.push(await roundOf(contender, contender.requests ?? REQUESTS))
  const [bare = []] = rounds
  const rows = contenders.map(({ name, aim }, index) => {
    const own = rounds[index] ?? []
    const middle = (of: (round: Round) => number): number => median(own.map(of))
    const share = (of: (round: Round, bare: Round) => number): number =>
      median(own.map((round, at) => of(round, bare[at] ?? round)))
    const byCpu = share((one, anchor) => anchor.cpuMicros / one.cpuMicros)
    const byClock = share((one, anchor) => one.perSecond / anchor.perSecond)
    const verdict = aim === undefined ? '' : `${aim}: ${byCpu >= aim ? 'reached' : 'missed'}`
    return `| ${name} | ${whole(middle(({ perSecond }) => perSecond))} | ${whole(middle(({ cpuMicros }) => cpuMicros))} | ${middle(({ p50 }) => p50).toFixed(1)} | ${middle(({ p99 }) => p99).toFixed(1)} | ${byCpu.toFixed(2)} | ${byClock.toFixed(2)} | ${verdict} |`
  })
  return [
    `## The gateway in ${title}`,
    '',
    '| | requests a second | µs of CPU a request | p50 ms | p99 ms | share by CPU | by the clock | aim |',
    '|---|---:|---:|---:|---:|---:|---:|---|',
    ...rows,
    '',
  ].join('\n')
}

/** A key of a tenant, as most requests have. */
async function keyOf(url: string): Promise<string> {
  const response = await fetch(`${url}v1/keys`, {
    method: 'POST',
    headers: { authorization: `Bearer ${ROOT_KEY}`, 'content-type': 'application/json' },
    body: JSON.stringify({ label: 'bench', tenant: 'bench' }),
  })
  // What is asked for here answers with a key.
  const { key } = (await response.json()) as { readonly key?: string }
  if (key === undefined) throw new Error(`Cannot measure: ${response.status}, a key expected`)
  return key
}

async function roundOf({ url, group, authorization }: Contender, requests: number): Promise<Round> {
  const before = cpuMicrosOf(group)
  const { perSecond, latencies } = await loadWith(
    url + PATH,
    authorization === '' ? {} : { authorization },
    { requests, connections: CONNECTIONS },
  )
  const sorted = latencies.toSorted((left, right) => left - right)
  return {
    perSecond,
    cpuMicros: (cpuMicrosOf(group) - before) / requests,
    p50: sorted[Math.floor(sorted.length * 0.5)] ?? Number.NaN,
    p99: sorted[Math.floor(sorted.length * 0.99)] ?? Number.NaN,
  }
}

function whole(figure: number): string {
  return Math.round(figure).toLocaleString('en-US')
}
