import { callQuietly } from '../../primitives/call-quietly.ts'
import type { Json } from '../../runtime/ports/json.ts'

/** Something that happened to a job, as this process saw it; the job store has the last word. */
export type JobEvent =
  | { readonly type: 'added'; readonly id: string; readonly name: string }
  | {
      readonly type: 'active'
      readonly id: string
      readonly name: string
      readonly attempt: number
      readonly waitedMs: number
    }
  | { readonly type: 'progress'; readonly id: string; readonly name: string; readonly value: Json }
  | {
      readonly type: 'completed'
      readonly id: string
      readonly name: string
      readonly result: Json
      readonly durationMs: number
    }
  /** An attempt failed; what follows is `retrying`, `dead` or `parked`. */
  | {
      readonly type: 'failed'
      readonly id: string
      readonly name: string
      /** What the handler threw, itself: mostly an Error with its stack. */
      readonly error: unknown
      /** What the job's record keeps of it. */
      readonly record: Json
      readonly durationMs: number
    }
  | {
      readonly type: 'retrying'
      readonly id: string
      readonly name: string
      readonly delayMs: number
    }
  /** Put back without an attempt spent: a rate limit or an open circuit. */
  | {
      readonly type: 'deferred'
      readonly id: string
      readonly name: string
      readonly delayMs: number
    }
  /** The attempt added children, and the job runs again once they have ended. */
  | {
      readonly type: 'blocked'
      readonly id: string
      readonly name: string
      readonly children: number
    }
  | { readonly type: 'dead' | 'parked' | 'cancelled'; readonly id: string; readonly name: string }
  /**
   * The worker before disappeared: this attempt follows one that left neither outcome nor error.
   */
  | { readonly type: 'stalled'; readonly id: string; readonly name: string }

/** Hears of events. What it throws, or rejects with, changes nothing for the job. */
export type JobEventListener = (event: JobEvent) => unknown

/** Tells listeners. */
export interface JobEvents {
  emit(event: JobEvent): void
  /** @returns Stops listening */
  listen(listener: JobEventListener): () => void
  /** Whether anybody listens. */
  readonly isHeard: boolean
}

/**
 * @param first Hears of every event before all listeners, and is none of them
 * @param onFault Hears what a listener throws or rejects with
 */
export function createJobEvents(
  first: (event: JobEvent) => void,
  onFault: (fault: unknown) => void,
): JobEvents {
  const listeners = new Set<JobEventListener>()
  return {
    get isHeard() {
      return listeners.size > 0
    },
    emit(event) {
      first(event)
      // Those that listen by now: one that each time adds another would be told without an end.
      for (const listener of [...listeners])
        if (listeners.has(listener)) callQuietly(() => listener(event), onFault)
    },
    listen(listener) {
      // A function of its own, so that the same listener can be added twice.
      const heard: JobEventListener = (event) => listener(event)
      listeners.add(heard)
      return () => void listeners.delete(heard)
    },
  }
}
