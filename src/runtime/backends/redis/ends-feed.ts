import type { Clock } from '../../ports/platform/clock.ts'
import type { QueueStore } from '../../ports/job-store/job-store.ts'
import type { Channels } from './channels.ts'
import { fromField } from './job-codec.ts'

/** How {@link createEndsFeed} hears of one queue. */
export interface EndsFeedOptions {
  readonly channels: Channels
  /** Where the scripts say which jobs have ended. */
  readonly channel: string
  readonly clock: Clock
  /** Lets the scripts say so for the next {@link WATCH_MS}. */
  readonly watch: () => Promise<unknown>
}

/** How long the scripts go on telling once nobody has asked again. */
export const WATCH_MS = 30_000
const WATCH_AGAIN_MS = 10_000

type EndsListener = (ids: readonly string[] | null) => void

/**
 * Which jobs of a queue have ended, as the scripts publish while somebody wants to know: a queue
 * that nobody waits for pays nothing.
 */
export function createEndsFeed(options: EndsFeedOptions): NonNullable<QueueStore['onEnds']> {
  const { channels, channel, clock, watch } = options
  const listeners = new Set<EndsListener>()
  let stop: (() => void) | null = null

  function tell(ids: readonly string[] | null): void {
    for (const listener of [...listeners]) listener(ids)
  }

  function start(): () => void {
    let stopped = false
    let cancel = (): void => undefined
    const keepWatching = async (): Promise<void> => {
      try {
        await watch()
        // What ended until here was told to nobody.
        if (!stopped) tell(null)
      } catch {
        // Who waits looks on its own meanwhile.
      }
      if (!stopped) cancel = clock.setTimer(() => void keepWatching(), WATCH_AGAIN_MS)
    }
    void keepWatching()
    const stopListening = channels.listen(
      channel,
      (message) => tell(idsOf(message)),
      () => tell(null),
    )
    return () => {
      stopped = true
      cancel()
      stopListening()
    }
  }

  return (listener) => {
    const heard: EndsListener = (ids) => listener(ids)
    listeners.add(heard)
    stop ??= start()
    return () => {
      if (!listeners.delete(heard) || listeners.size > 0) return
      stop?.()
      stop = null
    }
  }
}

/** What cannot be read may have been anything. */
function idsOf(message: string): readonly string[] | null {
  try {
    const ids: unknown = JSON.parse(message)
    return Array.isArray(ids) ? ids.map((id) => fromField(String(id))) : null
  } catch {
    return null
  }
}
