import type { Clock } from '../../../runtime/ports/clock.ts'
import type { ClaimedJob, JobOutcome } from '../../../runtime/ports/job-ledger.ts'
import type { JobControl, JobProcessor } from '../../../runtime/ports/job-processor.ts'
import type { RandomSource } from '../../../runtime/ports/random-source.ts'
import type { RateLimitStore } from '../../../runtime/ports/rate-limit-store.ts'
import type { EndpointStore } from '../endpoints/endpoint-store.ts'
import { signingSecrets, type EndpointRecord } from '../endpoints/endpoint.ts'
import type { Attempt, AttemptErrorCode } from '../outbound/attempt.ts'
import type { Sender } from '../outbound/sender.ts'
import type { Announce } from '../sending/operational-event.ts'
import { orWait } from '../sending/or-wait.ts'
import type { WorkQueue } from '../sending/work-queue.ts'
import type { DeliveryLog, DeliverySituation } from './delivery-log.ts'
import {
  deliveryJob,
  DELIVERY_QUEUE,
  SLOW_DELIVERY_QUEUE,
  outcomeOf,
  taskOf,
  waitFor,
  type DeliveryTask,
} from './delivery-task.ts'
import { readDeliveryId, type Delivery } from './delivery.ts'
import type { HealthPolicy } from './endpoint-health.ts'
import type { EndpointLanes } from './endpoint-lanes.ts'
import { isCurrent, judgeTask, type TaskVerdict } from './judge-task.ts'
import type { RateSlots } from './rate-slots.ts'
import { recordAttempt } from './record-attempt.ts'
import { renderBody, type RenderOptions } from './render-body.ts'
import type { RetrySchedule } from './retry-schedule.ts'

/** What {@link createDeliveryProcessor} stands on. */
export interface DeliveryProcessorOptions {
  readonly endpoints: EndpointStore
  readonly log: DeliveryLog
  readonly sender: Sender
  readonly rateLimits: RateLimitStore
  readonly announce: Announce
  readonly lanes: EndpointLanes
  /** Where deliveries to endpoints in doubt go, so that they hold nobody up; `null` for its own processor. */
  readonly slowLane: WorkQueue | null
  readonly rateSlots: RateSlots
  readonly clock: Clock
  readonly random: RandomSource
  readonly schedule: RetrySchedule
  readonly policy: HealthPolicy
  readonly retentionMs: number
  /** After so much continuous failure an endpoint is disabled, in ms. */
  readonly disableAfterMs: number
  readonly render: RenderOptions
}

type Attemptable = Extract<TaskVerdict, { kind: 'attempt' }>

/** How far apart deferred deliveries of one endpoint come back. */
const SPREAD_MS = 15_000

/**
 * Runs the jobs of {@link DELIVERY_QUEUE}, or of {@link SLOW_DELIVERY_QUEUE}: one attempt a claim, written down before the job is settled. Whatever happens in
 * between, the job is claimed again and the record says how to go on; at worst a receiver gets the same message twice.
 */
export function createDeliveryProcessor(options: DeliveryProcessorOptions): JobProcessor {
  const { endpoints, log, sender, lanes, slowLane, clock, random } = options

  async function work(job: ClaimedJob, control: JobControl): Promise<JobOutcome> {
    const task = taskOf(job)
    const [situation, endpoint] = await Promise.all([
      log.read(task.id),
      endpoints.get(readDeliveryId(task.id)?.endpointId ?? ''),
    ])
    const verdict = judgeTask(task, situation, endpoint, options.policy, clock.now())
    switch (verdict.kind) {
      case 'gone':
        return { to: 'completed', result: { state: 'gone' } }
      case 'done':
        await drawConclusions(verdict.delivery, situation, endpoint)
        return outcomeOf(verdict.delivery, task, clock.now())
      case 'shelve':
        return shelve(task, situation, verdict.state)
      case 'wait':
        return waitFor(verdict.delayMs + random.fraction() * SPREAD_MS)
      case 'attempt':
        // An endpoint that is absent was shelved.
        return endpoint === null ? waitFor(0) : inLane(task, situation, endpoint, verdict, control)
    }
  }

  async function shelve(
    task: DeliveryTask,
    situation: DeliverySituation,
    state: 'held' | 'cancelled',
  ): Promise<JobOutcome> {
    const { delivery } = await log.change(
      task.id,
      ({ delivery: current }) =>
        current === null || !isCurrent(task, current)
          ? null
          : {
              delivery: {
                ...current,
                state,
                round: task.round,
                roundAttempts: task.attempts,
                nextAttemptAt: null,
                updatedAt: clock.now(),
              },
            },
      situation,
    )
    return delivery === null ? { to: 'completed' } : outcomeOf(delivery, task, clock.now())
  }

  async function inLane(
    task: DeliveryTask,
    situation: DeliverySituation,
    endpoint: EndpointRecord,
    verdict: Attemptable,
    { signal }: JobControl,
  ): Promise<JobOutcome> {
    const leave = slowLane === null ? null : lanes.enter(endpoint.id, situation.health !== null)
    if (slowLane !== null && leave === null) return moveTo(slowLane, task)
    let succeeded: boolean | null = null
    try {
      const limitedMs = await limitWaitMs(endpoint)
      if (limitedMs > 0) return waitFor(limitedMs)
      const taken = await takeProbe(situation, verdict)
      if (taken === null) return waitFor(random.fraction() * SPREAD_MS)
      const { attempt, body } = await makeAttempt(verdict.delivery, endpoint, signal)
      // The worker stops or has lost the job: whoever has it next makes the attempt.
      if (attempt.error?.code === 'aborted') return waitFor(0)
      succeeded = attempt.error === null
      const after = await log.change(
        task.id,
        (current) =>
          recordAttempt(attempt, task, current, {
            ...options,
            generation: verdict.admission.generation,
            body,
            now: clock.now(),
          }),
        taken,
      )
      if (after.delivery === null) return { to: 'completed', result: { state: 'gone' } }
      await drawConclusions(after.delivery, after, endpoint)
      return outcomeOf(after.delivery, task, clock.now())
    } finally {
      leave?.(succeeded)
    }
  }

  /** Into the other queue first: done again after a crash, it is there already. */
  async function moveTo(slowLane: WorkQueue, task: DeliveryTask): Promise<JobOutcome> {
    await slowLane.add([deliveryJob(task)])
    return { to: 'completed', result: { state: 'moved' } }
  }

  /** How long the endpoint's own limit makes this delivery wait; 0 when it was charged. */
  async function limitWaitMs({ id, rateLimit }: EndpointRecord): Promise<number> {
    if (rateLimit === null) return 0
    const { limit, windowMs } = rateLimit
    const [decision] = await options.rateLimits.consume(`webhooks:endpoint:${id}`, [
      { algorithm: 'gcra', name: 'endpoint', limit, windowMs },
    ])
    if (decision === undefined || decision.allowed) return 0
    return Math.max(options.rateSlots.next(id, decision.retryAfterMs, windowMs / limit), 1)
  }

  /** Writes that this attempt is the half-open circuit's probe. @returns The situation since, `null` when another took it */
  async function takeProbe(
    situation: DeliverySituation,
    { admission }: Attemptable,
  ): Promise<DeliverySituation | null> {
    const { delivery, health } = situation
    if (delivery === null || health === null || admission.state === health.circuit) return situation
    let taken = true
    const after = await log.change(
      delivery.id,
      ({ conflicts }) => {
        taken = conflicts === 0
        return taken ? { health: { ...health, circuit: admission.state } } : null
      },
      situation,
    )
    return taken ? after : null
  }

  async function makeAttempt(
    delivery: Delivery,
    endpoint: EndpointRecord,
    signal: AbortSignal,
  ): Promise<{ readonly attempt: Attempt; readonly body: string | null }> {
    const at = clock.now()
    const rendered = await bodyOf(delivery, endpoint)
    if (!rendered.ok)
      return { attempt: unsent(at, clock.now(), rendered.code, rendered.message), body: null }
    const attempt = await sender.attempt({
      url: endpoint.url,
      id: delivery.eventId,
      body: rendered.body,
      secrets: signingSecrets(endpoint, clock.now()),
      headers: endpoint.headers,
      signal,
    })
    return { attempt, body: rendered.body }
  }

  /** The exact bytes to send, made once: a transformed body is stored before it is first sent. */
  async function bodyOf(delivery: Delivery, endpoint: EndpointRecord): Promise<Rendered> {
    const body = await log.body(delivery)
    if (body === null)
      return { ok: false, code: 'payload_lost', message: 'The payload outlived its retention' }
    if (endpoint.transform === null || delivery.transformed) return { ok: true, body }
    const rendered = await renderBody({ id: delivery.eventId, body }, endpoint, options.render)
    if (!rendered.ok) return { ...rendered, code: 'transform_failed' }
    const { delivery: fixed } = await log.change(delivery.id, ({ delivery: current }) =>
      current === null || current.transformed
        ? null
        : { delivery: { ...current, transformed: true }, transformedBody: rendered.body },
    )
    const kept = fixed === null ? null : await log.body(fixed)
    return { ok: true, body: kept ?? rendered.body }
  }

  /** What follows from a record beyond the delivery itself; done again after a crash, it changes nothing. */
  async function drawConclusions(
    delivery: Delivery,
    { health }: DeliverySituation,
    endpoint: EndpointRecord | null,
  ): Promise<void> {
    const { tenant, endpointId, lastAttempt } = delivery
    const now = clock.now()
    const gone = lastAttempt?.error === 'gone' && (endpoint?.updatedAt ?? 0) <= lastAttempt.at
    const failing = health !== null && now - health.failingSince >= options.disableAfterMs
    if (endpoint?.enabled === true && (gone || failing)) {
      const reason = gone ? 'gone' : 'failing'
      await endpoints.change(endpointId, (record) =>
        record.enabled && record.updatedAt === endpoint.updatedAt
          ? { ...record, enabled: false, disabledReason: reason, updatedAt: now }
          : null,
      )
      await options.announce(`disabled ${endpointId} ${endpoint.updatedAt}`, {
        type: 'webhook.endpoint.disabled',
        data: {
          tenant,
          endpointId,
          reason,
          failingSince: gone ? null : (health?.failingSince ?? null),
        },
      })
    }
    if (delivery.state !== 'dead') return
    await options.announce(`dead ${delivery.id} ${delivery.round}`, {
      type: 'webhook.delivery.dead',
      data: {
        tenant,
        endpointId,
        deliveryId: delivery.id,
        eventType: delivery.eventType,
        attempts: delivery.attempts,
        error: lastAttempt?.error ?? null,
      },
    })
  }

  return {
    queue: slowLane === null ? SLOW_DELIVERY_QUEUE : DELIVERY_QUEUE,
    process: (job, control) => orWait(() => work(job, control), random),
  }
}

type Rendered =
  | { readonly ok: true; readonly body: string }
  | { readonly ok: false; readonly code: AttemptErrorCode; readonly message: string }

/** An attempt that ended before anything was sent. */
function unsent(at: number, endedAt: number, code: AttemptErrorCode, message: string): Attempt {
  return {
    at,
    durationMs: endedAt - at,
    host: '',
    requestHeaders: {},
    status: null,
    error: { code, message },
    retryAfterMs: null,
    responseBody: '',
    responseTruncated: false,
  }
}
