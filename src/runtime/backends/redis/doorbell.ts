import type { Clock } from '../../ports/platform/clock.ts'
import type { Doorbell } from '../../ports/doorbell/doorbell.ts'
import type { ChannelSubscriber } from './subscriber.ts'

/** How {@link createRedisDoorbell} knows its rings. */
export interface RedisDoorbellOptions {
  /** The channel on which the scripts ring for a queue. */
  readonly channelOf: (queue: string) => string
  /** Who rings in the name of this process, whose own doorbell has rung already. */
  readonly origin: string
  readonly clock: Clock
}

/** What is heard of one queue, and what is waited for. */
interface Ear {
  readonly channel: string
  readonly hear: (message: string) => void
  /** Rings within the process: whoever listens looks. */
  readonly wake: () => void
  listeners: number
  isSubscribed: boolean
  /** The earliest ring to come, of those that others have told of. */
  next: { readonly at: number; readonly cancel: () => void } | null
}

/**
 * A doorbell that also rings when another process has made work, as the scripts then publish. It subscribes to the channel of a queue while
 * somebody listens to it. While the subscription is not there, workers look on their own; when it is (again), they look once, since a ring may
 * have been missed.
 *
 * @param bell Rings within the process
 */
export function createRedisDoorbell(
  bell: Required<Doorbell>,
  subscriber: ChannelSubscriber,
  { channelOf, origin, clock }: RedisDoorbellOptions,
): Required<Doorbell> {
  const ears = new Map<string, Ear>()
  // One after the other, so that the last word to the server is the last that was said.
  let told: Promise<void> = Promise.resolve()

  async function tell(ear: Ear): Promise<void> {
    const wanted = ear.listeners > 0
    if (wanted === ear.isSubscribed) return
    try {
      if (wanted) await subscriber.subscribe(ear.channel, ear.hear)
      else await subscriber.unsubscribe(ear.channel)
      ear.isSubscribed = wanted
      if (wanted) ear.wake()
    } catch {
      // Workers look on their own meanwhile; it is tried again when the connection is back.
    }
  }

  function update(ear: Ear): void {
    told = told.then(() => tell(ear))
  }

  function earOf(queue: string): Ear {
    const known = ears.get(queue)
    if (known !== undefined) return known
    const ear: Ear = {
      channel: channelOf(queue),
      hear(message) {
        const [, inMs, from] = /^(\d{1,16}) (\S*)$/.exec(message) ?? []
        if (inMs !== undefined && from !== origin) wakeIn(ear, Number(inMs))
      },
      wake: () => void bell.ring(queue, 0),
      listeners: 0,
      isSubscribed: false,
      next: null,
    }
    ears.set(queue, ear)
    return ear
  }

  /** Whoever looks learns when to look next, so the earliest ring stands for those after it. */
  function wakeIn(ear: Ear, inMs: number): void {
    if (ear.listeners === 0) return
    if (inMs === 0) return ear.wake()
    const at = clock.now() + inMs
    if (ear.next !== null && ear.next.at <= at) return
    ear.next?.cancel()
    const cancel = clock.setTimer(() => {
      ear.next = null
      ear.wake()
    }, inMs)
    ear.next = { at, cancel }
  }

  subscriber.onReady(() => {
    for (const ear of ears.values()) {
      ear.isSubscribed = false
      update(ear)
    }
  })

  return {
    ring: (queue, inMs) => bell.ring(queue, inMs),
    listen(queue, wake) {
      const stopHearing = bell.listen(queue, wake)
      const ear = earOf(queue)
      if (++ear.listeners === 1) update(ear)
      let isListening = true
      return () => {
        if (!isListening) return
        isListening = false
        stopHearing()
        if (--ear.listeners > 0) return
        ear.next?.cancel()
        ear.next = null
        update(ear)
      }
    },
  }
}
