import { keepLoaded, lateMethods } from '../../../../primitives/late-methods.ts'
import type { QueueStore } from '../job-store.ts'

/**
 * A queue over several job stores, as `createShardedQueue` makes it; its code is loaded with the
 * first call, since most queues have one.
 *
 * @param isMade Whether an id is of a shard's own making
 * @param fraction A number in [0, 1): where to begin going round the shards
 */
export function createLateShardedQueue(
  shards: readonly QueueStore[],
  isMade: (id: string) => boolean,
  fraction: () => number,
): QueueStore {
  const load = keepLoaded(async () => {
    const { createShardedQueue } = await import('./sharded-queue.ts')
    return createShardedQueue(shards, isMade, fraction)
  })
  const queue = lateMethods<Omit<QueueStore, 'onEnds' | 'overlaps'>>(
    {
      add: true,
      exchange: true,
      get: true,
      list: true,
      find: true,
      children: true,
      counts: true,
      oldestReady: true,
      command: true,
      group: true,
      events: true,
    },
    load,
  )
  if (shards.every(({ onEnds }) => onEnds === undefined)) return queue
  return {
    ...queue,
    onEnds(listener) {
      let stop: (() => void) | undefined
      let stopped = false
      // What cannot be loaded, the calls beside it say.
      load().then(
        ({ onEnds }) => {
          if (!stopped) stop = onEnds?.(listener)
        },
        () => undefined,
      )
      return () => {
        stopped = true
        stop?.()
      }
    },
  }
}
