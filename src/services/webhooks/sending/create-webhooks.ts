import { checkOptions } from '../../../primitives/check-options.ts'
import { checkInteger } from '../../../primitives/check-range.ts'
import { readThrown } from '../../../primitives/read-thrown.ts'
import {
  createJobWorker,
  type JobWorker,
  type JobWorkerOptions,
} from '../../../runtime/workers/job-worker.ts'
import { sweepQueues } from '../../../runtime/workers/sweep-queues.ts'
import { systemReport } from '../../../runtime/ports/platform/report.ts'
import { createSparseReport } from '../../../runtime/ports/platform/sparse-report.ts'
import { systemClock } from '../../../runtime/ports/platform/clock.ts'
import type { MetricReading } from '../../../runtime/ports/service.ts'
import type { AsJson } from '../../../runtime/ports/json.ts'
import type { JobProcessor } from '../../../runtime/ports/job-store/job-processor.ts'
import { systemRandom } from '../../../runtime/ports/platform/random-source.ts'
import { createDeliveries, type Deliveries } from '../deliveries/deliveries.ts'
import { createDeliveryLog } from '../deliveries/delivery-log.ts'
import { createDeliveryPages } from '../deliveries/delivery-pages.ts'
import {
  createDeliveryProcessor,
  type DeliveryProcessorOptions,
} from '../deliveries/delivery-processor.ts'
import { DELIVERY_QUEUE, SLOW_DELIVERY_QUEUE } from '../deliveries/delivery-task.ts'
import { DEFAULT_CIRCUIT } from '../deliveries/endpoint-health.ts'
import { createEndpointLanes } from '../deliveries/endpoint-lanes.ts'
import { createKeptEvents } from '../deliveries/kept-events.ts'
import { createObservedAttempts } from '../deliveries/observed-attempt.ts'
import { createRateSlots } from '../deliveries/rate-slots.ts'
import { replayPage } from '../deliveries/replay.ts'
import { createEndpointStore } from '../endpoints/endpoint-store.ts'
import { createEndpoints, type Endpoints } from '../endpoints/endpoints.ts'
import { createKnownTenants } from '../endpoints/known-tenants.ts'
import { createOutbound } from '../outbound/outbound.ts'
import { createHttpsResolver } from '../outbound/resolve-over-https.ts'
import { createSender } from '../outbound/sender.ts'
import { createOperationalEmitter } from './emit-operational-event.ts'
import { batchDeliveries, type BatchOptions, type BatchResult } from './batch-deliveries.ts'
import { defaultFetch, judgesAddresses } from './default-fetch.ts'
import { deliverOnce, type DirectDelivery, type DirectResult } from './deliver-once.ts'
import { createEventProcessor, EVENT_QUEUE } from './event-processor.ts'
import { fanOut } from './fan-out.ts'
import { publishEvent, type PublishedEvent } from './publish-event.ts'
import type { RawWebhookEvent, WebhookEvent } from '../events/webhook-event.ts'
import { readWebhookMetrics } from './webhook-metrics.ts'
import { readLimits, type WebhooksOptions } from './webhooks-options.ts'
import { createWorkQueue } from '../queues/work-queue.ts'

/** Sends webhooks: who gets them, what happened, and what became of it. */
export interface Webhooks {
  readonly endpoints: Endpoints
  readonly deliveries: Deliveries
  /**
   * Accepts an event for every endpoint of its tenant that wants it. It is durable when this
   * resolves: one write, whatever the number of endpoints. Each of them gets it at least once,
   * under the same `webhook-id` in every attempt.
   *
   * @throws WebhookError `invalid_event` or `event_id_reused`
   * @throws BackendError when it is not known whether the event was accepted: publish again under
   *   the same `id`
   */
  publish(event: WebhookEvent | RawWebhookEvent): Promise<PublishedEvent>
  publish<Data>(event: WebhookEvent<Data & AsJson<Data>>): Promise<PublishedEvent>
  /** Sends one message to one URL now, once, without keeping anything. */
  deliver(delivery: DirectDelivery): Promise<DirectResult>
  deliver<Payload>(delivery: DirectDelivery<Payload & AsJson<Payload>>): Promise<DirectResult>
  /** Sends many messages now, each once, some at a time. */
  batch(deliveries: readonly DirectDelivery[], options?: BatchOptions): Promise<BatchResult>
  batch<Payload>(
    deliveries: readonly DirectDelivery<Payload & AsJson<Payload>>[],
    options?: BatchOptions,
  ): Promise<BatchResult>
  /** Names it among the services of a program. */
  readonly name: 'webhooks'
  /**
   * What does the work, for whatever runs jobs on this platform:
   * `jobRunner(...webhooks.processors)` on Workers.
   */
  readonly processors: readonly JobProcessor[]
  /**
   * Does the work in this process until `signal` aborts, then finishes or gives back what runs. For
   * servers.
   */
  run(options: WebhooksRunOptions): Promise<void>
  /**
   * Does the work until nothing is left to do right now; what is scheduled for later stays. For
   * tests and scripts.
   *
   * @returns How many jobs were settled
   */
  drain(options?: WebhooksWorkOptions): Promise<number>
  /**
   * Looks after everything that waits, whatever wakes were lost: lost leases are taken back, what
   * was accepted while no job runner had the webhooks is taken up, and whoever does the work is
   * woken where there is something to do. For a Cron Trigger: `scheduled: () => webhooks.sweep()`.
   */
  sweep(): Promise<void>
  /** How many jobs are in which state, those among them that are parked: nobody runs them. */
  readMetrics(): Promise<readonly MetricReading[]>
}

/** How {@link Webhooks.run} and {@link Webhooks.drain} work; see `JobWorkerOptions`. */
export interface WebhooksWorkOptions extends Partial<
  Pick<JobWorkerOptions, 'lease' | 'maxWait' | 'grace' | 'onSettled'>
> {
  /** Attempts at once, 1 to 1,000. Default 128. */
  readonly concurrency?: number
  /**
   * Hears when the job store cannot be reached, at the first try that fails and each twelfth
   * from then on; work goes on. Default: the service's `report`.
   */
  readonly onError?: (error: unknown) => void
}

/** Options of {@link Webhooks.run}. */
export interface WebhooksRunOptions extends WebhooksWorkOptions {
  readonly signal: AbortSignal
}

const WORK = 'work webhooks'
const WORK_OPTIONS = ['concurrency', 'lease', 'maxWait', 'grace', 'onSettled', 'onError'] as const
const DEFAULT_CONCURRENCY = 128
/** Attempts at once to endpoints in doubt, beside the others. */
const SLOW_SHARE = 0.5
/** Fan-outs wait for the store, not for receivers. */
const EVENT_CONCURRENCY = 16

/**
 * Creates the sending half of webhooks on any backend.
 *
 * @throws TypeError when an option is not known, or not of its type
 * @throws RangeError when one is out of range
 *
 * @example
 * const webhooks = createWebhooks({ backend: sqlite('webhooks.db') })
 * const { secret } = await webhooks.endpoints.create({ url, events: ['order.*'] })
 * await webhooks.publish({ type: 'order.paid', data: { total: 120 } })
 * await webhooks.run({ signal: stop.signal })
 */
export function createWebhooks(options: WebhooksOptions): Webhooks {
  const limits = readLimits(options)
  const { backend, clock = systemClock, random = systemRandom, outbound: policy = {} } = options
  const { fetch = defaultFetch(policy), report = systemReport } = options
  const { resolve = judgesAddresses(fetch) ? null : createHttpsResolver({ fetch, clock }) } =
    options
  const transforms = { ...options.transforms }
  const { retentionMs, shards, timeoutMs, maxEventBytes, disableAfterMs } = limits
  const outbound = createOutbound({
    fetch,
    clock,
    resolve: typeof resolve === 'function' ? resolve : null,
    policy,
  })
  const sender = createSender({
    outbound,
    clock,
    timeoutMs,
    responseBytes: limits.responseBytes,
    userAgent: options.userAgent ?? 'white-cross-webhooks',
  })
  const sparse = createSparseReport(report, clock)
  const store = createEndpointStore(backend.store, clock, limits.maxEndpoints)
  const kept = createKeptEvents(backend.store, clock)
  const log = createDeliveryLog(backend.store, kept, clock)
  const tenants = createKnownTenants(backend.store)
  const list = createDeliveryPages(backend.store, kept, tenants, clock, shards)
  const eventQueue = createWorkQueue(EVENT_QUEUE, backend)
  const deliveryQueue = createWorkQueue(DELIVERY_QUEUE, backend)
  const slowLane = createWorkQueue(SLOW_DELIVERY_QUEUE, backend)
  const { metrics, tracing } = options
  const publish = (event: WebhookEvent<unknown> | RawWebhookEvent): Promise<PublishedEvent> =>
    publishEvent(event, { ...limits, eventQueue, clock, random, tracing })

  const events = createEventProcessor(
    {
      event: (job) =>
        fanOut(job, { endpoints: store, log, deliveryQueue, clock, retentionMs, shards }),
      replay: (job) => replayPage(job, { list, deliveryQueue, random }),
    },
    random,
  )
  const attemptOptions: Omit<DeliveryProcessorOptions, 'slowLane'> = {
    endpoints: store,
    log,
    sender,
    rateLimits: backend.rateLimits,
    emitOperationalEvent: createOperationalEmitter({
      tenant: options.operationalTenant,
      listener: options.onOperationalEvent,
      publish,
    }),
    lanes: createEndpointLanes(clock),
    rateSlots: createRateSlots(clock),
    clock,
    random,
    schedule: limits.schedule,
    policy: { circuit: DEFAULT_CIRCUIT, forgetMs: disableAfterMs },
    retentionMs,
    disableAfterMs,
    render: { transforms, clock, timeoutMs, maxBytes: maxEventBytes },
    observeAttempt: createObservedAttempts({
      metrics,
      tracing,
      onFault: (fault) => sparse.report('metrics', 'Counting attempts of webhooks failed', fault),
    }),
  }
  const attempts = createDeliveryProcessor({ ...attemptOptions, slowLane })
  const slowAttempts = createDeliveryProcessor({ ...attemptOptions, slowLane: null })

  const processors = [events, attempts, slowAttempts]
  const inTrouble = (error: unknown): void =>
    sparse.report(
      readThrown(error).name,
      'A worker of webhooks is in trouble and goes on trying',
      error,
    )

  function workersOf(work: WebhooksWorkOptions): readonly JobWorker[] {
    const { concurrency = DEFAULT_CONCURRENCY } = work
    checkInteger(WORK, 'concurrency', concurrency, 1, 1000)
    const shared = { ...work, clock, waker: backend.waker }
    const workers = [
      { processor: events, queue: eventQueue, most: EVENT_CONCURRENCY },
      { processor: attempts, queue: deliveryQueue, most: concurrency },
      { processor: slowAttempts, queue: slowLane, most: Math.ceil(concurrency * SLOW_SHARE) },
    ]
    return workers.map(({ processor, queue: { jobStore }, most }) =>
      createJobWorker({ ...shared, processor, jobStore, concurrency: Math.min(most, concurrency) }),
    )
  }

  const deliver = (delivery: DirectDelivery<unknown>): Promise<DirectResult> =>
    deliverOnce(delivery, { sender, random, maxBytes: maxEventBytes })

  return {
    endpoints: createEndpoints({
      store,
      tenants,
      log,
      sender,
      rules: { decideUrl: outbound.decideUrl, transformNames: Object.keys(transforms) },
      clock,
      random,
      shards,
      verificationRequired: options.verification === 'required',
    }),
    deliveries: createDeliveries({
      endpoints: store,
      tenants,
      shards,
      log,
      list,
      eventQueue,
      deliveryQueue,
      slowLane,
      clock,
      random,
    }),
    publish,
    deliver,
    batch: (deliveries: readonly DirectDelivery<unknown>[], batch: BatchOptions = {}) =>
      batchDeliveries(deliveries, batch, { deliver, clock, maxBytes: maxEventBytes }),
    name: 'webhooks',
    processors,
    async run(work) {
      checkOptions(WORK, work, ['signal'], WORK_OPTIONS)
      const { signal, onError = inTrouble, ...settings } = work
      const workers = workersOf({ ...settings, onError })
      await Promise.all(workers.map((worker) => worker.run({ signal })))
    },
    async drain(work = {}) {
      checkOptions(WORK, work, [], WORK_OPTIONS)
      let settled = 0
      for (;;) {
        let round = 0
        for (const worker of workersOf(work)) round += await worker.drain()
        if (round === 0) return settled
        settled += round
      }
    },
    sweep: () => sweepQueues(processors, backend),
    readMetrics: () => readWebhookMetrics(processors, backend.jobStore),
  }
}
