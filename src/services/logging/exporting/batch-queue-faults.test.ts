import { expect, test } from 'vitest'
import { createFakeClock, createSeededRandom } from '../../../testing/index.ts'
import { httpSink, type HttpSinkOptions } from '../logs/http-sink.ts'
import { LoggerService } from '../logs/logger-service.ts'
import type { ExportError } from './export-error.ts'

type Answer = (lines: readonly string[], request: number) => Response | Promise<Response>

/** A logger whose lines are their messages, and a receiver that answers as told. */
function fixture(answer: Answer, options: Partial<HttpSinkOptions> = {}) {
  const bodies: (readonly string[])[] = []
  const inits: RequestInit[] = []
  const clock = createFakeClock()
  const sink = httpSink({
    url: 'https://logs.example/in',
    format: ({ message }) => message,
    join: (lines) => lines.join('\n'),
    clock,
    random: createSeededRandom(1),
    flushAfter: 0,
    async fetch(_url, init) {
      const lines = String(init.body as string).split('\n')
      bodies.push(lines)
      inits.push(init)
      return answer(lines, bodies.length)
    },
    ...options,
  })
  const logger = new LoggerService({ sinks: [sink], clock })
  const write = (...lines: readonly string[]): void => {
    for (const line of lines) logger.info(line)
  }
  return { logger, write, bodies, inits, clock }
}

const status = (code: number, headers: Record<string, string> = {}): Response =>
  new Response(null, { status: code, headers })
const codesOf = (errors: readonly unknown[]): readonly string[] =>
  errors.map((error) => (error as ExportError).code)

test('a receiver that has moved is told of: to follow it would send nothing, and the keys elsewhere', async () => {
  const { logger, write, inits } = fixture(() =>
    status(301, { location: 'https://elsewhere.example/' }),
  )
  write('a')
  const { sent, dropped, errors } = await logger.flush()
  expect([sent, dropped, codesOf(errors)]).toEqual([0, 1, ['refused']])
  expect(inits[0]?.redirect).toBe('manual')
})

test('a success counts whatever becomes of its body', async () => {
  const broken = new ReadableStream({
    pull(controller) {
      controller.error(new Error('the connection broke'))
    },
  })
  const endless = new ReadableStream({ pull: () => new Promise(() => undefined) })
  for (const body of [broken, endless]) {
    const { logger, write, bodies, clock } = fixture(() => new Response(body), { timeout: '1s' })
    write('a')
    const flushed = logger.flush()
    await clock.advance(1000)
    expect(await flushed).toEqual({ sent: 1, dropped: 0, errors: [] })
    expect(bodies.length).toBe(1)
  }
})

test('of many bad records among good ones only they are lost, over several flushes', async () => {
  const isBad = (line: string): boolean => Number(line) % 50 === 7
  const taken = new Set<string>()
  const { logger, write } = fixture((lines) => {
    if (lines.some(isBad)) return status(400)
    for (const line of lines) taken.add(line)
    return status(204)
  })
  write(...Array.from({ length: 500 }, (_, at) => String(at)))
  let lost = 0
  for (let flush = 0; flush < 10; flush++) lost += (await logger.flush()).dropped
  expect([taken.size, lost]).toEqual([490, 10])
})

test('a receiver that goes away while the bad record is searched for is not asked once more for each part', async () => {
  const { logger, write, bodies, clock } = fixture(
    (_, request) => status(request === 1 ? 400 : 503),
    { attempts: 1 },
  )
  write('a', 'b', 'c', 'd')
  const flushed = logger.flush()
  await clock.advance(60_000)
  expect(await flushed).toMatchObject({ sent: 0, dropped: 0 })
  expect(bodies).toEqual([
    ['a', 'b', 'c', 'd'],
    ['a', 'b'],
  ])
})

test('a receiver that asks for a long pause has it', async () => {
  const { logger, write, bodies, clock } = fixture((_, request) =>
    request === 1 ? status(429, { 'retry-after': '120' }) : status(204),
  )
  write('a')
  expect(await logger.flush()).toMatchObject({ sent: 0, dropped: 0 })
  await clock.advance(119_000)
  write('b')
  const { sent, errors } = await logger.flush()
  expect([sent, bodies.length, codesOf(errors)]).toEqual([0, 1, ['overloaded']])
  await clock.advance(1000)
  expect(await logger.flush()).toEqual({ sent: 2, dropped: 0, errors: [] })
  expect(bodies[1]).toEqual(['a', 'b'])
})

test('flush() waits for what is being sent: a program that ends after it loses nothing', async () => {
  const { promise, resolve } = Promise.withResolvers<Response>()
  const { logger, write, clock } = fixture(() => promise, { flushAfter: '1s' })
  write('a')
  await clock.advance(1000)
  let ended = false
  const flushed = logger.flush().then((result) => {
    ended = true
    return result
  })
  await clock.advance(0)
  expect(ended).toBe(false)
  resolve(status(403))
  // What was lost meanwhile is told too.
  expect(await flushed).toMatchObject({ sent: 0, dropped: 1 })
})

test('a join() that throws loses the batch and nothing else', async () => {
  const { logger, write } = fixture(() => status(204), {
    join() {
      throw new Error('no')
    },
  })
  write('a')
  const { sent, dropped, errors } = await logger.flush()
  expect([sent, dropped, codesOf(errors)]).toEqual([0, 1, ['not_encodable']])
})

test('headers that cannot be sent, as a key that is not there, are refused at once', () => {
  for (const headers of [{ authorization: undefined }, { 'x-key': 'a\nb' }, { 'x key': 'a' }, 'x'])
    expect(() => fixture(() => status(204), { headers: headers as never })).toThrow(
      /^Cannot create HTTP sink: headers.* expected$/,
    )
  expect(() => fixture(() => status(204), { join: 'x' as never })).toThrow(TypeError)
})
