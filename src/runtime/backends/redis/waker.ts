import type { Clock } from '../../ports/platform/clock.ts'
import { startStopwatch } from '../../ports/platform/deadline.ts'
import type { Waker } from '../../ports/waker/waker.ts'
import type { Channels } from './channels.ts'

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
  /** Wakes within the process: whoever listens looks. */
  readonly wake: () => void
  listeners: number
  stopListening: () => void
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
  channels: Channels,
  { channelOf, origin, clock }: RedisWakerOptions,
): Required<Waker> {
  const listenedQueues = new Map<string, ListenedQueue>()
  const elapsedMs = startStopwatch(clock)

  function listenedQueueOf(queue: string): ListenedQueue {
    const known = listenedQueues.get(queue)
    if (known !== undefined) return known
    const listened: ListenedQueue = {
      wake: () => void waker.wake(queue, 0),
      listeners: 0,
      stopListening: () => undefined,
      next: null,
    }
    listenedQueues.set(queue, listened)
    return listened
  }

  function hear(listened: ListenedQueue, message: string): void {
    const [, inMs, from] = /^(\d{1,16}) (\S*)$/.exec(message) ?? []
    if (inMs !== undefined && from !== origin) wakeIn(listened, Number(inMs))
  }

  /** Whoever looks learns when to look next, so the earliest wake stands for those after it. */
  function wakeIn(listened: ListenedQueue, inMs: number): void {
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

  return {
    wake: (queue, inMs) => waker.wake(queue, inMs),
    onWake(queue, listener) {
      const stopListening = waker.onWake(queue, listener)
      const listened = listenedQueueOf(queue)
      if (++listened.listeners === 1)
        listened.stopListening = channels.listen(
          channelOf(queue),
          (message) => hear(listened, message),
          listened.wake,
        )
      let isListening = true
      return () => {
        if (!isListening) return
        isListening = false
        stopListening()
        if (--listened.listeners > 0) return
        listened.next?.cancel()
        listened.next = null
        listened.stopListening()
      }
    },
  }
}
