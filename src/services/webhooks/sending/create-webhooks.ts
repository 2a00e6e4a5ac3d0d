import { createJobWorker, type JobWorkerOptions } from '../../../runtime/workers/job-worker.ts'
import { sweepQueues } from '../../../runtime/workers/sweep-queues.ts'
import { systemClock } from '../../../runtime/ports/platform/clock.ts'
import { systemFetch } from '../../../runtime/ports/platform/fetch-client.ts'
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
import { deliverOnce, type DirectDelivery, type DirectResult } from './deliver-once.ts'
import { createEventProcessor, EVENT_QUEUE } from './event-processor.ts'
import { fanOut } from './fan-out.ts'
import { publishEvent, type PublishedEvent } from './publish-event.ts'
import type { RawWebhookEvent, WebhookEvent } from '../events/webhook-event.ts'
import { readLimits, type WebhooksOptions } from './webhooks-options.ts'
import { createWorkQueue } from '../queues/work-queue.ts'

/** Sends webhooks: who gets them, what happened, and what became of it. */
export interface Webhooks {
  readonly endpoints: Endpoints
  readonly deliveries: Deliveries
  /**
   * Accepts an event for every endpoint of its tenant that wants it. It is durable when this resolves: one write, whatever the
   * number of endpoints. Each of them gets it at least once, under the same `webhook-id` in every attempt.
   *
   * @throws WebhookError `invalid_event` or `event_id_reused`
   * @throws BackendError when it is not known whether the event was accepted: publish again under the same `id`
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
  /** What does the work, for whatever runs jobs on this platform: `jobRunner(...webhooks.processors)` on Workers. */
  readonly processors: readonly JobProcessor[]
  /** Does the work in this process until `signal` aborts, then finishes or gives back what runs. For servers. */
  run(options: WebhooksRunOptions): Promise<void>
  /**
   * Does the work until nothing is left to do right now; what is scheduled for later stays. For tests and scripts.
   *
   * @returns How many jobs were settled
   */
  drain(options?: Omit<WebhooksRunOptions, 'signal'>): Promise<number>
  /**
   * Looks after everything that waits, whatever wakes were lost: lost leases are taken back, and whoever does the work is woken where there is
   * something to do. For a Cron Trigger: `scheduled: () => webhooks.sweep()`.
   */
  sweep(): Promise<void>
}

/** How {@link Webhooks.run} works; see `JobWorkerOptions`. `concurrency`: attempts at once, default 128. */
export type WebhooksRunOptions = { readonly signal: AbortSignal } & Partial<
  Pick<JobWorkerOptions, 'concurrency' | 'lease' | 'maxWait' | 'grace' | 'onSettled' | 'onError'>
>

const DEFAULT_CONCURRENCY = 128
/** Attempts at once to endpoints in doubt, beside the others. */
const SLOW_SHARE = 0.5
/** Fan-outs wait for the store, not for receivers. */
const EVENT_CONCURRENCY = 16

/**
 * Creates the sending half of webhooks on any backend.
 *
 * @throws RangeError when an option is out of range
 */
export function createWebhooks(options: WebhooksOptions): Webhooks {
  const { backend, clock = systemClock, random = systemRandom, fetch = systemFetch } = options
  const { resolve = createHttpsResolver({ fetch, clock }), outbound: policy = {} } = options
  const transforms = { ...options.transforms }
  const limits = readLimits(options)
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
  const store = createEndpointStore(backend.store, clock, limits.maxEndpoints)
  const kept = createKeptEvents(backend.store, clock)
  const log = createDeliveryLog(backend.store, kept, clock)
  const tenants = createKnownTenants(backend.store)
  const list = createDeliveryPages(backend.store, kept, tenants, clock, shards)
  const eventQueue = createWorkQueue(EVENT_QUEUE, backend)
  const deliveryQueue = createWorkQueue(DELIVERY_QUEUE, backend)
  const slowLane = createWorkQueue(SLOW_DELIVERY_QUEUE, backend)
  const publish = (event: WebhookEvent<unknown> | RawWebhookEvent): Promise<PublishedEvent> =>
    publishEvent(event, { ...limits, eventQueue, clock, random })

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
  }
  const attempts = createDeliveryProcessor({ ...attemptOptions, slowLane })
  const slowAttempts = createDeliveryProcessor({ ...attemptOptions, slowLane: null })

  function workersOf(
    run: Omit<WebhooksRunOptions, 'signal'>,
  ): readonly ReturnType<typeof createJobWorker>[] {
    const { concurrency = DEFAULT_CONCURRENCY } = run
    const shared = { ...run, clock, waker: backend.waker }
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
    processors: [events, attempts, slowAttempts],
    async run({ signal, ...run }) {
      await Promise.all(workersOf(run).map((worker) => worker.run({ signal })))
    },
    async drain(run = {}) {
      let settled = 0
      for (;;) {
        let round = 0
        for (const worker of workersOf(run)) round += await worker.drain()
        if (round === 0) return settled
        settled += round
      }
    },
    sweep: () => sweepQueues([events, attempts, slowAttempts], backend),
  }
}
