import { expect, test } from 'vitest'
import { createFakeClock } from '../../../testing/index.ts'
import type { BatchOptions } from '../exporting/batch-queue.ts'
import { axiomSink } from './axiom-sink.ts'
import { datadogSink } from './datadog-sink.ts'
import type { LogSink } from './log-record.ts'
import { LoggerService } from './logger-service.ts'
import { lokiSink } from './loki-sink.ts'

/** What a sink sends of one line that has a module, and fields that want to be something else. */
async function sentBy(create: (options: BatchOptions) => LogSink): Promise<{
  readonly url: string
  readonly headers: unknown
  readonly body: unknown
}> {
  let sent = { url: '', headers: {} as unknown, body: undefined as unknown }
  const clock = createFakeClock(1_700_000_000_000.5)
  const sink = create({
    clock,
    async fetch(url, { headers, body }) {
      sent = { url, headers, body: JSON.parse(body as string) }
      return new Response('{}')
    },
  })
  const logger = new LoggerService({ service: 'shop', sinks: [sink], clock })
  logger.child({}, 'db.pool').warn({ status: 'fine', level: 1, logger: 'x', module: 'y' }, 'full')
  await logger.flush()
  return sent
}

test('datadogSink() sends what its intake takes, with the module as the logger’s name', async () => {
  const sent = await sentBy((options) => datadogSink({ apiKey: 'k', tags: 'env:prod', ...options }))
  expect(sent).toEqual({
    url: 'https://http-intake.logs.datadoghq.com/api/v2/logs',
    headers: { 'content-type': 'application/json', 'dd-api-key': 'k' },
    body: [
      {
        message: 'full',
        status: 'warn',
        timestamp: 1_700_000_000_000.5,
        service: 'shop',
        ddsource: 'white-cross',
        ddtags: 'env:prod',
        logger: { name: 'db.pool' },
        _status: 'fine',
        level: 1,
        _logger: 'x',
        module: 'y',
      },
    ],
  })
})

test('axiomSink() sends what its ingest takes, with the module', async () => {
  const sent = await sentBy((options) => axiomSink({ dataset: 'a/b', token: 't', ...options }))
  expect(sent).toEqual({
    url: 'https://api.axiom.co/v1/datasets/a%2Fb/ingest',
    headers: { 'content-type': 'application/json', authorization: 'Bearer t' },
    body: [
      {
        _time: '2023-11-14T22:13:20.000Z',
        level: 'warn',
        message: 'full',
        service: 'shop',
        module: 'db.pool',
        status: 'fine',
        _level: 1,
        logger: 'x',
        _module: 'y',
      },
    ],
  })
})

test('lokiSink() sends one stream, whole nanoseconds, and level and module beside the line', async () => {
  const { body } = await sentBy((options) => lokiSink({ url: 'http://loki:3100/', ...options }))
  expect(body).toEqual({
    streams: [
      {
        stream: { service: 'shop' },
        values: [
          [
            '1700000000000000001',
            expect.stringContaining('"module":"y","msg":"full"}'),
            { level: 'warn', module: 'db.pool' },
          ],
        ],
      },
    ],
  })
})

test('a key that cannot be sent is refused at once', () => {
  expect(() => datadogSink({ apiKey: 'a\nb' })).toThrow(TypeError)
  expect(() => lokiSink({ url: 'http://x', headers: { 'x-scope-orgid': 5 as never } })).toThrow(
    TypeError,
  )
})
