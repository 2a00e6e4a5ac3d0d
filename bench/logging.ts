import {
  createRedactor,
  LoggerService,
  MetricsService,
  otlp,
  pinoFormat,
  TracingService,
  type LogSink,
} from '@white-cross/reuse/infrastructure/logging'
import {
  configureSync,
  getJsonLinesFormatter,
  getLogger,
  type LogRecord as TapeRecord,
} from '@logtape/logtape'
import {
  CREDIT_CARD_NUMBER_PATTERN,
  EMAIL_ADDRESS_PATTERN,
  redactByField,
  redactByPattern,
  US_SSN_PATTERN,
} from '@logtape/redaction'
import { JsonTraceSerializer } from '@opentelemetry/otlp-transformer'
import {
  BasicTracerProvider,
  BatchSpanProcessor,
  type SpanExporter,
} from '@opentelemetry/sdk-trace-base'
import platformatic from '@platformatic/prom-client'
import { Redactor } from '@redactpii/node'
import pino from 'pino/browser.js'
import prom from 'prom-client'
import type { Comparison, Comparisons, Contender } from './compare.ts'

const ROUNDS = 9
/** What each round of a contender takes at least, of this thread's own time. */
const ROUND_MS = 60

/** Nobody may leave out what is counted here. */
let written = 0

/** Reads a text as whoever writes it out would: until then it may be pieces that were never joined. */
function take(text: string): void {
  written += text.length + text.charCodeAt(0)
}

/** Rates by this thread's CPU time: what else the machine does is not counted. */
function contender(name: string, act: () => unknown): Contender {
  let operations = 100
  return {
    name,
    async round() {
      for (;;) {
        const before = process.threadCpuUsage()
        for (let done = 0; done < operations; done++) {
          const result = act()
          if (result instanceof Promise) await result
        }
        const { user, system } = process.threadCpuUsage(before)
        const tookMs = (user + system) / 1000
        if (tookMs >= ROUND_MS) return (operations * 1000) / tookMs
        operations = Math.ceil(operations * Math.min(10, (1.3 * ROUND_MS) / Math.max(tookMs, 1)))
      }
    },
  }
}

const FIELDS = {
  orderId: 'o-81',
  items: 3,
  total: 129.5,
  currency: 'EUR',
  paid: true,
  channel: 'web',
  region: 'eu-west',
  took: 17,
}
const SECRETS = {
  ...FIELDS,
  password: 'hunter2',
  user: { email: 'ada@example.com', ssn: '123-45-6789' },
}

const sink: LogSink = { write: (record) => take(pinoFormat(record)) }
const tapeSink = (record: TapeRecord, format = getJsonLinesFormatter()): void =>
  take(format(record))

export async function setUp(): Promise<Comparisons> {
  const comparisons = [...lines(), ...redaction(), ...metrics(), spans()]
  return { comparisons, tearDown: async () => undefined }
}

function lines(): readonly Comparison[] {
  const plain = new LoggerService({ sinks: [sink], redact: 'show-everything' })
  const redacting = new LoggerService({ sinks: [sink] })
  const browser = pino({
    browser: { write: (record: object) => take(JSON.stringify(record)) },
  })
  const tapeFormat = redactByPattern(getJsonLinesFormatter(), [
    EMAIL_ADDRESS_PATTERN,
    CREDIT_CARD_NUMBER_PATTERN,
    US_SSN_PATTERN,
  ])
  configureSync({
    sinks: {
      lines: (record) => tapeSink(record),
      fields: redactByField((record) => tapeSink(record)),
      both: redactByField((record) => tapeSink(record, tapeFormat)),
    },
    loggers: [
      { category: 'lines', sinks: ['lines'] },
      { category: 'fields', sinks: ['fields'] },
      { category: 'both', sinks: ['both'] },
      { category: ['logtape', 'meta'], sinks: [] },
    ],
  })
  const [tape, tapeFields, tapeBoth] = ['lines', 'fields', 'both'].map((name) => getLogger(name))
  const line = 'A line of JSON, whose length is counted and nothing else done with it.'
  return [
    {
      title: 'A line with eight fields',
      setting: `${line} Ours without redaction, as the others; and once with it, as it is by default.`,
      rounds: ROUNDS,
      target: 1,
      contenders: [
        contender('ours, without redaction', () => plain.info(FIELDS, 'order placed')),
        contender('pino 10.4.0, its build for browsers and Workers', () =>
          browser.info(FIELDS, 'order placed'),
        ),
        contender('ours, with redaction', () => redacting.info(FIELDS, 'order placed')),
        contender('LogTape 2.4.2', () => tape?.info('order placed', FIELDS)),
      ],
    },
    {
      title: 'A logger for a request, and its first line',
      setting: `A child with two fields of its own, and a line with eight. ${line}`,
      rounds: ROUNDS,
      target: 5,
      contenders: [
        contender('ours, without redaction', () =>
          plain.child({ requestId: 'r-17', route: '/orders' }).info(FIELDS, 'order placed'),
        ),
        contender('pino 10.4.0, its build for browsers and Workers', () =>
          browser.child({ requestId: 'r-17', route: '/orders' }).info(FIELDS, 'order placed'),
        ),
        contender('ours, with redaction', () =>
          redacting.child({ requestId: 'r-17', route: '/orders' }).info(FIELDS, 'order placed'),
        ),
      ],
    },
    {
      title: 'A line of a level that is off',
      setting: 'Nothing is to be done.',
      rounds: ROUNDS,
      target: 0.1,
      contenders: [
        contender('ours', () => plain.debug(FIELDS, 'order placed')),
        contender('pino 10.4.0, its build for browsers and Workers', () =>
          browser.debug(FIELDS, 'order placed'),
        ),
      ],
    },
    {
      title: 'A line with a password, an e-mail address and a social security number',
      setting: `Eleven fields, three of them secret, two within another. ${line}`,
      rounds: ROUNDS,
      target: 2,
      contenders: [
        contender('ours, with redaction', () => redacting.info(SECRETS, 'order placed')),
        contender('LogTape 2.4.2, by fields', () => tapeFields?.info('order placed', SECRETS)),
        contender('LogTape 2.4.2, by fields and three patterns', () =>
          tapeBoth?.info('order placed', SECRETS),
        ),
      ],
    },
  ]
}

const PERSONAL =
  'Payment by ada.lovelace@example.com from (415) 555-0132 with card 4111 1111 1111 1111, SSN 123-45-6789.'
const HARMLESS =
  'Worker 7 finished batch 2048 of queue emails in 153 ms; 12 retries, cache hit ratio 0.93, version 4.18.2.'

function redaction(): readonly Comparison[] {
  const ours = createRedactor()
  const theirs = new Redactor()
  const texts = {
    'A text of 100 characters with four secrets': PERSONAL,
    'A text of 100 characters with none': HARMLESS,
    'A text of 10 kB with secrets in one line of ten': [
      PERSONAL,
      ...Array<string>(9).fill(HARMLESS),
    ]
      .join('\n')
      .repeat(10),
    'A text of 1 MB without secrets': `${HARMLESS}\n`.repeat(10_000),
  }
  return Object.entries(texts).map(([title, text]) => ({
    title,
    setting: 'Redaction of a text: all our rules, and the five of the other.',
    rounds: ROUNDS,
    target: 1,
    contenders: [
      contender('ours', () => take(ours.text(text))),
      contender('@redactpii/node 1.0.17', () => take(theirs.redact(text))),
    ],
  }))
}

const METHODS = ['GET', 'POST', 'PUT', 'DELETE']
const ROUTES = Array.from({ length: 10 }, (_, route) => `/route/${route}`)
const STATUSES = ['200', '201', '404', '500']

function metrics(): readonly Comparison[] {
  const labels = METHODS.flatMap((method) =>
    ROUTES.flatMap((route) => STATUSES.map((status) => ({ method, route, status }))),
  )
  const labelNames = ['method', 'route', 'status'] as const
  const ours = new MetricsService()
  const counter = ours.counter('requests_total', { help: 'Requests', labels: labelNames })
  const histogram = ours.histogram('took_seconds', {
    help: 'Time',
    unit: 'seconds',
    labels: labelNames,
  })
  const peers = { prom, platformatic }
  const made = Object.entries(peers).map(([name, client]) => {
    const registry = new client.Registry()
    const registers = [registry]
    return {
      name,
      registry,
      counter: new client.Counter({
        name: 'requests_total',
        help: 'Requests',
        labelNames,
        registers,
      }),
      histogram: new client.Histogram({
        name: 'took_seconds',
        help: 'Time',
        labelNames,
        registers,
      }),
    }
  })
  const [promClient, fork] = made
  if (promClient === undefined || fork === undefined) throw new Error('A peer is missing')
  let at = 0
  const next = (): (typeof labels)[number] => labels[at++ % labels.length]
  for (const one of labels)
    for (const { histogram: other } of [promClient, fork]) other.observe(one, 0.03)
  for (const one of labels) histogram.observe(one, 0.03)
  return [
    {
      title: 'Counting with three labels',
      setting: '160 combinations in turn.',
      rounds: ROUNDS,
      target: 1,
      contenders: [
        contender('ours', () => counter.inc(next())),
        contender('@platformatic/prom-client 1.0.0', () => fork.counter.inc(next())),
        contender('prom-client 15.1.3', () => promClient.counter.inc(next())),
      ],
    },
    {
      title: 'Observing with three labels',
      setting: '160 combinations in turn, eleven buckets.',
      rounds: ROUNDS,
      target: 1,
      contenders: [
        contender('ours', () => histogram.observe(next(), 0.03)),
        contender('@platformatic/prom-client 1.0.0', () => fork.histogram.observe(next(), 0.03)),
        contender('prom-client 15.1.3', () => promClient.histogram.observe(next(), 0.03)),
      ],
    },
    {
      title: 'Showing all metrics as text',
      setting: '160 series of a counter and 160 of a histogram with eleven buckets.',
      rounds: ROUNDS,
      target: 3,
      contenders: [
        contender('ours', async () => take((await ours.expose()).body)),
        contender('prom-client 15.1.3', async () => take(await promClient.registry.metrics())),
        contender('@platformatic/prom-client 1.0.0', async () =>
          take(await fork.registry.metrics()),
        ),
      ],
    },
  ]
}

const BATCH = 100

function spans(): Comparison {
  const attributes = {
    'http.request.method': 'GET',
    'http.route': '/orders/:id',
    'http.response.status_code': 200,
    'server.address': 'api.example.com',
    'order.items': 3,
    'order.paid': true,
  }
  const target = otlp({
    url: 'https://otlp.example',
    flushAfter: 0,
    fetch: async (_url, { body }) => {
      if (typeof body === 'string') take(body)
      return new Response()
    },
  })
  const plain = new TracingService({ service: 'api', sinks: [target], redact: 'show-everything' })
  const redacting = new TracingService({ service: 'api', sinks: [target] })
  const exporter: SpanExporter = {
    export(batch, done) {
      written += JsonTraceSerializer.serializeRequest(batch)?.length ?? 0
      done({ code: 0 })
    },
    shutdown: async () => undefined,
  }
  const processor = new BatchSpanProcessor(exporter, {
    maxExportBatchSize: BATCH,
    maxQueueSize: 10 * BATCH,
    scheduledDelayMillis: 3_600_000,
  })
  const tracer = new BasicTracerProvider({ spanProcessors: [processor] }).getTracer('bench')
  const ours = (tracing: TracingService) => async (): Promise<void> => {
    for (let span = 0; span < BATCH; span++)
      tracing.startSpan('GET /orders/:id', { attributes }).addEvent('cache.miss', { key: 7 }).end()
    await target.flush()
  }
  return {
    title: 'A hundred spans, sent as OTLP in JSON',
    setting: 'Each with six attributes and an event; the request is written, and goes nowhere.',
    rounds: ROUNDS,
    target: 2,
    unit: 'batches a second',
    contenders: [
      contender('ours, without redaction', ours(plain)),
      contender('OpenTelemetry SDK 2.12.1', async () => {
        for (let span = 0; span < BATCH; span++)
          tracer
            .startSpan('GET /orders/:id', { attributes })
            .addEvent('cache.miss', { key: 7 })
            .end()
        await processor.forceFlush()
      }),
      contender('ours, with redaction', ours(redacting)),
    ],
  }
}
