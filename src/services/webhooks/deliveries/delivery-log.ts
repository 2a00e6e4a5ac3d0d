import type {
  AtomicStore,
  StorePartition,
} from '../../../runtime/ports/atomic-store/atomic-store.ts'
import type { Clock } from '../../../runtime/ports/platform/clock.ts'
import { WebhookError } from '../webhook-error.ts'
import {
  deliveryIn,
  entriesOf,
  eventEntry,
  publishedAlone,
  publishedEntry,
  storeChangeOf,
  type DeliveryChange,
} from './delivery-changes.ts'
import { deliveryKeys as keys } from './delivery-keys.ts'
import { readAttempt, type AttemptRecord } from './delivery-record.ts'
import { ofEvent } from './delivery-sources.ts'
import {
  isSettled,
  readDeliveryId,
  type Delivery,
  type DeliveryAttempt,
  type DeliveryName,
} from './delivery.ts'
import { readHealth, type EndpointHealth } from './endpoint-health.ts'
import type { KeptEvents } from './kept-events.ts'
import { readListed } from './read-listed.ts'

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
  read(id: string): Promise<DeliverySnapshot>
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
    decide: (snapshot: DeliverySnapshot) => DeliveryChange | null,
    seen?: DeliverySnapshot,
  ): Promise<DeliverySnapshot>
  /** Removes a delivery with its attempts. @returns Whether there was one */
  remove(id: string): Promise<boolean>
  /** Forgets how an endpoint did: its circuit is closed. */
  forgetHealth(endpointId: string): Promise<void>
}

/** What is known when something is decided about a delivery. */
export interface DeliverySnapshot {
  readonly delivery: Delivery | null
  readonly health: EndpointHealth | null
  /** Versions of both, for the commit's checks. */
  readonly versions: { readonly delivery: number | null; readonly health: number | null }
  /**
   * How often others were faster: many failures at once may each want to change the endpoint's
   * health.
   */
  readonly conflicts: number
}

/**
 * Checks, a delivery with its two entries, the event and its endpoints' names fit in one commit.
 */
const DELIVERIES_PER_COMMIT = 41
/** The same where each endpoint is named by itself. */
const LATER_DELIVERIES_PER_COMMIT = 31
const MAX_TRIES = 20
const NOTHING: DeliverySnapshot = {
  delivery: null,
  health: null,
  versions: { delivery: null, health: null },
  conflicts: 0,
}

/** Where a delivery is kept. */
interface Home {
  readonly name: string
  readonly partition: StorePartition
  readonly delivery: DeliveryName
}

export function createDeliveryLog(
  store: AtomicStore,
  events: KeptEvents,
  clock: Pick<Clock, 'now'>,
): DeliveryLog {
  function homeOf(id: string): Home | null {
    const delivery = readDeliveryId(id)
    const name = delivery === null ? null : keys.partitionOf(delivery.endpointId)
    if (delivery === null || name === null) return null
    return { name, partition: store.partition(name), delivery }
  }

  /** Writes deliveries of one event to one partition, each at most once. @returns How they stand */
  async function createIn(
    name: string,
    deliveries: readonly Delivery[],
    body: string,
  ): Promise<readonly Delivery[]> {
    const [{ eventId, createdAt, keepUntil } = { eventId: '', createdAt: 0, keepUntil: 0 }] =
      deliveries
    const partition = store.partition(name)
    const created: Delivery[] = []
    let missing = deliveries.toSorted((a, b) => (a.endpointId < b.endpointId ? -1 : 1))
    /** Nothing of the event was there before, so that names come in order and in one piece. */
    let isFirst = true
    let kept: Awaited<ReturnType<KeptEvents['readAgain']>> = { event: null, version: null }
    for (let conflicts = 0; missing.length > 0;) {
      const { event, version } = kept
      const at = event?.at ?? createdAt
      // An event whose id was used before goes on as what it was then.
      const chunk = missing
        .slice(0, isFirst ? DELIVERIES_PER_COMMIT : LATER_DELIVERIES_PER_COMMIT)
        .map((delivery) => ({ ...delivery, createdAt: at }))
      const [first, ...others] = chunk
      if (first === undefined) break
      const now = clock.now()
      const extended = { at, body: event?.body ?? body, keepUntil }
      const extend = event === null || event.keepUntil < keepUntil
      const result = await partition.commit({
        check: [
          { key: keys.event(eventId), version },
          ...chunk.map((delivery) => ({ key: keys.delivery(delivery), version: null })),
        ],
        set: [
          ...(extend ? [eventEntry(eventId, extended, now)] : []),
          ...(isFirst
            ? [publishedEntry([first, ...others], now)]
            : chunk.map((delivery) =>
                publishedAlone(delivery, event?.keepUntil ?? keepUntil, now),
              )),
          ...chunk.flatMap((delivery) => entriesOf(delivery, now)),
        ],
      })
      if (result.ok) {
        created.push(...chunk)
        missing = missing.slice(chunk.length)
        if (extend) {
          kept = { event: extended, version: result.version }
          events.know(name, eventId, extended)
        }
        continue
      }
      if (++conflicts > MAX_TRIES) throw contended('create')
      // A fan-out that is done again after a crash: what is there stays, the rest is added.
      isFirst = false
      kept = await events.readAgain(name, eventId)
      const isAt = kept.event?.at ?? createdAt
      const cursors = missing.map((delivery) => keys.cursor({ ...delivery, createdAt: isAt }))
      const known = (await readListed(partition, cursors)).map(({ delivery }) => delivery)
      created.push(...known.flatMap((delivery) => delivery ?? []))
      missing = missing.filter((_delivery, index) => known[index] === null)
    }
    return created
  }

  async function read(id: string): Promise<DeliverySnapshot> {
    const home = homeOf(id)
    if (home === null) return NOTHING
    const { name, partition, delivery: own } = home
    const createdAt =
      events.knownAt(name, own.eventId) ?? (await events.publishedAt(name, own.eventId))
    if (createdAt === null) return NOTHING
    const position = { ...own, createdAt }
    const [delivery = null, health = null] = await partition.getMany([
      keys.delivery(position),
      keys.health(own.endpointId),
    ])
    return {
      delivery: delivery === null ? null : deliveryIn(position, delivery),
      health: health === null ? null : readHealth(health.value),
      versions: { delivery: delivery?.version ?? null, health: health?.version ?? null },
      conflicts: 0,
    }
  }

  return {
    async create(deliveries, body) {
      const created: Delivery[] = []
      const partitions = Map.groupBy(deliveries, ({ endpointId }) => keys.partitionOf(endpointId))
      for (const [name, ofPartition] of partitions)
        if (name !== null) created.push(...(await createIn(name, ofPartition, body)))
      return created.filter(({ state }) => !isSettled(state))
    },
    async ofEvent(tenant, shard, eventId) {
      const name = keys.partition(tenant, shard)
      const publishedAt = (): Promise<number | null> => events.publishedAt(name, eventId)
      const all = ofEvent(store.partition(name), eventId, publishedAt, clock)
      return (await all(null, Infinity)).flatMap(({ delivery }) => delivery ?? [])
    },
    read,
    async body(delivery) {
      const name = keys.partitionOf(delivery.endpointId)
      if (name === null) return null
      if (!delivery.transformed) return (await events.read(name, delivery.eventId))?.body ?? null
      const entry = await store.partition(name).get(keys.body(delivery.id))
      return typeof entry?.value === 'string' ? entry.value : null
    },
    async attempts(id) {
      const prefix = keys.attemptsOf(id)
      const page = await homeOf(id)?.partition.list({ prefix, limit: 1000 })
      return (page?.entries ?? []).map(({ key, value }) =>
        // Written by `change` alone.
        readAttempt(Number(key.slice(prefix.length)), value as AttemptRecord),
      )
    },
    async change(id, decide, seen) {
      const home = homeOf(id)
      if (home === null) return NOTHING
      const { name, partition } = home
      let snapshot = seen ?? (await read(id))
      for (let conflicts = 1; conflicts <= MAX_TRIES; conflicts++) {
        const { delivery: before } = snapshot
        const change = decide(snapshot)
        if (before === null || change === null) return snapshot
        const { keepBody } = change
        const event = keepBody === undefined ? null : await events.read(name, before.eventId)
        const result = await partition.commit({
          check: [
            { key: keys.delivery(before), version: snapshot.versions.delivery },
            ...(change.health === undefined
              ? []
              : [{ key: keys.health(before.endpointId), version: snapshot.versions.health }]),
          ],
          ...storeChangeOf(before, change, event, clock.now()),
        })
        if (result.ok) {
          const { delivery = before, health = snapshot.health } = change
          const versions = { delivery: result.version, health: snapshot.versions.health }
          if (change.health !== undefined) versions.health = health === null ? null : result.version
          return { delivery, health, versions, conflicts: 0 }
        }
        snapshot = { ...(await read(id)), conflicts }
      }
      throw contended('change')
    },
    async remove(id) {
      const { delivery } = await read(id)
      const partition = homeOf(id)?.partition
      if (partition === undefined || delivery === null) return false
      const attempts = await partition.list({ prefix: keys.attemptsOf(id), limit: 100 })
      const inState = keys.inState(delivery)
      await partition.commit({
        delete: [
          keys.delivery(delivery),
          keys.body(id),
          ...(inState === null ? [] : [inState]),
          ...attempts.entries.map(({ key }) => key),
        ],
      })
      return true
    },
    async forgetHealth(endpointId) {
      const name = keys.partitionOf(endpointId)
      if (name !== null) await store.partition(name).commit({ delete: [keys.health(endpointId)] })
    },
  }
}

function contended(action: string): WebhookError {
  return new WebhookError(
    'contended',
    `Cannot ${action} delivery: others keep changing it or its endpoint`,
  )
}
