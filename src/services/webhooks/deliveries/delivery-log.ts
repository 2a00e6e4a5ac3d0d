import { createLruCache } from '../../../primitives/lru-cache.ts'
import type {
  AtomicStore,
  StoreChange,
  StoreEntry,
  StorePartition,
} from '../../../runtime/ports/atomic-store.ts'
import type { Clock } from '../../../runtime/ports/clock.ts'
import type { Attempt } from '../outbound/attempt.ts'
import type { Stored } from '../sending/stored.ts'
import { WebhookError } from '../sending/webhook-error.ts'
import { deliveryKeys as keys } from './delivery-keys.ts'
import { isSettled, readDeliveryId, type Delivery, type DeliveryAttempt } from './delivery.ts'
import { readHealth, writeHealth, type EndpointHealth } from './endpoint-health.ts'

/** Keeps deliveries, their attempts and payloads, and each endpoint's health. */
export interface DeliveryLog {
  /**
   * Writes the deliveries of one event, each at most once however often this is called.
   *
   * @returns Those of the event that are on their way: written now or before
   */
  create(deliveries: readonly Delivery[], body: string): Promise<readonly Delivery[]>
  /** @returns All of an event's deliveries in one partition */
  ofEvent(tenant: string, shard: number, eventId: string): Promise<readonly Delivery[]>
  /** @returns The delivery and its endpoint's health, `null` where there is none */
  read(id: string): Promise<DeliverySituation>
  /** @returns The exact body to send, or `null` when it outlived its retention */
  body(delivery: Delivery): Promise<string | null>
  /** @returns All attempts, oldest first */
  attempts(id: string): Promise<readonly DeliveryAttempt[]>
  /**
   * Changes a delivery and its endpoint's health in one commit, from what they are at that moment.
   *
   * @param decide Called again when others changed them meanwhile; `null` leaves all as it is
   * @returns How they stand afterwards
   */
  change(
    id: string,
    decide: (situation: DeliverySituation) => DeliveryChange | null,
    seen?: DeliverySituation,
  ): Promise<DeliverySituation>
  /** Removes a delivery with its attempts. @returns Whether there was one */
  remove(id: string): Promise<boolean>
  /** Forgets how an endpoint did: its circuit is closed. */
  forgetHealth(endpointId: string): Promise<void>
}

/** What is known when something is decided about a delivery. */
export interface DeliverySituation {
  readonly delivery: Delivery | null
  readonly health: EndpointHealth | null
  /** Versions of both, for the commit's checks. */
  readonly versions: { readonly delivery: number | null; readonly health: number | null }
  /** How often others were faster: many failures at once may each want to change the endpoint's health. */
  readonly conflicts: number
}

/** What one commit writes; absent parts stay. */
export interface DeliveryChange {
  readonly delivery?: Delivery
  /** Added to the delivery's attempts under its `attempts` count. */
  readonly attempt?: Attempt
  readonly health?: EndpointHealth | null
  /** The body that a transform made, fixed from now on. */
  readonly transformedBody?: string
  /** Keeps the payload as long as the delivery. */
  readonly keepBody?: string
}

/** Checks, deliveries and their two index entries fit in one commit beside the event's body. */
const DELIVERIES_PER_COMMIT = 31
const MAX_TRIES = 20
const HEALTH_KEPT_MS = 2_592_000_000
/** At most 16 MiB altogether. */
const SHARED_BODIES = 128
const SHARED_BODY_CHARACTERS = 65_536
/** So long a body that is known may outlive its retention. */
const BODY_KNOWN_MS = 1000
const NOTHING: DeliverySituation = {
  delivery: null,
  health: null,
  versions: { delivery: null, health: null },
  conflicts: 0,
}

export function createDeliveryLog(store: AtomicStore, clock: Clock): DeliveryLog {
  /** The bodies of events, which are never changed: one read serves the deliveries to many endpoints. */
  const bodies = createLruCache<{ readonly body: string; readonly until: number }>(SHARED_BODIES)

  function partitionOf(endpointId: string): StorePartition | null {
    const name = keys.partitionOf(endpointId)
    return name === null ? null : store.partition(name)
  }

  function partitionOfDelivery(id: string): StorePartition | null {
    const name = readDeliveryId(id)
    return name === null ? null : partitionOf(name.endpointId)
  }

  async function bodyUnder(partition: string, key: string): Promise<string | null> {
    const entry = await store.partition(partition).get(key)
    return typeof entry?.value === 'string' ? entry.value : null
  }

  function remainingMs({ keepUntil }: Delivery): number {
    return Math.max(keepUntil - clock.now(), 1)
  }

  /** The delivery and its two index entries. */
  function entriesOf(delivery: Delivery): NonNullable<StoreChange['set']> {
    const expiresInMs = remainingMs(delivery)
    const position = keys.position(delivery)
    const value = { ...delivery }
    return [
      keys.delivery(delivery.id),
      keys.byEndpoint(delivery.endpointId) + position,
      keys.byState(delivery.state) + position,
    ].map((key) => ({ key, value, expiresInMs }))
  }

  async function createIn(
    partition: StorePartition,
    deliveries: readonly Delivery[],
    body: string,
  ): Promise<readonly Delivery[]> {
    const [first] = deliveries
    if (first === undefined) return []
    const bodyKey = keys.event(first.eventId)
    const result = await partition.commit({
      check: deliveries.map(({ id }) => ({ key: keys.delivery(id), version: null })),
      set: [
        { key: bodyKey, value: body, expiresInMs: remainingMs(first) },
        ...deliveries.flatMap(entriesOf),
      ],
    })
    if (result.ok) return deliveries
    // A fan-out that is done again after a crash: what is there stays, the rest is added.
    const found = await Promise.all(deliveries.map(({ id }) => partition.get(keys.delivery(id))))
    const known = found.flatMap((entry) => (entry === null ? [] : [deliveryIn(entry)]))
    const missing = deliveries.filter((_delivery, index) => found[index] === null)
    return [...known, ...(await createIn(partition, missing, body))]
  }

  async function read(id: string): Promise<DeliverySituation> {
    const partition = partitionOfDelivery(id)
    const endpointId = readDeliveryId(id)?.endpointId
    if (partition === null || endpointId === undefined) return NOTHING
    const [delivery, health] = await Promise.all([
      partition.get(keys.delivery(id)),
      partition.get(keys.health(endpointId)),
    ])
    return {
      delivery: delivery === null ? null : deliveryIn(delivery),
      health: health === null ? null : readHealth(health.value),
      versions: { delivery: delivery?.version ?? null, health: health?.version ?? null },
      conflicts: 0,
    }
  }

  function storeChangeOf(before: Delivery, change: DeliveryChange): StoreChange {
    const { delivery = before, attempt, health, transformedBody, keepBody } = change
    const expiresInMs = remainingMs(delivery)
    const oldKey = keys.byState(before.state) + keys.position(before)
    const healthKey = keys.health(before.endpointId)
    const bodyKey = delivery.transformed ? keys.body(delivery.id) : keys.event(delivery.eventId)
    const numbered = { ...attempt, number: delivery.attempts, round: delivery.round }
    return {
      set: [
        ...entriesOf(delivery),
        ...(attempt === undefined
          ? []
          : [{ key: keys.attempt(delivery.id, delivery.attempts), value: numbered, expiresInMs }]),
        ...(health == null
          ? []
          : [{ key: healthKey, value: writeHealth(health), expiresInMs: HEALTH_KEPT_MS }]),
        ...(transformedBody === undefined
          ? []
          : [{ key: keys.body(delivery.id), value: transformedBody, expiresInMs }]),
        ...(keepBody === undefined ? [] : [{ key: bodyKey, value: keepBody, expiresInMs }]),
      ],
      delete: [
        ...(delivery.state === before.state ? [] : [oldKey]),
        ...(health === null ? [healthKey] : []),
      ],
    }
  }

  return {
    async create(deliveries, body) {
      const created: Delivery[] = []
      const partitions = Map.groupBy(deliveries, ({ endpointId }) => keys.partitionOf(endpointId))
      for (const [name, ofPartition] of partitions) {
        if (name === null) continue
        for (let start = 0; start < ofPartition.length; start += DELIVERIES_PER_COMMIT) {
          const chunk = ofPartition.slice(start, start + DELIVERIES_PER_COMMIT)
          created.push(...(await createIn(store.partition(name), chunk, body)))
        }
      }
      return created.filter(({ state }) => !isSettled(state))
    },
    async ofEvent(tenant, shard, eventId) {
      const partition = store.partition(keys.partition(tenant, shard))
      const found: Delivery[] = []
      let cursor: string | null = null
      do {
        const page = await partition.list({
          prefix: keys.deliveriesOfEvent(eventId),
          limit: 1000,
          ...(cursor !== null && { cursor }),
        })
        found.push(...page.entries.map(deliveryIn))
        cursor = page.cursor
      } while (cursor !== null)
      return found
    },
    read,
    async body(delivery) {
      const name = keys.partitionOf(delivery.endpointId)
      if (name === null) return null
      if (delivery.transformed) return bodyUnder(name, keys.body(delivery.id))
      const place = `${name} ${delivery.eventId}`
      const known = bodies.get(place)
      if (known !== undefined && known.until > clock.now()) return known.body
      const body = await bodyUnder(name, keys.event(delivery.eventId))
      if (body !== null && body.length <= SHARED_BODY_CHARACTERS)
        bodies.set(place, { body, until: clock.now() + BODY_KNOWN_MS })
      return body
    },
    async attempts(id) {
      const page = await partitionOfDelivery(id)?.list({ prefix: keys.attemptsOf(id), limit: 1000 })
      // Written by `change` alone.
      return (page?.entries ?? []).map(({ value }) => value as Stored<DeliveryAttempt>)
    },
    async change(id, decide, seen) {
      const partition = partitionOfDelivery(id)
      if (partition === null) return NOTHING
      let situation = seen ?? (await read(id))
      for (let conflicts = 1; conflicts <= MAX_TRIES; conflicts++) {
        const { delivery: before } = situation
        const change = decide(situation)
        if (before === null || change === null) return situation
        const result = await partition.commit({
          check: [
            { key: keys.delivery(id), version: situation.versions.delivery },
            ...(change.health === undefined
              ? []
              : [{ key: keys.health(before.endpointId), version: situation.versions.health }]),
          ],
          ...storeChangeOf(before, change),
        })
        if (result.ok) {
          const { delivery = before, health = situation.health } = change
          const versions = { delivery: result.version, health: situation.versions.health }
          if (change.health !== undefined) versions.health = health === null ? null : result.version
          return { delivery, health, versions, conflicts: 0 }
        }
        situation = { ...(await read(id)), conflicts }
      }
      throw new WebhookError(
        'contended',
        'Cannot change delivery: others keep changing it or its endpoint',
      )
    },
    async remove(id) {
      const partition = partitionOfDelivery(id)
      const { delivery } = await read(id)
      if (partition === null || delivery === null) return false
      const attempts = await partition.list({ prefix: keys.attemptsOf(id), limit: 100 })
      const position = keys.position(delivery)
      await partition.commit({
        delete: [
          keys.delivery(id),
          keys.body(id),
          keys.byEndpoint(delivery.endpointId) + position,
          keys.byState(delivery.state) + position,
          ...attempts.entries.map(({ key }) => key),
        ],
      })
      return true
    },
    async forgetHealth(endpointId) {
      await partitionOf(endpointId)?.commit({ delete: [keys.health(endpointId)] })
    },
  }
}

function deliveryIn({ value }: StoreEntry): Delivery {
  // Keys of deliveries are written by this file alone.
  return value as Stored<Delivery>
}
