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
      readonly error: Json
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
  | { readonly type: 'dead' | 'parked' | 'cancelled'; readonly id: string; readonly name: string }
  /** The worker before disappeared: this attempt follows one that left neither outcome nor error. */
  | { readonly type: 'stalled'; readonly id: string; readonly name: string }

/** Hears of events. What it throws is ignored. */
export type JobEventListener = (event: JobEvent) => void

/** Tells listeners. */
export interface JobEvents {
  emit(event: JobEvent): void
  /** @returns Stops listening */
  listen(listener: JobEventListener): () => void
}

export function createJobEvents(): JobEvents {
  const listeners = new Set<JobEventListener>()
  return {
    emit(event) {
      for (const listener of listeners) {
        try {
          listener(event)
        } catch {
          // A listener that throws must not fail the job it hears of.
        }
      }
    },
    listen(listener) {
      // A function of its own, so that the same listener can be added twice.
      const heard: JobEventListener = (event) => listener(event)
      listeners.add(heard)
      return () => void listeners.delete(heard)
    },
  }
}
