import {
  createStackParser,
  dsnFromString,
  getEnvelopeEndpointWithUrlEncodedAuth,
  isRateLimited,
  parseEnvelope,
  updateRateLimits,
} from '@sentry/core'
import { nodeStackLineParser } from '@sentry/core/server'
import { expect, test } from 'vitest'
import { createRedactor } from '../../src/services/logging/index.ts'
import { readDsn } from '../../src/services/logging/sentry/dsn.ts'
import { sentry, type SentryEvent } from '../../src/services/logging/sentry/index.ts'
import { readStackFrames } from '../../src/services/logging/sentry/stack-frames.ts'
import { createFakeClock, createSeededRandom } from '../../src/testing/index.ts'

const dsn = 'https://0123456789abcdef@o1.ingest.sentry.io/42'
const redactor = createRedactor()

test('an envelope is one that Sentry’s own client reads, also with lines in its texts', async () => {
  const bodies: string[] = []
  const clock = createFakeClock()
  const client = sentry({
    dsn,
    redactor,
    clock,
    random: createSeededRandom(),
    fetch: async (url, init) => {
      bodies.push(await new Request(url, init).text())
      return new Response('{}')
    },
  })
  const id = client.captureError(
    new AggregateError([new Error('one\ntwo'), 'text'], 'all\u2028failed', {
      cause: new TypeError('deep'),
    }),
    { extra: { note: 'a\nb' } },
  )
  await client.flush()
  const [header, items] = parseEnvelope(bodies[0] ?? '')
  expect(header).toEqual({ event_id: id, sent_at: new Date(clock.now()).toISOString() })
  expect(items.map(([{ type }]) => type)).toEqual(['event'])
  const event = items[0]?.[1] as unknown as SentryEvent
  expect(event.event_id).toBe(id)
  expect(event.event_id).toMatch(/^[\da-f]{32}$/)
  expect(event.timestamp).toBe(clock.now() / 1000)
  expect(event.exception?.values.map(({ type, value }) => [type, value])).toEqual([
    ['Error', 'text'],
    ['Error', 'one\ntwo'],
    ['TypeError', 'deep'],
    ['AggregateError', 'all\u2028failed'],
  ])
  expect(event.exception?.values.map(({ mechanism }) => mechanism)).toMatchObject([
    { exception_id: 3, parent_id: 0, source: 'errors[1]' },
    { exception_id: 2, parent_id: 0, source: 'errors[0]' },
    { exception_id: 1, parent_id: 0, source: 'cause' },
    { type: 'generic', exception_id: 0, is_exception_group: true },
  ])
})

test.for([
  dsn,
  'https://key@sentry.example.com/1',
  'https://key@sentry.example.com:9000/1',
  'https://key:secret@sentry.example.com/deep/path/77',
  'http://key@127.0.0.1:8969/1',
])('readDsn() finds the address and key that Sentry’s own client finds in %s', (text) => {
  const parts = dsnFromString(text)
  if (parts === undefined) throw new Error('Sentry was to read it')
  const theirs = new URL(getEnvelopeEndpointWithUrlEncodedAuth(parts))
  const ours = readDsn(text)
  expect(ours.url).toBe(`${theirs.origin}${theirs.pathname}`)
  expect(ours.auth).toContain(`sentry_key=${theirs.searchParams.get('sentry_key')}`)
  expect(ours.auth).toContain('sentry_version=7')
})

test.for([
  '',
  'x',
  'https://sentry.example.com/1',
  'https://key@host',
  'ftp://key@host/1',
  7,
  null,
])('readDsn() refuses %s, and does not repeat it', (text) => {
  expect(() => readDsn(text as string)).toThrow(/^Cannot create Sentry client: dsn is none/)
})

test('frames are those that Sentry’s own client reads of this stack', () => {
  const { stack = '' } = (() => {
    try {
      return [1].map(() => JSON.parse('{') as Error)[0] ?? new Error('none')
    } catch (error) {
      return error as Error
    }
  })()
  const theirs = createStackParser(nodeStackLineParser())(stack)
  const ours = readStackFrames(stack)
  const own = (frames: readonly { in_app?: boolean }[]): unknown[] =>
    frames.filter(({ in_app }) => in_app === true)
  expect(own(ours).length).toBeGreaterThan(0)
  expect(ours.length).toBe(theirs.length)
  expect(ours.map(({ lineno, colno, in_app }) => ({ lineno, colno, in_app }))).toEqual(
    theirs.map(({ lineno, colno, in_app }) => ({ lineno, colno, in_app })),
  )
})

test.for([
  ['60', 200, null],
  ['60:error:organization', 200, null],
  ['60:transaction:key, 30:error;default', 200, null],
  ['60:transaction;session', 200, null],
  ['60::organization:reason', 429, null],
  ['x:error', 200, null],
  [null, 429, '7'],
  [null, 429, null],
  [null, 200, '7'],
] as const)(
  'a rate limit of %s with %s keeps as quiet as Sentry’s own client',
  async ([limits, status, retryAfter]) => {
    const clock = createFakeClock()
    let requests = 0
    const headers = {
      ...(limits !== null && { 'x-sentry-rate-limits': limits }),
      ...(retryAfter !== null && { 'retry-after': retryAfter }),
    }
    const client = sentry({
      dsn,
      redactor,
      clock,
      fetch: async () => {
        requests++
        return new Response(null, { status, headers })
      },
    })
    client.captureMessage('first')
    await client.flush()
    const theirs = updateRateLimits(
      {},
      {
        statusCode: status,
        headers: {
          'x-sentry-rate-limits': limits,
          'retry-after': retryAfter,
        },
      },
      clock.now(),
    )
    for (const seconds of [0, 6.9, 7.1, 29.9, 30.1, 59.9, 60.1]) {
      const at = createFakeClock(clock.now()).now()
      const isQuiet = client.captureMessage('again') === null
      expect(isQuiet, `after ${seconds} s`).toBe(isRateLimited(theirs, 'error', at))
      const before = requests
      await client.flush()
      if (isQuiet) expect(requests).toBe(before)
      else break
      await clock.advance(seconds * 1000)
    }
  },
)
