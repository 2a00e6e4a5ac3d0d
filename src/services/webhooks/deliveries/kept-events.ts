import { createLruCache } from '../../../primitives/lru-cache.ts'
import type { AtomicStore } from '../../../runtime/ports/atomic-store/atomic-store.ts'
import type { Clock } from '../../../runtime/ports/platform/clock.ts'
import { deliveryKeys as keys } from './delivery-keys.ts'

/**
 * What a partition keeps of an event once for all its deliveries; only `keepUntil` ever changes,
 * and only grows.
 */
export interface KeptEvent {
  /** When it was published. */
  readonly at: number
  readonly keepUntil: number
  /** The exact text that is sent. */
  readonly body: string
}

/** The store's form: in the order of {@link KeptEvent}. */
export type EventRecord = readonly [at: number, keepUntil: number, body: string]

/** Reads events that deliveries are made of. */
export interface KeptEvents {
  /** @returns When the event was published, if that is known without a read */
  knownAt(partition: string, eventId: string): number | undefined
  /** @returns When the event was published, `null` when nothing of it is kept */
  publishedAt(partition: string, eventId: string): Promise<number | null>
  /** @returns `null` when nothing of the event is kept */
  read(partition: string, eventId: string): Promise<KeptEvent | null>
  /** Reads past what is known, with the version for a commit's check. */
  readAgain(
    partition: string,
    eventId: string,
  ): Promise<{ readonly event: KeptEvent | null; readonly version: number | null }>
  /** Takes note of what was just written. */
  know(partition: string, eventId: string, event: KeptEvent): void
}

/** At most 16 MiB altogether. */
const KNOWN_EVENTS = 512
const KNOWN_BODY_CHARACTERS = 16_384

/** One read serves the deliveries to many endpoints, for as long as the event is kept. */
export function createKeptEvents(store: AtomicStore, clock: Pick<Clock, 'now'>): KeptEvents {
  const known = createLruCache<Omit<KeptEvent, 'body'> & { readonly body: string | null }>(
    KNOWN_EVENTS,
  )

  function know(partition: string, eventId: string, event: KeptEvent): void {
    const body = event.body.length <= KNOWN_BODY_CHARACTERS ? event.body : null
    known.set(`${partition} ${eventId}`, { ...event, body })
  }

  function knownEvent(
    partition: string,
    eventId: string,
  ): (Omit<KeptEvent, 'body'> & { readonly body: string | null }) | undefined {
    const found = known.get(`${partition} ${eventId}`)
    return found !== undefined && found.keepUntil > clock.now() ? found : undefined
  }

  async function readAgain(
    partition: string,
    eventId: string,
  ): Promise<{ readonly event: KeptEvent | null; readonly version: number | null }> {
    const entry = await store.partition(partition).get(keys.event(eventId))
    if (entry === null) return { event: null, version: null }
    // The delivery log alone writes below these keys.
    const [at, keepUntil, body] = entry.value as EventRecord
    const event = { at, keepUntil, body }
    know(partition, eventId, event)
    return { event, version: entry.version }
  }

  return {
    knownAt: (partition, eventId) => knownEvent(partition, eventId)?.at,
    async publishedAt(partition, eventId) {
      const found = knownEvent(partition, eventId)
      return found?.at ?? (await readAgain(partition, eventId)).event?.at ?? null
    },
    async read(partition, eventId) {
      const found = knownEvent(partition, eventId)
      if (found === undefined || found.body === null)
        return (await readAgain(partition, eventId)).event
      return { ...found, body: found.body }
    },
    readAgain,
    know,
  }
}
