import type { ClaimedJob } from '../../../runtime/ports/job-store/job-store.ts'
import type { JobOutcome } from '../../../runtime/ports/job-store/job-outcome.ts'
import type { JobControl, JobProcessor } from '../../../runtime/ports/job-store/job-processor.ts'
import type { RandomSource } from '../../../runtime/ports/platform/random-source.ts'
import type {
  RateLimit,
  RateLimitStore,
} from '../../../runtime/ports/rate-limit-store/rate-limit-store.ts'
import type { EndpointRecord } from '../endpoints/endpoint.ts'
import { deferOnBackendError } from '../queues/defer-on-backend-error.ts'
import type { WorkQueue } from '../queues/work-queue.ts'
import type { DeliverySnapshot } from './delivery-log.ts'
import {
  deliveryJob,
  deliveryJobId,
  DELIVERY_QUEUE,
  SLOW_DELIVERY_QUEUE,
  outcomeOf,
  taskOf,
  waitFor,
  type DeliveryTask,
} from './delivery-task.ts'
import { isSettled, readDeliveryId, type Delivery } from './delivery.ts'
import { applyAttemptEffects, type AttemptEffectOptions } from './apply-attempt-effects.ts'
import { recoveryIntervalMs, type EndpointHealth, type HealthPolicy } from './endpoint-health.ts'
import type { EndpointLanes } from './endpoint-lanes.ts'
import { isCurrent, decideTask, type TaskDecision } from './decide-task.ts'
import { keepUnsettled, outlivesWait } from './keep-until.ts'
import { makeAttempt, type MakeAttemptOptions } from './make-attempt.ts'
import type { ObserveAttempt } from './observed-attempt.ts'
import type { RateSlots } from './rate-slots.ts'
import { recordAttempt } from './record-attempt.ts'
import type { RetrySchedule } from './retry-schedule.ts'

/** What {@link createDeliveryProcessor} is given. */
export interface DeliveryProcessorOptions extends AttemptEffectOptions, MakeAttemptOptions {
  readonly rateLimits: RateLimitStore
  readonly lanes: EndpointLanes
  /**
   * Where deliveries to endpoints in doubt go, so that they hold nobody up; `null` for its own
   * processor.
   */
  readonly slowLane: WorkQueue | null
  readonly rateSlots: RateSlots
  readonly random: RandomSource
  readonly schedule: RetrySchedule
  readonly policy: HealthPolicy
  readonly retentionMs: number
  readonly observeAttempt: ObserveAttempt
}

type Attemptable = Extract<TaskDecision, { kind: 'attempt' }>

/** How far apart deferred deliveries of one endpoint come back. */
const SPREAD_MS = 15_000

/**
 * Runs the jobs of {@link DELIVERY_QUEUE}, or of {@link SLOW_DELIVERY_QUEUE}: one attempt a claim,
 * written down before the job is settled. Whatever happens in between, the job is claimed again and
 * the record says how to go on; at worst a receiver gets the same message twice.
 */
export function createDeliveryProcessor(options: DeliveryProcessorOptions): JobProcessor {
  const { endpoints, log, lanes, slowLane, clock, random } = options

  const lane = slowLane === null ? 'slow' : 'main'

  async function work(job: ClaimedJob, control: JobControl): Promise<JobOutcome> {
    const task = taskOf(job)
    const [snapshot, endpoint] = await Promise.all([
      log.read(task.id),
      endpoints.recent(readDeliveryId(task.id)?.endpointId ?? ''),
    ])
    const decision = decideTask(task, snapshot, endpoint, options.policy, clock.now())
    switch (decision.kind) {
      case 'gone':
        return { to: 'completed', result: { state: 'gone' } }
      case 'done':
        await applyAttemptEffects(decision.delivery, snapshot.health, endpoint, options)
        return outcomeOf(decision.delivery, task, lane, clock.now())
      case 'shelve':
        return shelve(task, snapshot, decision.state)
      case 'wait':
        return putOff(decision.delivery, decision.delayMs + random.fraction() * SPREAD_MS)
      case 'attempt':
        // An endpoint that is absent was shelved.
        return endpoint === null ? waitFor(0) : inLane(task, snapshot, endpoint, decision, control)
    }
  }

  async function shelve(
    task: DeliveryTask,
    snapshot: DeliverySnapshot,
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
      snapshot,
    )
    return delivery === null ? { to: 'completed' } : outcomeOf(delivery, task, lane, clock.now())
  }

  async function inLane(
    task: DeliveryTask,
    snapshot: DeliverySnapshot,
    endpoint: EndpointRecord,
    decision: Attemptable,
    { signal }: JobControl,
  ): Promise<JobOutcome> {
    const isFailing = (snapshot.health?.failing ?? null) !== null
    const leave = slowLane === null ? null : lanes.enter(endpoint.id, isFailing)
    if (slowLane !== null && leave === null) return moveTo(slowLane, task)
    let succeeded: boolean | null = null
    try {
      const limitedMs = await limitWaitMs(endpoint, snapshot.health)
      if (limitedMs > 0) return await putOff(decision.delivery, limitedMs)
      const taken = await takeProbe(snapshot, decision)
      if (taken === null) return await putOff(decision.delivery, random.fraction() * SPREAD_MS)
      const { delivery } = decision
      const { attempt, body } = await options.observeAttempt(
        delivery,
        endpoint,
        task.trace,
        (trace) => makeAttempt(delivery, endpoint, signal, options, trace),
      )
      // The worker stops or has lost the job: whoever has it next makes the attempt.
      if (attempt.error?.code === 'aborted') return waitFor(0)
      succeeded = attempt.error === null
      const after = await log.change(
        task.id,
        (current) =>
          recordAttempt(attempt, task, current, {
            ...options,
            lane,
            generation: decision.admission.generation,
            body,
            now: clock.now(),
          }),
        taken,
      )
      if (after.delivery === null) return { to: 'completed', result: { state: 'gone' } }
      await applyAttemptEffects(after.delivery, after.health, endpoint, options)
      return outcomeOf(after.delivery, task, lane, clock.now())
    } finally {
      leave?.(succeeded)
    }
  }

  /** Puts a delivery off, which is kept for longer where it would be gone by then. */
  async function putOff(delivery: Delivery, delayMs: number): Promise<JobOutcome> {
    const at = clock.now() + delayMs
    const body = outlivesWait(delivery, at) ? null : await log.body(delivery)
    if (body !== null)
      await log.change(delivery.id, ({ delivery: current }) =>
        current === null || isSettled(current.state)
          ? null
          : {
              delivery: { ...current, keepUntil: Math.max(current.keepUntil, keepUnsettled(at)) },
              keepBody: body,
            },
      )
    return waitFor(delayMs)
  }

  /** Into the other queue first: done again after a crash, it is there already. */
  async function moveTo(slowLane: WorkQueue, task: DeliveryTask): Promise<JobOutcome> {
    const job = deliveryJob(task)
    const [added] = await slowLane.add([job])
    // Should the job store have given up on it there, its workers having died over it, it begins
    // anew.
    if (added === false)
      await slowLane.jobStore.command({
        type: 'retry',
        ids: [deliveryJobId(task.id, task.round)],
      })
    return { to: 'completed', result: { state: 'moved' } }
  }

  /**
   * How long the endpoint's own limit, and its recovery from an outage, make this delivery wait; 0
   * when both were charged.
   */
  async function limitWaitMs(
    { id, rateLimit }: EndpointRecord,
    health: EndpointHealth | null,
  ): Promise<number> {
    const intervalMs = recoveryIntervalMs(health, clock.now())
    const backSince = health?.backSince ?? null
    const limits: RateLimit[] = []
    if (rateLimit !== null) limits.push({ algorithm: 'gcra', name: 'endpoint', ...rateLimit })
    if (intervalMs !== null)
      limits.push({ algorithm: 'gcra', name: 'recovery', limit: 1, windowMs: intervalMs })
    if (limits.length === 0) return 0
    const decisions = await options.rateLimits.consume(`webhooks:endpoint:${id}`, limits)
    const waits = decisions
      .filter(({ allowed }) => !allowed)
      .map(({ name, retryAfterMs }) =>
        name === 'recovery' || rateLimit === null
          ? options.rateSlots.nextOfRamp(id, backSince ?? clock.now())
          : options.rateSlots.next(id, retryAfterMs, rateLimit.windowMs / rateLimit.limit),
      )
    return waits.length === 0 ? 0 : Math.max(...waits, 1)
  }

  /**
   * Writes that this attempt is the half-open circuit's probe.
   *
   * @returns The snapshot since, `null` when another took it
   */
  async function takeProbe(
    snapshot: DeliverySnapshot,
    { admission }: Attemptable,
  ): Promise<DeliverySnapshot | null> {
    const { delivery, health } = snapshot
    if (delivery === null || health === null || admission.state === health.circuit) return snapshot
    let taken = true
    const after = await log.change(
      delivery.id,
      ({ conflicts }) => {
        taken = conflicts === 0
        return taken ? { health: { ...health, circuit: admission.state } } : null
      },
      snapshot,
    )
    return taken ? after : null
  }

  return {
    queue: slowLane === null ? SLOW_DELIVERY_QUEUE : DELIVERY_QUEUE,
    process: (job, control) => deferOnBackendError(() => work(job, control), random),
  }
}
