import type { Clock } from '../../ports/platform/clock.ts'
import { startStopwatch } from '../../ports/platform/deadline.ts'
import type { Waker } from '../../ports/waker/waker.ts'
import type { ChannelSubscriber } from './subscriber.ts'

/** How {@link createRedisWaker} knows its wakes. */
export interface RedisWakerOptions {
  /** The channel on which the scripts wake for a queue. */
  readonly channelOf: (queue: string) => string
  /** Who wakes in the name of this process, whose own waker has woken already. */
  readonly origin: string
  readonly clock: Clock
}

/** What is heard of one queue, and what is waited for. */
interface ListenedQueue {
  readonly channel: string
  readonly onMessage: (message: string) => void
  /** Wakes within the process: whoever listens looks. */
  readonly wake: () => void
  listeners: number
  isSubscribed: boolean
  /** The earliest wake to come, of those that others have told of. */
  next: { readonly at: number; readonly cancel: () => void } | null
}

/**
 * A waker that also wakes when another process has made work, as the scripts then publish. It
 * subscribes to the channel of a queue while somebody listens to it. While the subscription is not
 * there, workers look on their own; when it is (again), they look once, since a wake may have been
 * missed.
 *
 * @param waker Wakes within the process
 */
export function createRedisWaker(
  waker: Required<Waker>,
  subscriber: ChannelSubscriber,
  { channelOf, origin, clock }: RedisWakerOptions,
): Required<Waker> {
  const listenedQueues = new Map<string, ListenedQueue>()
  const elapsedMs = startStopwatch(clock)
  // One after the other, so that the last word to the server is the last that was said.
  let told: Promise<void> = Promise.resolve()

  async function tell(listened: ListenedQueue): Promise<void> {
    const wanted = listened.listeners > 0
    if (wanted === listened.isSubscribed) return
    try {
      if (wanted) await subscriber.subscribe(listened.channel, listened.onMessage)
      else await subscriber.unsubscribe(listened.channel)
      listened.isSubscribed = wanted
      if (wanted) listened.wake()
    } catch {
      // Workers look on their own meanwhile; it is tried again when the connection is back.
    }
  }

  function update(listened: ListenedQueue): void {
    told = told.then(() => tell(listened))
  }

  function listenedQueueOf(queue: string): ListenedQueue {
    const known = listenedQueues.get(queue)
    if (known !== undefined) return known
    const listened: ListenedQueue = {
      channel: channelOf(queue),
      onMessage(message) {
        const [, inMs, from] = /^(\d{1,16}) (\S*)$/.exec(message) ?? []
        if (inMs !== undefined && from !== origin) wakeIn(listened, Number(inMs))
      },
      wake: () => void waker.wake(queue, 0),
      listeners: 0,
      isSubscribed: false,
      next: null,
    }
    listenedQueues.set(queue, listened)
    return listened
  }

  /** Whoever looks learns when to look next, so the earliest wake stands for those after it. */
  function wakeIn(listened: ListenedQueue, inMs: number): void {
    if (listened.listeners === 0) return
    if (inMs === 0) return listened.wake()
    const at = elapsedMs() + inMs
    if (listened.next !== null && listened.next.at <= at) return
    listened.next?.cancel()
    const cancel = clock.setTimer(() => {
      listened.next = null
      listened.wake()
    }, inMs)
    listened.next = { at, cancel }
  }

  subscriber.onReady(() => {
    for (const listened of listenedQueues.values()) {
      listened.isSubscribed = false
      update(listened)
    }
  })

  return {
    wake: (queue, inMs) => waker.wake(queue, inMs),
    onWake(queue, listener) {
      const stopListening = waker.onWake(queue, listener)
      const listened = listenedQueueOf(queue)
      if (++listened.listeners === 1) update(listened)
      let isListening = true
      return () => {
        if (!isListening) return
        isListening = false
        stopListening()
        if (--listened.listeners > 0) return
        listened.next?.cancel()
        listened.next = null
        update(listened)
      }
    },
  }
}
