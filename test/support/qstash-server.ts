import { createHash, createHmac } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import { createFakeClock, type FakeClock } from '../../src/testing/fake-clock.ts'

/** A stand-in for QStash: its REST interface over HTTP, its deliveries on a clock that only {@link advance} moves. */
export interface QstashServer {
  readonly url: string
  readonly token: string
  readonly signingKeys: { readonly current: string; readonly next: string }
  readonly clock: FakeClock
  /** Every attempt to deliver, in order. */
  readonly attempts: readonly QstashAttempt[]
  /** Messages that are given up. */
  readonly deadLetters: readonly { readonly messageId: string; readonly responseBody: string }[]
  /** Messages that wait for their delivery. */
  waiting(): number
  /** Requests to the REST interface so far. */
  requests(): number
  /** Lets time pass, and waits for every delivery due by then. */
  advance(ms: number): Promise<void>
  /** Lets a schedule be due now; {@link advance} delivers. */
  tick(scheduleId: string): void
  stop(): Promise<void>
}

/** One attempt to deliver a message. */
export interface QstashAttempt {
  readonly at: number
  readonly messageId: string
  readonly url: string
  readonly retried: number
  readonly status: number
}

/** What {@link startQstashServer} may be told. */
export interface QstashServerOptions {
  /** Gets the deliveries. Default: `fetch`. */
  readonly deliver?: (request: Request) => Promise<Response>
  /** Which key signs. Default `current`. */
  readonly signWith?: 'current' | 'next'
  readonly clock?: FakeClock
}

interface Message {
  readonly messageId: string
  readonly url: string
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: string
  readonly maxRetries: number
  at: number
  retried: number
}

interface Schedule {
  readonly scheduleId: string
  readonly cron: string
  readonly destination: string
  readonly body: string
  readonly headers: Message['headers']
  readonly createdAt: number
}

const TOKEN = 'qstash-token'
const SIGNING_KEYS = { current: 'sig_current', next: 'sig_next' }
const REMEMBERED_MS = 600_000
const DEFAULT_RETRIES = 3
const UNIT_S: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 }

/** Starts it on a free port of loopback. */
export async function startQstashServer(options: QstashServerOptions = {}): Promise<QstashServer> {
  const { signWith = 'current', clock = createFakeClock() } = options
  const deliver = options.deliver ?? ((request: Request) => fetch(request))
  const known = new Map<string, { readonly messageId: string; readonly until: number }>()
  const schedules = new Map<string, Schedule>()
  const attempts: QstashAttempt[] = []
  const deadLetters: { readonly messageId: string; readonly responseBody: string }[] = []
  let waiting: Message[] = []
  let requests = 0
  let serial = 0

  function publish(
    url: string,
    headers: Message['headers'],
    body: string,
  ): readonly [number, object] {
    const id = headers['upstash-deduplication-id']
    const first = id === undefined ? undefined : known.get(id)
    if (first !== undefined && first.until > clock.now())
      return [202, { messageId: first.messageId, url, deduplicated: true }]
    const messageId = `msg_${++serial}`
    if (id !== undefined) known.set(id, { messageId, until: clock.now() + REMEMBERED_MS })
    waiting.push({
      messageId,
      url,
      headers,
      body,
      maxRetries: Number(headers['upstash-retries'] ?? DEFAULT_RETRIES),
      at: clock.now() + seconds(headers['upstash-delay'] ?? '0s') * 1000,
      retried: 0,
    })
    return [201, { messageId, url }]
  }

  async function attempt(message: Message): Promise<void> {
    const { messageId, url, body, retried } = message
    const response = await deliver(
      new Request(url, {
        method: 'POST',
        body,
        headers: {
          'content-type': message.headers['content-type'] ?? 'text/plain',
          'user-agent': 'Upstash-QStash',
          'upstash-message-id': messageId,
          'upstash-retried': String(retried),
          'upstash-signature': sign(SIGNING_KEYS[signWith], url, body, clock.now()),
        },
      }),
    )
    const text = await response.text()
    attempts.push({ at: clock.now(), messageId, url, retried, status: response.status })
    if (response.ok) return
    const hopeless =
      response.status === 489 && response.headers.get('upstash-nonretryable-error') === 'true'
    if (hopeless || retried >= message.maxRetries) {
      deadLetters.push({ messageId, responseBody: text })
      return
    }
    message.retried++
    const after = response.headers.get('retry-after')
    const waitS =
      after !== null && Number(after) <= 86_400
        ? Number(after)
        : Math.min(86_400, Math.exp(2.5 * message.retried))
    message.at = clock.now() + Math.ceil(waitS * 1000)
    waiting.push(message)
  }

  async function answer(request: IncomingMessage): Promise<readonly [number, unknown]> {
    if (request.headers.authorization !== `Bearer ${TOKEN}`)
      return [401, { error: 'unable to authenticate: invalid token' }]
    const body = await readText(request)
    const headers: Message['headers'] = Object.fromEntries(
      Object.entries(request.headers).map(([name, value]) => [name, value?.toString()]),
    )
    const [, kind, rest = ''] = /^\/v2\/(publish|schedules)\/?(.*)$/.exec(request.url ?? '') ?? []
    switch (`${request.method} ${kind}`) {
      case 'POST publish':
        return isHttp(rest) ? publish(rest, headers, body) : [400, { error: 'invalid destination' }]
      case 'POST schedules': {
        const scheduleId = headers['upstash-schedule-id'] ?? `scd_${++serial}`
        const cron = headers['upstash-cron'] ?? ''
        if (!isHttp(rest) || cron === '') return [400, { error: 'invalid schedule' }]
        const createdAt = clock.now()
        schedules.set(scheduleId, { scheduleId, cron, destination: rest, body, headers, createdAt })
        return [201, { scheduleId }]
      }
      case 'GET schedules':
        return [
          200,
          [...schedules.values()].map(({ headers: given, ...schedule }) => ({
            ...schedule,
            method: 'POST',
            retries: Number(given['upstash-retries'] ?? DEFAULT_RETRIES),
            isPaused: false,
          })),
        ]
      case 'DELETE schedules':
        return schedules.delete(rest) ? [202, undefined] : [404, { error: 'schedule not found' }]
      default:
        return [404, { error: `not simulated: ${request.method} ${request.url}` }]
    }
  }

  const server = createServer((request, response) => {
    requests++
    void answer(request)
      .catch((error: unknown) => [500, { error: String(error) }] as const)
      .then(([status, body]) => {
        response.writeHead(status, { 'content-type': 'application/json' })
        response.end(body === undefined ? undefined : JSON.stringify(body))
      })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (typeof address !== 'object' || address === null)
    throw new Error('Cannot start QStash stand-in: it has no address')

  return {
    url: `http://127.0.0.1:${address.port}`,
    token: TOKEN,
    signingKeys: SIGNING_KEYS,
    clock,
    attempts,
    deadLetters,
    waiting: () => waiting.length,
    requests: () => requests,
    async advance(ms) {
      const end = clock.now() + ms
      for (;;) {
        const next = waiting.filter(({ at }) => at <= end).toSorted((a, b) => a.at - b.at)[0]
        if (next === undefined) break
        waiting = waiting.filter((message) => message !== next)
        await clock.advance(Math.max(next.at - clock.now(), 0))
        await attempt(next)
      }
      await clock.advance(Math.max(end - clock.now(), 0))
    },
    tick(scheduleId) {
      const schedule = schedules.get(scheduleId)
      if (schedule === undefined) throw new Error(`No schedule ${scheduleId}`)
      const { 'upstash-delay': _, ...headers } = schedule.headers
      publish(schedule.destination, headers, schedule.body)
    },
    async stop() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** Signs as QStash does (https://upstash.com/docs/qstash/features/security). @param claims Replace what it would say */
export function sign(
  key: string,
  url: string,
  body: string,
  now: number,
  claims: Readonly<Record<string, unknown>> = {},
  head: object = { alg: 'HS256', typ: 'JWT' },
): string {
  const seconds = Math.floor(now / 1000)
  const signed = [
    head,
    {
      iss: 'Upstash',
      sub: url,
      exp: seconds + 300,
      nbf: seconds,
      iat: seconds,
      jti: 'jwt_1',
      body: `${createHash('sha256').update(body).digest('base64url')}=`,
      ...claims,
    },
  ]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.')
  return `${signed}.${createHmac('sha256', key).update(signed).digest('base64url')}`
}

function seconds(duration: string): number {
  let total = 0
  for (const [, count, unit] of duration.matchAll(/(\d+)([smhd])/g))
    total += Number(count) * (UNIT_S[unit ?? ''] ?? NaN)
  return total
}

function isHttp(url: string): boolean {
  return /^https?:\/\//.test(url) && URL.canParse(url)
}

async function readText(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('utf8')
}
