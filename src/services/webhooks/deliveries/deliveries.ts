import { checkOptions } from '../../../primitives/check-options.ts'
import { checkNumber } from '../../../primitives/check-range.ts'
import { encodeHex } from '../../../primitives/hex.ts'
import type { Clock } from '../../../runtime/ports/platform/clock.ts'
import type { RandomSource } from '../../../runtime/ports/platform/random-source.ts'
import { readEndpointId } from '../endpoints/endpoint-id.ts'
import type { KnownTenants } from '../endpoints/known-tenants.ts'
import { checkTenant, DEFAULT_TENANT } from '../events/tenant.ts'
import type { EndpointStore } from '../endpoints/endpoint-store.ts'
import type { EndpointRecord } from '../endpoints/endpoint.ts'
import { WebhookError } from '../webhook-error.ts'
import type { WorkQueue } from '../queues/work-queue.ts'
import type { DeliveryLog } from './delivery-log.ts'
import type { DeliveryPage, DeliveryQuery, ListDeliveries } from './delivery-pages.ts'
import { statsOf, type DeliveryStats } from './delivery-stats.ts'
import { deliveryJob, deliveryJobId, retryTask } from './delivery-task.ts'
import {
  DELIVERY_STATES,
  readDeliveryId,
  type Delivery,
  type DeliveryAttempt,
  type DeliveryState,
} from './delivery.ts'
import type { ReplayTask } from './replay.ts'

/** What became of events on their way to endpoints. */
export interface Deliveries {
  /** @returns The delivery, or `null` when there is none or its retention has passed */
  get(id: string): Promise<Delivery | null>
  /**
   * Deliveries that match, latest event first. `list({ state: 'dead' })` is the dead-letter list.
   */
  list(query?: DeliveryQuery): AsyncIterable<Delivery>
  /**
   * One page of them. `limit` 1 to 1,000, default 100; a page may be short and yet not the last.
   */
  page(
    query?: DeliveryQuery & { readonly limit?: number; readonly cursor?: string },
  ): Promise<DeliveryPage>
  /** @returns Every attempt, oldest first; at most 1,000 */
  attempts(id: string): Promise<readonly DeliveryAttempt[]>
  /**
   * Sends again now and, should that fail, by the whole retry schedule anew. Replaces a pending
   * attempt, goes past an open circuit, and sends the same bytes under the same `webhook-id`, also
   * of what was delivered. Asking twice sends once.
   *
   * @throws WebhookError `delivery_not_found`, `endpoint_not_found` or `endpoint_disabled`
   */
  retry(id: string): Promise<{ readonly id: string; readonly round: number }>
  /**
   * Sends an endpoint everything since a time that is dead or was held while it was disabled.
   *
   * @param since ms since 1970, or a Date
   * @throws WebhookError `endpoint_not_found` or `endpoint_disabled`
   */
  recover(endpointId: string, since: number | Date, options?: ReplayRate): Promise<StartedReplay>
  /**
   * Sends again whatever matches, also what was delivered. Goes on in the background, over crashes.
   */
  replay(filter: ReplayFilter): Promise<StartedReplay>
  /** How an endpoint has been doing over its latest deliveries. */
  stats(endpointId: string): Promise<DeliveryStats>
  /**
   * Removes a delivery with its attempts; one that is on its way is not sent any more.
   *
   * @returns Whether there was one
   */
  delete(id: string): Promise<boolean>
}

export interface ReplayRate {
  /** Deliveries a second, spread by chance; 0.01 to 1,000. Default 20. */
  readonly perSecond?: number
}

/** What {@link Deliveries.replay} sends again; absent parts allow all. */
export interface ReplayFilter extends ReplayRate {
  /** Default `default`. */
  readonly tenant?: string
  readonly endpointId?: string
  readonly eventType?: string
  /** Default `['dead', 'held']`. */
  readonly states?: readonly DeliveryState[]
  /** Events published at or after, ms since 1970 or a Date. */
  readonly since: number | Date
  /** And before. Default: now. */
  readonly until?: number | Date
}

/** A replay that was accepted: its job in the queue `webhooks.events`. */
export interface StartedReplay {
  readonly jobId: string
}

/** What {@link createDeliveries} is given. */
export interface DeliveriesOptions {
  readonly endpoints: EndpointStore
  readonly tenants: KnownTenants
  /** How many partitions a tenant's deliveries are in. */
  readonly shards: number
  readonly log: DeliveryLog
  readonly list: ListDeliveries
  readonly eventQueue: WorkQueue
  readonly deliveryQueue: WorkQueue
  readonly slowLane: WorkQueue
  readonly clock: Clock
  readonly random: RandomSource
}

const STATS_DELIVERIES = 1000
const MAX_CLAIMS = 1000
const REPLAY = 'replay'
const REPLAY_OPTIONS = [
  'tenant',
  'endpointId',
  'eventType',
  'states',
  'until',
  'perSecond',
] as const

export function createDeliveries(options: DeliveriesOptions): Deliveries {
  const {
    endpoints,
    tenants,
    shards,
    log,
    list,
    eventQueue,
    deliveryQueue,
    slowLane,
    clock,
    random,
  } = options

  /** Whether anything can be kept of an endpoint: what is known to be nowhere is not looked for. */
  async function mayBeKept(endpointId: string | undefined): Promise<boolean> {
    const address = endpointId === undefined ? null : readEndpointId(endpointId)
    return address !== null && address.shard < shards && tenants.has(address.tenant)
  }

  async function read(id: unknown): Promise<Delivery | null> {
    if (typeof id !== 'string' || !(await mayBeKept(readDeliveryId(id)?.endpointId))) return null
    return (await log.read(id)).delivery
  }

  async function enabledEndpoint(endpointId: string): Promise<EndpointRecord> {
    const endpoint = (await mayBeKept(endpointId)) ? await endpoints.get(endpointId) : null
    if (endpoint === null)
      throw new WebhookError('endpoint_not_found', 'Cannot send to endpoint: none has this id')
    if (!endpoint.enabled)
      throw new WebhookError(
        'endpoint_disabled',
        'Cannot send to endpoint: it is disabled, enable it first',
      )
    return endpoint
  }

  async function replay(filter: ReplayFilter): Promise<StartedReplay> {
    checkOptions(REPLAY, filter, ['since'], REPLAY_OPTIONS)
    const { states = ['dead', 'held'], since, until, perSecond = 20 } = filter
    checkNumber(REPLAY, 'perSecond', perSecond, 0.01, 1000)
    if (states.length === 0 || !states.every((state) => DELIVERY_STATES.includes(state)))
      throw new RangeError(`Cannot replay: states are not some of ${DELIVERY_STATES.join(', ')}`)
    for (const name of ['endpointId', 'eventType'] as const)
      if (filter[name] !== undefined && typeof filter[name] !== 'string')
        throw new TypeError(`Cannot replay: ${name} is no text`)
    const task: ReplayTask = {
      tenant: checkTenant(REPLAY, filter.tenant),
      endpointId: filter.endpointId ?? null,
      eventType: filter.eventType ?? null,
      states: [...states],
      since: instantOf('since', since),
      // What is published from now on is not this replay's, so that it comes to an end.
      until: until === undefined ? clock.now() : instantOf('until', until),
      perSecond,
      cursor: null,
    }
    const jobId = `replay:${encodeHex(random.bytes(12))}`
    await eventQueue.add([
      { id: jobId, name: 'replay', data: { ...task }, maxAttempts: MAX_CLAIMS },
    ])
    return { jobId }
  }

  return {
    get: read,
    async *list(query = {}) {
      let cursor: string | null = null
      do {
        const page: DeliveryPage = await list({ ...query, ...(cursor !== null && { cursor }) })
        yield* page.deliveries
        cursor = page.cursor
      } while (cursor !== null)
    },
    page: (query = {}) => list(query),
    attempts: async (id) => ((await read(id)) === null ? [] : log.attempts(id)),
    async retry(id) {
      const delivery = await read(id)
      if (delivery === null)
        throw new WebhookError('delivery_not_found', 'Cannot retry delivery: none has this id')
      await enabledEndpoint(delivery.endpointId)
      const task = retryTask(delivery)
      const [added] = await deliveryQueue.add([deliveryJob(task)])
      // Asked before and not begun yet, or given up by the job store because workers kept dying
      // over it.
      if (added === false) await deliveryQueue.revive(deliveryJobId(id, task.round))
      // The round before it is over: its job would only find that out by itself.
      const replaced = { type: 'remove', ids: [deliveryJobId(id, delivery.round)] } as const
      for (const { jobStore } of [deliveryQueue, slowLane]) await jobStore.command(replaced)
      return { id, round: task.round }
    },
    async recover(endpointId, since, rate = {}) {
      checkOptions('recover', rate, [], ['perSecond'])
      const { tenant } = await enabledEndpoint(endpointId)
      return replay({ ...rate, tenant, endpointId, since })
    },
    replay,
    async stats(endpointId) {
      const tenant = readEndpointId(endpointId)?.tenant ?? DEFAULT_TENANT
      return statsOf((await list({ tenant, endpointId, limit: STATS_DELIVERIES })).deliveries)
    },
    delete: async (id) => (await read(id)) !== null && log.remove(id),
  }
}

function instantOf(name: string, instant: number | Date): number {
  const ms = instant instanceof Date ? instant.getTime() : instant
  if (typeof ms === 'number' && Number.isFinite(ms)) return ms
  throw new RangeError(`Cannot replay: ${name} is no instant, ms since 1970 or a Date expected`)
}
