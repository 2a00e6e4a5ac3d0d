import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { createFakeClock } from '@white-cross/reuse/infrastructure/testing'
import type { ComposeOptions } from '../../examples/gateway/compose-gateway.ts'
import { openTestGateway } from '../../examples/gateway/test-gateway.ts'
import { COMMANDS } from '../../src/cli/commands/commands.ts'
import { runCli, type CliOptions, type ExitCode } from '../../src/cli/run-cli.ts'

const KEY = 'root'
const folder = mkdtempSync(join(tmpdir(), 'white-cross-cli-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** What a command line has come to. */
interface Outcome {
  readonly code: ExitCode
  readonly out: string
  readonly err: string
}

async function open(options: ComposeOptions = {}) {
  const gateway = await openTestGateway({}, options)
  const requests: string[] = []
  const signal = new AbortController().signal
  async function run(argv: readonly string[], given: Partial<CliOptions> = {}): Promise<Outcome> {
    const chunks: Uint8Array[] = []
    let err = ''
    const code = await runCli({
      argv,
      env: { WHITE_CROSS_URL: 'https://gateway.example', WHITE_CROSS_KEY: KEY },
      fetch: async (url, init) => {
        requests.push(`${init.method} ${url.replace('https://gateway.example', '')}`)
        return gateway.app.request(url, init)
      },
      stdout: {
        write: async (chunk) =>
          void chunks.push(typeof chunk === 'string' ? new TextEncoder().encode(chunk) : chunk),
      },
      stderr: { write: async (text) => void (err += text) },
      ...{ clock: gateway.clock, isTty: false, version: '1.2.3', signal },
      ...given,
    })
    return { code, out: new TextDecoder().decode(Buffer.concat(chunks)), err }
  }
  const json = async (...argv: readonly string[]): Promise<readonly Record<string, unknown>[]> => {
    const { code, out, err } = await run([...argv, '--json'])
    expect([code, err]).toEqual([0, ''])
    return linesOf(out)
  }
  return { ...gateway, requests, run, json }
}

function linesOf(out: string): readonly Record<string, unknown>[] {
  const lines = out.split('\n').filter((line) => line !== '')
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>)
}

/** Jobs of the queue that came to nothing. */
async function openWithDead(many: number) {
  let status = 410
  const opened = await open({ webhooks: { fetch: async () => new Response(null, { status }) } })
  const ids: string[] = []
  for (let index = 0; index < many; index++) {
    const { body } = await opened.call('POST', '/v1/jobs/queues/default/jobs', {
      name: 'deliver',
      data: { url: 'https://r.example.com', payload: index },
    })
    ids.push(String(body['id']))
  }
  await opened.drain()
  status = 204
  return { ...opened, ids }
}

test('jobs are listed by their state, as many as asked for', async () => {
  const { run, json, ids } = await openWithDead(3)
  const listed = await json('jobs', 'list', 'default')
  expect(new Set(listed.map(({ id }) => id))).toEqual(new Set(ids))
  expect(listed[0]).toMatchObject({ name: 'deliver', state: 'dead' })
  const table = await run(['jobs', 'list', 'default', '--limit', '2'])
  expect(table.out.split('\n')[0]).toMatch(/^id +name +state +attempts +added +last error$/)
  expect(table.out.trim().split('\n')).toHaveLength(3)
  expect(table.err).toBe('There are more than 2: --limit shows others\n')
  expect(await json('jobs', 'list', 'default', '--state=active')).toEqual([])
  expect(await json('jobs', 'queues')).toMatchObject([{ name: 'default', counts: { dead: 3 } }])
})

test('jobs are retried one by one, and one that is refused keeps no other from it', async () => {
  const { run, drain, json, ids } = await openWithDead(2)
  const [first = '', second = ''] = ids
  const { code, out, err } = await run(['jobs', 'retry', 'default', first, 'nobody', second], {
    isTty: true,
  })
  expect([code, err.includes('Retrying  [########------')]).toEqual([1, true])
  expect(out).toContain(`${first}  will be run again\nnobody  Cannot call jobs.retry: There is no`)
  expect(out).toContain(`(job_not_found)\n${second}  will be run again\n`)
  await drain()
  expect(await json('jobs', 'list', 'default', '--state', 'completed')).toHaveLength(2)
})

test('jobs are found by tag, kind and time, counted, and changed together', async () => {
  const { run, call, json } = await open()
  for (const [jobId, tag] of [
    ['a-1', 'customer:7'],
    ['a-2', 'customer:7'],
    ['b-1', 'customer:8'],
  ])
    await call('POST', '/v1/jobs/queues/default/jobs', {
      ...{ name: 'deliver', data: { url: 'https://r.example.com', payload: 1 } },
      options: { jobId, tags: [tag], delay: '1h' },
    })
  const ids = async (...args: string[]): Promise<unknown> =>
    (await json('jobs', 'list', 'default', ...args)).map(({ id }) => String(id)).toSorted()
  expect(await ids('--tag', 'customer:7')).toEqual(['a-1', 'a-2'])
  expect(await ids('--id-prefix=b', '--name', 'deliver', '--since', '1h')).toEqual(['b-1'])
  expect(await ids('--until', '1h')).toEqual([])
  const tagged = ['default', 'cancel', '--tag', 'customer:7']
  expect((await run(['jobs', 'count', ...tagged])).out).toBe('2 jobs of default\n')
  expect(await json('jobs', 'bulk', ...tagged)).toEqual([
    { queue: 'default', action: 'cancel', changed: 2 },
  ])
  expect(await ids('--state', 'cancelled')).toEqual(['a-1', 'a-2'])
  expect(await json('jobs', 'count', 'default', 'retry', '--state', 'cancelled')).toEqual([
    { queue: 'default', count: 2, complete: true },
  ])
  expect((await run(['jobs', 'bulk', 'default', 'remove'])).code).toBe(2)
  expect((await run(['jobs', 'bulk', 'default', 'burn', '--tag', 'a'])).code).toBe(2)
  expect(await ids('--state', 'scheduled')).toEqual(['b-1'])
})

test('jobs bulk goes on where a step ended, and not for ever', async () => {
  const { run, clock } = await open()
  const bodies: unknown[] = []
  const fetch: CliOptions['fetch'] = async (_url, { body }) => {
    if (typeof body !== 'string') return Response.json({ count: 1500, complete: true })
    const asked = JSON.parse(body) as { limit: number; cursor?: string }
    bodies.push([asked.limit, asked.cursor])
    return Response.json({ matched: asked.limit, changed: 1, cursor: 'more' })
  }
  const args = ['jobs', 'bulk', 'q', 'retry', '--state', 'dead', '--json']
  const { out } = await run(args, { fetch, clock })
  expect([bodies, linesOf(out)]).toEqual([
    [
      [1000, undefined],
      [500, 'more'],
    ],
    [{ queue: 'q', action: 'retry', changed: 2 }],
  ])
})

test('jobs redrive gives all dead jobs their attempts again, in steps', async () => {
  const { run, drain, json } = await openWithDead(5)
  expect(await json('jobs', 'redrive', 'default', '--limit', '2')).toEqual([
    { queue: 'default', state: 'dead', redriven: 2 },
  ])
  const { code, out, err } = await run(['jobs', 'redrive', 'default'], { isTty: true })
  expect([code, out]).toEqual([0, '3 jobs of default redriven\n'])
  expect(err).toContain('Redriving default  [------------------------] 0 %  0 jobs of 3 jobs')
  await drain()
  expect(await json('jobs', 'list', 'default', '--state', 'completed')).toHaveLength(5)
})

test('jobs redrive asks for a thousand at a time, no more than there were', async () => {
  const { run, clock } = await open()
  const limits: unknown[] = []
  const counts = { dead: 2500 }
  const fetch: CliOptions['fetch'] = async (_url, { body }) => {
    if (typeof body !== 'string') return Response.json({ counts })
    const { limit } = JSON.parse(body) as { limit: number }
    limits.push(limit)
    return Response.json({ redriven: limit })
  }
  const { out } = await run(['jobs', 'redrive', 'q', '--json'], { fetch, clock })
  expect([limits, linesOf(out)]).toEqual([
    [1000, 1000, 500],
    [{ queue: 'q', state: 'dead', redriven: 2500 }],
  ])
})

async function openWithDelivery() {
  const opened = await open()
  await opened.call('POST', '/v1/webhooks/endpoints', { url: 'https://r.example.com' })
  const publish = async (type: string): Promise<void> => {
    await opened.call('POST', '/v1/events', { type, data: { a: 1 } })
    await opened.drain()
  }
  const since = opened.clock.now()
  await publish('order.paid')
  return { ...opened, publish, since: String(since) }
}

test('webhooks replay sends what matches, or what is named, again', async () => {
  const { run, json, call, drain, clock, bodies, since } = await openWithDelivery()
  expect(bodies).toHaveLength(1)
  await clock.advance(1000)
  expect(
    await json(
      ...['webhooks', 'replay', '--since', since, '--type', 'order.paid'],
      ...['--state=delivered', '--per-second', '1000'],
    ),
  ).toEqual([{ jobId: expect.stringMatching(/^replay:/) }])
  for (let round = 0; round < 3; round++) {
    await drain()
    await clock.advance(1000)
  }
  expect(bodies).toHaveLength(2)
  const { deliveries } = (await call('GET', '/v1/deliveries')).body as {
    deliveries: readonly { id: string }[]
  }
  const [{ id } = { id: '' }] = deliveries
  const { code, out } = await run(['webhooks', 'replay', id])
  expect([code, out]).toEqual([0, expect.stringMatching(/ is sent again, round 2\n$/)])
  await drain()
  expect(bodies).toHaveLength(3)
})

test('files are put, listed and got, byte for byte and with their progress', async () => {
  const { run, json } = await open()
  const bytes = Uint8Array.from({ length: 200_001 }, (_, index) => index % 251)
  const path = join(folder, 'in.bin')
  writeFileSync(path, bytes)
  const put = await run(['files', 'put', path, 'a b/ü.bin', '--content-type=image/png'], {
    isTty: true,
    clock: { now: () => 0, setTimer: () => () => undefined },
  })
  expect([put.code, put.out]).toEqual([0, 'a b/ü.bin  200.0 kB, image/png\n'])
  expect(put.err).toContain('Storing a b/ü.bin  [#######-----------------] 32 %  65.5 kB of 200.0')
  expect(put.err.endsWith('] 100 %  200.0 kB of 200.0 kB\r\u001b[2K')).toBe(true)
  expect((await run(['files', 'put', path])).out).toContain('in.bin  200.0 kB')
  expect((await json('files', 'list')).map(({ key }) => key)).toEqual(['a b/ü.bin', 'in.bin'])
  expect(await json('files', 'list', '--prefix', 'a')).toMatchObject([{ size: 200_001 }])
  const got = join(folder, 'out.bin')
  expect(await json('files', 'get', 'a b/ü.bin', got)).toEqual([
    { key: 'a b/ü.bin', path: got, size: 200_001 },
  ])
  expect(Buffer.compare(readFileSync(got), bytes)).toBe(0)
  writeFileSync(path, 'text')
  await run(['files', 'put', path, 'text'])
  expect(await run(['files', 'get', 'text'])).toEqual({ code: 0, out: 'text', err: '' })
})

test('a file that is cut off or absent leaves nothing behind', async () => {
  const { run } = await open()
  const path = join(folder, 'cut.bin')
  const cut: CliOptions['fetch'] = async () =>
    new Response('half', { headers: { 'content-length': '8' } })
  expect(await run(['files', 'get', 'a', path], { fetch: cut })).toEqual({
    ...{ code: 1, out: '' },
    err: 'white-cross: Cannot read file: 4 of 8 bytes came, all expected\n',
  })
  const absent = await run(['files', 'get', 'nothing', path])
  expect([absent.code, absent.err]).toEqual([1, expect.stringContaining('(not_found, request ')])
  expect(readdirSync(folder).filter((name) => name.startsWith('cut'))).toEqual([])
  expect((await run(['files', 'put', join(folder, 'nothing')])).code).toBe(1)
  expect((await run(['files', 'put', folder])).err).toContain('the path is no file, one expected')
})

test('tail shows what comes and what becomes of it, until ctrl-c', async () => {
  const { run, publish, clock } = await openWithDelivery()
  const stop = new AbortController()
  const waits = createFakeClock()
  let out = ''
  let polls = 0
  // Between two looks something happens; the third ends it.
  const between = async (): Promise<void> => {
    polls++
    await clock.advance(10)
    if (polls === 1) await publish('order.sent')
    else stop.abort()
  }
  const { code, err } = await run(['tail', 'deliveries', '--json', '--every', '5s'], {
    signal: stop.signal,
    stdout: { write: async (chunk) => void (out += String(chunk)) },
    clock: {
      now: waits.now,
      setTimer(wake, delayMs) {
        if (delayMs === 5000) void between().then(wake)
        return () => undefined
      },
    },
  })
  expect([code, err]).toEqual([0, ''])
  expect(linesOf(out)).toMatchObject([
    { kind: 'delivery', eventType: 'order.sent', state: 'delivered', attempts: 1 },
  ])
})

test('tail goes on while a gateway is away, and ends where it refuses', async () => {
  const { run, call, app, json } = await openWithDelivery()
  await call('POST', '/v1/notifications', { channel: 'sms', to: '+41791234567', text: 'a' })
  const stop = new AbortController()
  let asked = 0
  const clock: CliOptions['clock'] = {
    now: () => 0,
    setTimer(wake, delayMs) {
      if (delayMs < 30_000) queueMicrotask(wake)
      return () => undefined
    },
  }
  const away = await run(['tail', '--since', '0'], {
    ...{ signal: stop.signal, clock },
    fetch: async (url, init) => {
      asked++
      if (asked === 3) throw new TypeError('reset')
      if (asked > 6) stop.abort()
      if (asked > 3 && asked < 6) throw new TypeError('reset')
      return app.request(url, init)
    },
  })
  expect([away.code, away.err]).toEqual([
    0,
    'Cannot call webhooks.deliveries.list: the gateway cannot be reached (unreachable), it is tried again\n',
  ])
  expect(away.out).toMatch(/^delivery {2}\d{4}-.*Z {2}delivered {2}order\.paid {2}.* {2}200\n/)
  const [made] = await json('keys', 'create', 'reader', '--scope', 'webhooks:read')
  const refused = await run(['tail', '--key', String(made?.['key'])])
  expect([refused.code, refused.err]).toEqual([1, expect.stringContaining('(missing_scope, ')])
})

test('keys are created, listed and revoked', async () => {
  const { run, json } = await open()
  const created = await run([
    ...['keys', 'create', 'ci', '--scope', 'jobs:read', '--scope=jobs:write'],
    ...['--expires-in', '30d', '--requests-per-minute', '60'],
  ])
  expect([created.code, created.out]).toEqual([0, expect.stringMatching(/^wcr_\S+\n$/)])
  expect(created.err).toMatch(/^Key \S+ may jobs:read, jobs:write, expires: .*Z\. It is not shown/)
  const [key] = await json('keys', 'list')
  expect(key).toMatchObject({ label: 'ci', requestsPerMinute: 60 })
  const asIt = { WHITE_CROSS_URL: 'https://gateway.example', WHITE_CROSS_KEY: created.out.trim() }
  expect((await run(['jobs', 'queues'], { env: asIt })).code).toBe(0)
  expect((await run(['keys', 'list'], { env: asIt })).code).toBe(1)
  expect(await json('keys', 'revoke', String(key?.['id']))).toMatchObject([{ revoked: true }])
  expect((await run(['keys', 'revoke', 'nobody'])).code).toBe(1)
  expect(await json('keys', 'list')).toEqual([])
  await json('keys', 'create', 'ops', '--operator')
  expect(await json('keys', 'list', '--operator')).toMatchObject([{ label: 'ops', tenant: null }])
  const scopeless = await run(['keys', 'create', 'x', '--scope', 'everything'])
  expect([scopeless.code, scopeless.err]).toEqual([1, expect.stringContaining('(invalid_body, ')])
})

test('an operator acts for the tenant that is named', async () => {
  const { json, requests } = await open()
  await json('keys', 'create', 'of acme', '--tenant', 'acme')
  expect(requests).toEqual(['POST /v1/keys?tenant=acme'])
  expect(await json('keys', 'list')).toEqual([])
  expect(await json('keys', 'list', '--tenant=acme')).toMatchObject([{ label: 'of acme' }])
})

test('every command has help, and every option in it a word', async () => {
  const { run, requests } = await open()
  const all = await run(['--help'])
  for (const { name, summary, options } of COMMANDS) {
    expect(all.out).toContain(`  ${name}`)
    const { code, out, err } = await run([...name.split(' '), '--help'], { env: {} })
    expect([code, err]).toEqual([0, ''])
    expect(out).toContain(`${summary}.\n\nUsage: white-cross ${name}`)
    for (const option of [...options, 'url', 'key'])
      expect(out).toMatch(RegExp(` --${option} .*\\w`))
  }
  expect(await run(['--version'])).toEqual({ code: 0, out: '1.2.3\n', err: '' })
  expect(requests).toEqual([])
})

test.each([
  [['jobs', 'list', 'q', '--sate', 'dead'], 'there is none --sate'],
  [['jobs', 'list', 'q', '--state', 'deaf'], 'Cannot use --state: one of ready, scheduled,'],
  [['jobs', 'list', 'q', '--limit', '1.5'], 'Cannot use --limit: a whole number from 1 to'],
  [['jobs', 'retry', 'q', '..'], 'Cannot call jobs.retry: id has a part of dots'],
  [['webhooks', 'replay'], 'Cannot replay: deliveries to send again or --since expected'],
  [['webhooks', 'replay', 'id', '--since', '1h'], 'Cannot use --since: deliveries are named'],
  [['webhooks', 'hear'], 'Cannot run: webhooks replay, webhooks listen expected'],
  [['files', 'get', 'a', '--json'], 'Cannot use --json: the file itself is the output'],
  [['tail', 'logs'], 'Cannot tail this: deliveries or messages expected'],
  [['tail', '--every', '1ms'], 'Cannot use --every: '],
  [['keys', 'create', 'a', '--expires-in', 'soon'], 'Cannot use --expires-in: '],
  [['keys', 'list', '--url', 'gateway'], 'Cannot use --url: an address as https://gateway.example'],
  [['keys', 'list', '--url', 'https://u:verysecret@g.example'], 'it holds a credential'],
  [['keys', 'list', '--key', 'very secret\n'], 'Cannot use --key: it has spaces or odd characters'],
  [
    ['keys', 'list', '--url', 'https://a', '--url', 'https://b'],
    'Cannot use --url: it is there twice',
  ],
])('%j is wrong usage: it ends with 2, and asks nothing', async (argv, message) => {
  const { run, requests } = await open()
  const { code, out, err } = await run(argv)
  expect([code, out, requests]).toEqual([2, '', []])
  expect(err).toContain(message)
  expect(err).toMatch(/^(?:white-cross: |\{"error")[^\n]*\n$/)
  expect(err).not.toMatch(/secret/)
})

test('what is missing of the address is said, and --json makes errors JSON', async () => {
  const { run } = await open()
  const { code, err } = await run(['keys', 'list', '--json'], { env: {} })
  expect(code).toBe(2)
  expect(linesOf(err)).toEqual([
    {
      error: {
        code: 'wrong_usage',
        message: 'Cannot find the gateway: --url or WHITE_CROSS_URL expected',
        requestId: null,
      },
    },
  ])
  const refused = await run(['jobs', 'list', 'nothing', '--json'])
  expect([refused.code, refused.out]).toEqual([1, ''])
  expect(linesOf(refused.err)).toMatchObject([
    { error: { code: 'queue_not_found', requestId: expect.any(String) } },
  ])
})

test('a key is never printed, nor does a text of others steer the terminal', async () => {
  const { run } = await open()
  const key = 'wcr_very-secret-key'
  const detail = `no \u001b[2J key ${key}`
  const fetch: CliOptions['fetch'] = async () =>
    Response.json({ code: 'forbidden', detail, requestId: 'r1' }, { status: 403 })
  for (const argv of [['keys', 'list'], ['keys', 'list', '--json'], ['tail']]) {
    const { code, out, err } = await run([...argv, '--key', key], { fetch })
    expect([code, out]).toEqual([1, ''])
    expect(err).toMatch(/key \*\*\*/)
    expect(err).not.toContain('very-secret')
    expect(err).not.toContain('\u001b')
  }
  const jobs: CliOptions['fetch'] = async () =>
    Response.json({ jobs: [{ id: 'a\u001b[2J\u009b', name: 'x\ny', addedAt: 0 }], cursor: null })
  const table = await run(['jobs', 'list', 'q'], { fetch: jobs })
  expect(table.out).toMatch(/\na\uFFFD\[2J\uFFFD +x\uFFFDy /)
  const lines = await run(['jobs', 'list', 'q', '--json'], { fetch: jobs })
  expect(lines.out).toBe('{"id":"a\\u001b[2J\\u009b","name":"x\\ny","addedAt":0}\n')
})

test('ctrl-c ends what is under way, with 1', async () => {
  const { run } = await open()
  const stop = new AbortController()
  const fetch: CliOptions['fetch'] = (_url, { signal }) =>
    new Promise((_resolve, reject) => {
      signal?.addEventListener('abort', () => reject(new Error('aborted')))
      stop.abort()
    })
  expect(await run(['keys', 'list'], { fetch, signal: stop.signal })).toEqual({
    ...{ code: 1, out: '' },
    err: 'white-cross: Interrupted\n',
  })
})

test('whoever stops reading the output ends the program quietly', async () => {
  const { run } = await open()
  const closed = Object.assign(new Error('write EPIPE'), { code: 'EPIPE' })
  const stdout = { write: () => Promise.reject(closed) }
  expect(await run(['jobs', 'queues'], { stdout })).toMatchObject({ code: 0, err: '' })
  let isLetGo = false
  const body = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(new Uint8Array(1)),
    cancel: () => void (isLetGo = true),
  })
  const fetch: CliOptions['fetch'] = async () => new Response(body)
  expect(await run(['files', 'get', 'a'], { stdout, fetch })).toMatchObject({ code: 0, err: '' })
  expect(isLetGo).toBe(true)
})
