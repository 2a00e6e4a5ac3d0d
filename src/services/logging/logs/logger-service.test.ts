import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createFakeClock } from '../../../testing/index.ts'
import { runInContext } from '../context/context.ts'
import { bunyanFormat } from './bunyan-format.ts'
import { consoleSink } from './console-sink.ts'
import { ecsFormat } from './ecs-format.ts'
import type { LogFormat, LogSink } from './log-record.ts'
import { LoggerService } from './logger-service.ts'
import type { LoggerOptions } from './logger-options.ts'
import { memorySink } from './memory-sink.ts'
import { pinoFormat } from './pino-format.ts'
import { createPrettyFormat } from './pretty-format.ts'
import { winstonFormat } from './winston-format.ts'

function fixture(options: LoggerOptions = {}): {
  logger: LoggerService
  sink: ReturnType<typeof memorySink>
  lines: () => readonly string[]
} {
  const sink = memorySink()
  const clock = createFakeClock(1_700_000_000_000)
  const logger = new LoggerService({ level: 'trace', sinks: [sink], clock, ...options })
  return { logger, sink, lines: () => sink.records.map(pinoFormat) }
}

test('info() takes fields and message in either order, errors, values and functions', () => {
  const { logger, sink } = fixture()
  const error = new TypeError('no')
  logger.info({ a: 1 }, 'one')
  logger.info('two', { a: 2 })
  logger.info('three %s is %d%%, %j', 'x', 4, { b: 1 }, 'more')
  logger.info(error)
  logger.info(error, 'four')
  logger.info('five', error)
  logger.info(() => ({ a: 6 }))
  logger.info(() => [{ a: 7 }, 'seven'])
  logger.info('eight', () => ({ a: 8 }))
  logger.info('nine {a} {missing}', { a: 9 })
  logger.info(undefined)
  logger.info([1, 2], 'list')
  expect(sink.records.map(({ message }) => message)).toEqual([
    'one',
    'two',
    'three x is 4%, {"b":1} more',
    'no',
    'four',
    'five',
    '',
    'seven',
    'eight',
    'nine 9 {missing}',
    'undefined',
    'list',
  ])
  expect(sink.records.map(({ fields }) => fields['a'])).toEqual([
    1,
    2,
    undefined,
    undefined,
    undefined,
    undefined,
    6,
    7,
    8,
    9,
    undefined,
    undefined,
  ])
  for (const at of [3, 4, 5])
    expect(sink.records[at]?.fields['err']).toMatchObject({ type: 'TypeError', message: 'no' })
})

test('functions are called only for lines that are written', () => {
  const { logger, sink } = fixture({ level: 'info' })
  let calls = 0
  logger.debug(() => {
    calls++
    return 'never'
  })
  expect([calls, sink.records.length]).toEqual([0, 0])
})

test('no call throws, whatever it is given, and each writes a line', () => {
  const { logger, sink, lines } = fixture()
  const throwing = (): never => {
    throw new Error('no')
  }
  const hostile: unknown[] = [
    new Proxy({}, { get: throwing, ownKeys: throwing, getPrototypeOf: throwing, has: throwing }),
    Object.defineProperty(new Error('x'), 'message', { get: throwing }),
    Object.defineProperty(new Error('x'), 'stack', { get: throwing }),
    { toJSON: throwing },
    {
      get err() {
        return throwing()
      },
    },
    { toString: throwing, valueOf: throwing, [Symbol.toPrimitive]: throwing },
    throwing,
    () => Promise.reject,
    Symbol('s'),
    10n,
    Object.create(null),
    new Map([[{}, Symbol('x')]]),
    new WeakMap(),
    Promise.resolve(),
    document(),
  ]
  for (const value of hostile) {
    logger.info(value)
    logger.error(value, 'message')
    logger.error('message %s', value)
    logger.error('message', value)
    logger.child({ value }).info('x')
    logger.info({ deep: [{ value }] })
  }
  expect(sink.records.length).toBe(hostile.length * 6)
  for (const line of lines()) JSON.parse(line)
})

test('no value makes a line that is no JSON, or forges what is not its own', () => {
  const formats = [pinoFormat, winstonFormat, bunyanFormat, ecsFormat]
  const names = fc.constantFrom(
    'level',
    'time',
    'msg',
    'message',
    'timestamp',
    '_level',
    '__proto__',
    'v',
    'pid',
    '@timestamp',
    'a',
  )
  fc.assert(
    fc.property(
      fc.dictionary(names, fc.anything({ withBigInt: true, withDate: true, withMap: true })),
      fc.string({ unit: 'binary' }),
      (fields, message) => {
        const { logger, sink } = fixture()
        logger.warn(fields, message)
        const [record] = sink.records
        if (record === undefined) throw new Error('A line was to be written')
        for (const format of formats) {
          const line = format(record)
          expect(line).not.toMatch(/\p{Cc}|[\u2028\u2029\u202a-\u202e\u2066-\u2069]/u)
          const parsed = JSON.parse(line) as Record<string, unknown>
          const level = parsed['level'] ?? parsed['log.level']
          expect([40, 'warn']).toContain(level)
          // JSON.parse takes the last of two alike; each name must stand once.
          const keys = line.match(/"(?:level|time|msg|timestamp|@timestamp)":/g) ?? []
          expect(new Set(Object.keys(parsed)).size).toBe(Object.keys(parsed).length)
          if (format === pinoFormat) expect(parsed['time']).toBe(record.time)
          expect(keys.length).toBeGreaterThan(0)
        }
      },
    ),
    { numRuns: 300 },
  )
})

test('each name stands once: the line’s own over the child’s over the logger’s', () => {
  const { logger, lines } = fixture({ bindings: { a: 1, app: 'x' } })
  logger.child({ a: 2, b: 2 }).child({ c: 3 }).info({ a: 3 }, 'm')
  expect(lines()[0]).toBe('{"level":30,"time":1700000000000,"a":3,"app":"x","b":2,"c":3,"msg":"m"}')
})

test('messages are rendered from what is shown, and hide what they hold', () => {
  const { logger, sink } = fixture()
  logger.info({ password: 'hunter2', email: 'a@b.co' }, 'login of {email} with {password}')
  logger.info('card %s', '4111 1111 1111 1111')
  logger.info('mail to a@b.co')
  expect(sink.records.map(({ message }) => message)).toEqual([
    'login of [EMAIL] with [REDACTED]',
    'card [CARD]',
    'mail to [EMAIL]',
  ])
})

test('nothing that is given is changed', () => {
  const { logger } = fixture()
  const fields = Object.freeze({ a: Object.freeze({ password: 'x' }), list: Object.freeze([1]) })
  const before = structuredClone(fields)
  logger.info(fields, 'x')
  logger.child(fields).info(fields)
  expect(fields).toEqual(before)
})

test('errors are read by their fields; what clients hang on them is left out', () => {
  const { logger, sink } = fixture()
  const error = Object.assign(
    new Error('failed for a@b.co', { cause: new AggregateError([new TypeError('inner')], 'all') }),
    {
      code: 'E_FAIL',
      password: 'hunter2',
      response: { data: 'patient record' },
      config: { headers: { authorization: 'Bearer x' } },
      retries: 3,
    },
  )
  logger.error({ err: error })
  const shown = JSON.stringify(sink.records[0]?.fields['err'])
  expect(sink.records[0]?.fields['err']).toMatchObject({
    type: 'Error',
    message: 'failed for [EMAIL]',
    code: 'E_FAIL',
    password: '[REDACTED]',
    retries: 3,
    cause: { type: 'AggregateError', errors: [{ type: 'TypeError', message: 'inner' }] },
  })
  for (const secret of ['a@b.co', 'hunter2', 'patient', 'Bearer'])
    expect(shown).not.toContain(secret)
})

test('levels change while the program runs, for all or for a part of it', () => {
  const { logger, sink } = fixture({ level: 'info', levels: { db: 'warn' } })
  const pool = logger.child({}, 'db.pool')
  pool.info('no')
  logger.setLevel('debug', 'db.pool')
  pool.debug('yes')
  logger.child({}, 'dbx').debug('no')
  logger.setLevel('silent')
  logger.fatal('no')
  pool.debug('yes')
  expect(sink.records.map(({ message }) => message)).toEqual(['yes', 'yes'])
  expect(logger.isLevelEnabled('fatal')).toBe(false)
  expect(() => logger.setLevel('loud' as 'info')).toThrow(
    'Cannot set level: level is "loud", trace, debug, info, warn, error, fatal or silent expected',
  )
})

test('sampling keeps whole traces, and every error', () => {
  const { logger, sink } = fixture({ sampling: { info: 0.5, debug: 0 } })
  const ids = Array.from({ length: 200 }, (_, n) =>
    ((n * 40_503) % 65_536).toString(16).padStart(4, '0').padStart(23, '7').padEnd(32, '0'),
  )
  for (const traceId of ids)
    runInContext({ traceId, spanId: '1234567890123456' }, () => {
      logger.info('one')
      logger.info('two')
      logger.debug('never')
      logger.error('always')
    })
  const counts = new Map<unknown, number>()
  for (const { fields } of sink.records)
    counts.set(fields['traceId'], (counts.get(fields['traceId']) ?? 0) + 1)
  expect(counts.size).toBe(200)
  expect(new Set(counts.values())).toEqual(new Set([1, 3]))
})

test('a sink that throws breaks nobody, and is told of once a minute', () => {
  const heard: unknown[] = []
  const clock = createFakeClock(1_700_000_000_000)
  const failing: LogSink = {
    write: () => {
      throw new Error('full')
    },
  }
  const sink = memorySink()
  const logger = new LoggerService({
    sinks: [failing, sink],
    onError: (error) => heard.push(error),
    clock,
  })
  logger.info('a')
  logger.info('b')
  expect([sink.records.length, heard.length]).toEqual([2, 1])
})

test('the context gives its ids to each line, and what a line is given does not pass for them', () => {
  const { logger, sink } = fixture()
  const ids = { requestId: 'r1', traceId: 't', spanId: 's' }
  runInContext(ids, () => {
    logger.info({ requestId: 'other', traceId: 't', a: 1 }, 'x')
    logger.child({ requestId: 'meant' }).info('x')
  })
  logger.inContext(ids).child({ b: 2 }).info({ spanId: 'other' }, 'x')
  runInContext({ requestId: 'r2' }, () => logger.inContext(ids).info('x'))
  logger.info({ requestId: 'own' }, 'x')
  expect(sink.records.map(({ fields }) => fields)).toEqual([
    { ...ids, _requestId: 'other', a: 1 },
    { ...ids, requestId: 'meant' },
    { ...ids, b: 2, _spanId: 'other' },
    { requestId: 'r2' },
    { requestId: 'own' },
  ])
})

test('half a character in a message, a name or a value becomes the one that stands for none', () => {
  const { logger, lines } = fixture()
  logger.info({ 'a\ud800': 'b\udc00' }, 'c\ud800 {a}')
  logger.info('d\ud800')
  expect(lines().join('')).not.toMatch(/\\ud[89a-f]/)
})

test('event() is one line, written once', () => {
  const { logger, sink } = fixture()
  const event = logger.event('checkout', { cart: 3 })
  event.set({ total: 9 })
  event.error(new Error('declined'))
  event.emit('info')
  event.emit()
  event.set({ late: true })
  expect(sink.records.length).toBe(1)
  expect(sink.records[0]).toMatchObject({
    levelName: 'error',
    message: 'checkout',
    fields: { cart: 3, total: 9, err: { message: 'declined' }, durationMs: 0 },
  })
})

test('serializers say what is logged of a value, and one that throws is named', () => {
  const { logger, sink } = fixture({
    serializers: {
      user: (user) => (user as { id: number }).id,
      bad: () => {
        throw new Error('no')
      },
    },
  })
  logger.info({ user: { id: 7, name: 'x' }, bad: 1 })
  expect(sink.records[0]?.fields).toEqual({ user: 7, bad: '[Serializer failed]' })
})

test('consoleSink() writes lines that a terminal does not obey', () => {
  const written: string[][] = []
  const console = {
    log: (line: string) => written.push(['log', line]),
    warn: (line: string) => written.push(['warn', line]),
    error: (line: string) => written.push(['error', line]),
  }
  const logger = new LoggerService({
    sinks: [consoleSink({ console, byLevel: true, format: createPrettyFormat({ colour: false }) })],
    clock: createFakeClock(1_700_000_000_000),
  })
  logger.info({ a: '\x1b[2J\u202e\n' }, 'line one\nline two \u009b31m')
  logger.warn('w')
  logger.error(new Error('e'))
  expect(written.map(([method]) => method)).toEqual(['log', 'warn', 'error'])
  expect(written[0]?.[1]).toBe(
    '2023-11-14T22:13:20.000Z INFO  line one\\nline two \\u009b31m a=\\u001b[2J\\u202e\\n',
  )
})

test.for([
  [
    { level: 'loud' },
    'Cannot create logger: level is "loud", trace, debug, info, warn, error, fatal or silent expected',
  ],
  [
    { sinks: consoleSink() },
    'Cannot create logger: sinks is no list of sinks, as [consoleSink()] expected',
  ],
  [
    { sinks: [() => undefined] },
    'Cannot create logger: sinks is no list of sinks, as [consoleSink()] expected',
  ],
  [
    { sampling: { error: 0.5 } },
    'Cannot create logger: sampling.error is given, errors are always kept',
  ],
  [{ sampling: { info: 2 } }, /sampling\.info is 2/],
  [{ transport: {} }, /option "transport" is not known/],
  [{ redact: ['password'] }, /redact is of another kind, options as \{ keys/],
  [{ redact: false }, /redact is of another kind/],
  [{ service: 5 }, /service is of another kind, a text expected/],
  [{ bindings: 'x' }, /bindings is of another kind, an object expected/],
  [{ sampling: null }, /sampling is of another kind/],
  [{ serializers: { user: 1 } }, /serializers\.user is of another kind, a function expected/],
  [{ onError: 'x' }, /onError is of another kind, a function expected/],
] as const)('new LoggerService(%j) says what is wrong', ([options, message]) => {
  expect(() => new LoggerService(options as unknown as LoggerOptions)).toThrow(message)
})

test('formats of all kinds write the same line', () => {
  const { logger, sink } = fixture({ service: 'api' })
  runInContext({ requestId: 'r', traceId: 't', spanId: 's' }, () =>
    logger.child({}, 'db').error({ err: new Error('x'), n: 1 }, 'm'),
  )
  const [record] = sink.records
  if (record === undefined) throw new Error('A line was to be written')
  const parse = (format: LogFormat): Record<string, unknown> =>
    JSON.parse(format(record)) as Record<string, unknown>
  expect(parse(pinoFormat)).toMatchObject({
    level: 50,
    time: 1_700_000_000_000,
    service: 'api',
    module: 'db',
    msg: 'm',
    n: 1,
  })
  expect(parse(winstonFormat)).toMatchObject({
    level: 'error',
    message: 'm',
    timestamp: '2023-11-14T22:13:20.000Z',
    service: 'api',
  })
  expect(parse(bunyanFormat)).toMatchObject({ v: 0, level: 50, name: 'api', pid: 0, msg: 'm' })
  expect(parse(ecsFormat)).toMatchObject({
    '@timestamp': '2023-11-14T22:13:20.000Z',
    'log.level': 'error',
    message: 'm',
    'trace.id': 't',
    'span.id': 's',
    'http.request.id': 'r',
    'error.message': 'x',
    'error.type': 'Error',
    'service.name': 'api',
    'log.logger': 'db',
    labels: { n: 1 },
  })
})

function document(): object {
  return new (class Node {
    readonly #secret = 1
    get value(): number {
      return this.#secret
    }
  })()
}

test('a module or a level that is no word loses no line', () => {
  const sink = memorySink()
  const logger = new LoggerService({ sinks: [sink], levels: { db: 'warn' } })
  // Plain JavaScript may give anything.
  logger.child({}, 5 as unknown as string).info('a')
  logger.event('b').emit('loud' as 'info')
  expect(sink.records.map(({ message, level }) => [message, level])).toEqual([
    ['a', 30],
    ['b', 30],
  ])
  expect(() => logger.setLevel('info', 5 as unknown as string)).toThrow(TypeError)
})
