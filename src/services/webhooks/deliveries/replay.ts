import type { ClaimedJob } from '../../../runtime/ports/job-store/job-store.ts'
import type { JobOutcome } from '../../../runtime/ports/job-store/job-outcome.ts'
import type { RandomSource } from '../../../runtime/ports/platform/random-source.ts'
import type { JsonOf } from '../queues/json-of.ts'
import type { WorkQueue } from '../queues/work-queue.ts'
import type { ListDeliveries } from './delivery-pages.ts'
import { deliveryJob, retryTask } from './delivery-task.ts'
import type { Delivery, DeliveryState } from './delivery.ts'

/** Which deliveries are sent again, as the replay's job carries it. Instants are ms since 1970. */
export interface ReplayTask {
  readonly tenant: string
  readonly endpointId: string | null
  readonly eventType: string | null
  readonly states: readonly DeliveryState[]
  readonly since: number
  readonly until: number
  readonly perSecond: number
  /** Where the last page ended. */
  readonly cursor: string | null
}

/** What {@link replayPage} is given. */
export interface ReplayOptions {
  readonly list: ListDeliveries
  readonly deliveryQueue: WorkQueue
  readonly random: RandomSource
}

const PAGE = 100

/**
 * Makes jobs for one page of deliveries, spread by chance over the time that the rate gives the
 * page, and puts itself off for that time: a receiver that has come back is not overrun by its
 * backlog. Done again after a crash, it adds nothing.
 */
export async function replayPage(
  job: ClaimedJob,
  { list, deliveryQueue, random }: ReplayOptions,
): Promise<JobOutcome> {
  // Only the deliveries' own methods write jobs of this name.
  const task = job.data as JsonOf<ReplayTask>
  const { tenant, endpointId, states, since, perSecond, cursor } = task
  const [state, ...others] = states
  const page = await list({
    tenant,
    limit: PAGE,
    ...(endpointId !== null && { endpointId }),
    ...(state !== undefined && others.length === 0 && { state }),
    ...(cursor !== null && { cursor }),
  })
  const chosen = page.deliveries.filter((delivery) => matches(delivery, task))
  const spanMs = (chosen.length / perSecond) * 1000
  await deliveryQueue.add(
    chosen.map((delivery) => deliveryJob(retryTask(delivery), random.fraction() * spanMs)),
  )
  const last = page.deliveries.at(-1)
  // Latest first: what follows is older still.
  const ended = page.cursor === null || (last !== undefined && last.createdAt < since)
  if (ended) return { to: 'completed', result: { finished: true } }
  return {
    to: 'scheduled',
    delayMs: Math.round(spanMs),
    refund: true,
    data: { ...task, cursor: page.cursor },
  }
}

function matches(delivery: Delivery, { eventType, states, since, until }: ReplayTask): boolean {
  const { createdAt, state } = delivery
  return (
    states.includes(state) &&
    createdAt >= since &&
    createdAt < until &&
    (eventType === null || eventType === delivery.eventType)
  )
}
