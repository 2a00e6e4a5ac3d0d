import type { Backend } from '../../../../src/runtime/ports/backend.ts'
import type { Json } from '../../../../src/runtime/ports/json.ts'
import { expectEqual, expectTrue, type Law } from '../../../../src/runtime/ports/conformance.ts'
import {
  defineJob,
  JobQueue,
  type JobDefinition,
} from '../../../../src/services/background-jobs/index.ts'
import { MetricsService } from '../../../../src/services/logging/metrics/metrics-service.ts'
import type { SpanRecord } from '../../../../src/services/logging/traces/span.ts'
import { TracingService } from '../../../../src/services/logging/traces/tracing-service.ts'
import { createWebhooks } from '../../../../src/services/webhooks/index.ts'
import type { Webhooks } from '../../../../src/services/webhooks/index.ts'
import { createSeededRandom } from '../../../../src/testing/index.ts'
import { createWebhookReceiver, type ReceivedWebhook } from '../../../support/webhook-receiver.ts'
import type { LoggingHarness } from './logging-suites.ts'

const TOLD = 'https://told.example.com'

/** A queue whose handler publishes an event, and the receivers that get it. */
interface Chain {
  readonly backend: Backend
  readonly tracing: TracingService
  readonly spans: readonly SpanRecord[]
  readonly queue: JobQueue<{ pay: JobDefinition<Json> }>
  readonly webhooks: Webhooks
  readonly received: readonly ReceivedWebhook[]
}

async function chainOf({ open, clock }: LoggingHarness): Promise<Chain> {
  const backend = await open()
  const spans: SpanRecord[] = []
  const tracing = new TracingService({
    sinks: [{ writeSpan: (span) => spans.push(span) }],
    propagateTo: [TOLD],
    clock,
    random: createSeededRandom(5),
  })
  // The first attempt at each receiver fails.
  const receiver = createWebhookReceiver(
    (_request, count) => new Response(null, { status: count === 1 ? 500 : 204 }),
  )
  const webhooks = createWebhooks({
    backend,
    clock,
    tracing,
    fetch: receiver.fetch,
    resolve: async () => ['93.184.216.34'],
    retrySchedule: [1000],
    retryJitter: 0,
  })
  for (const host of [TOLD, 'https://others.example.com'])
    await webhooks.endpoints.create({ url: `${host}/hook` })
  const queue = new JobQueue({
    name: 'traced',
    backend,
    clock,
    tracing,
    jobs: {
      pay: defineJob<Json>({
        async run(_job, { trace }) {
          await webhooks.publish({ type: 'order.paid', data: 1, trace })
        },
      }),
    },
  })
  return { backend, tracing, spans, queue, webhooks, received: receiver.received }
}

/** How traces go along with work that is put off, on every backend. */
export const tracingLaws: readonly Law<LoggingHarness>[] = [
  {
    name: 'the trace of whoever adds a job goes on in its handler and in the webhook that it sends',
    async run(harness) {
      const { tracing, spans, queue, webhooks, received } = await chainOf(harness)
      const request = tracing.startTrace('POST /orders')
      // Where the platform remembers the context there is no need to hand it on.
      await request.run(() =>
        queue.add(
          'pay',
          {},
          tracing.carry() === undefined ? { trace: { traceparent: request.traceparent } } : {},
        ),
      )
      request.end()
      await queue.drain()
      await webhooks.drain()
      await harness.advance(1001)
      await webhooks.drain()
      expectEqual(
        spans.filter(({ traceId }) => traceId !== request.traceId),
        [],
      )
      const [, job, ...attempts] = spans
      expectEqual([job?.name, job?.parentSpanId], ['process pay', request.spanId])
      // Two receivers, each tried twice.
      expectEqual(
        attempts.map(({ name, parentSpanId, status }) => [name, parentSpanId, status]),
        ['error', 'error', 'unset', 'unset'].map((status) => ['send webhook', job?.spanId, status]),
      )
      const told = received.filter(({ url }) => url.startsWith(TOLD))
      expectEqual(told.length, 2)
      for (const { headers } of told)
        expectTrue(
          attempts.some(
            ({ spanId }) => headers.get('traceparent') === `00-${request.traceId}-${spanId}-03`,
          ),
          'the receiver to be told of the attempt that it got',
        )
      for (const { url, headers } of received)
        if (!url.startsWith(TOLD)) expectEqual(headers.get('traceparent'), null)
    },
  },
  {
    name: 'without a trace each job begins its own, and without tracing nothing is kept of any',
    async run(harness) {
      const { backend, spans, queue, webhooks } = await chainOf(harness)
      await queue.add('pay', {})
      await queue.add('pay', {})
      await queue.drain()
      await webhooks.drain()
      expectEqual(new Set(spans.map(({ traceId }) => traceId)).size, 2)
      const plain = new JobQueue({
        name: 'plain',
        backend,
        clock: harness.clock,
        jobs: { x: { run: () => undefined } },
      })
      const { id } = await plain.add('x', {})
      const { options } = (await backend.jobStore.queue('plain').get(id)) ?? {}
      expectTrue(!JSON.stringify(options).includes('trace'), 'nothing of a trace to be kept')
    },
  },
  {
    name: 'jobs and webhooks are counted by kind and outcome',
    async run({ open, clock, advance }) {
      const backend = await open()
      const metrics = new MetricsService({ clock })
      const queue = new JobQueue({
        name: 'counted',
        backend,
        clock,
        metrics,
        jobs: {
          good: { run: () => undefined },
          bad: {
            options: { attempts: 2, backoff: 1 },
            run: () => {
              throw new Error('no')
            },
          },
        },
        report: () => undefined,
      })
      const { fetch } = createWebhookReceiver()
      const webhooks = createWebhooks({
        backend,
        clock,
        metrics,
        fetch,
        resolve: async () => ['93.184.216.34'],
      })
      await webhooks.endpoints.create({ url: 'https://a.example.com' })
      await queue.add('good', {})
      await queue.add('bad', {})
      await webhooks.publish({ type: 'a', data: 1 })
      await queue.drain()
      await advance(10)
      await queue.drain()
      await webhooks.drain()
      metrics.watch(queue)
      const { body } = await metrics.expose()
      const lines = body.split('\n')
      for (const line of [
        'jobs_added_total{queue="counted",job="good"} 1',
        'jobs_ended_total{queue="counted",job="good",outcome="completed"} 1',
        'jobs_ended_total{queue="counted",job="bad",outcome="dead"} 1',
        'jobs_failed_total{queue="counted",job="bad"} 2',
        'job_duration_seconds_count{queue="counted",job="bad",outcome="failed"} 2',
        'job_wait_seconds_count{queue="counted",job="good"} 1',
        'jobs{queue="counted",state="completed"} 1',
        'jobs{queue="counted",state="dead"} 1',
        'webhook_attempts_total{outcome="delivered"} 1',
      ])
        expectTrue(lines.includes(line), `the line ${line}`)
    },
  },
]
