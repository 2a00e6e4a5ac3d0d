import { elapsedMs, type LimitState } from './algorithms/algorithm.ts'
import { createSweptMap, type SweptMap } from './swept-map.ts'

/** What is kept of a limit, and how long after its instant it says anything. Written in place. */
export interface KeptLimit {
  state: LimitState
  restMs: number
}

/**
 * A subject: its first limit stands in it, since most have no other, and further ones beside it by
 * their names.
 */
interface Subject extends KeptLimit {
  name: string
  others: SweptMap<KeptLimit> | null
}

/** The limits of subjects in this process's memory, by subject and name. */
export interface LocalSubjects {
  find(subject: string, name: string): KeptLimit | undefined
  /** Keeps a limit, or drops it where `restMs` is 0. */
  put(subject: string, name: string, state: LimitState, restMs: number): void
  /** The same for a limit that was just found, and is not to be dropped. */
  replace(kept: KeptLimit, state: LimitState, restMs: number): void
  drop(subject: string, name: string): void
  /** Hands over all subjects that begin so, and keeps them no longer. */
  moveTo(others: LocalSubjects, prefix: string): void
}

/** A subject that is known is written this often before others are looked at. */
const WRITES_A_LOOK = 8

/** @param maxSubjects Subjects kept at once: one over it makes room by forgetting the oldest */
export function createLocalSubjects(maxSubjects: number): LocalSubjects {
  const subjects: SweptMap<Subject> = createSweptMap(maxSubjects, isOver)
  const { map } = subjects
  let writes = 0

  function find(subject: string, name: string): KeptLimit | undefined {
    const known = map.get(subject)
    return known === undefined || known.name === name ? known : known.others?.map.get(name)
  }

  function drop(subject: string, name: string): void {
    const known = map.get(subject)
    if (known === undefined) return
    if (known.name !== name) known.others?.map.delete(name)
    else if (!promote(known)) map.delete(subject)
  }

  function replace(kept: KeptLimit, state: LimitState, restMs: number): void {
    kept.state = state
    kept.restMs = restMs
    if (++writes % WRITES_A_LOOK === 0) subjects.sweep(state.at)
  }

  return {
    find,
    drop,
    replace,
    put(subject, name, state, restMs) {
      if (restMs === 0) return drop(subject, name)
      const known = map.get(subject)
      const kept = known === undefined || known.name === name ? known : known.others?.map.get(name)
      if (kept !== undefined) return replace(kept, state, restMs)
      if (known === undefined) subjects.add(subject, { name, state, restMs, others: null })
      else {
        known.others ??= createSweptMap(maxSubjects, isPast)
        known.others.add(name, { state, restMs })
        known.others.sweep(state.at)
      }
      return subjects.sweep(state.at)
    },
    moveTo(others, prefix) {
      for (const [subject, { name, state, restMs, others: more }] of map) {
        if (!subject.startsWith(prefix)) continue
        const rest = subject.slice(prefix.length)
        others.put(rest, name, state, restMs)
        for (const [other, kept] of more?.map ?? [])
          others.put(rest, other, kept.state, kept.restMs)
        map.delete(subject)
      }
    },
  }
}

/** Puts another limit in the first one's place. @returns Whether there was another */
function promote(subject: Subject): boolean {
  const [next] = subject.others?.map ?? []
  if (next === undefined) return false
  const [name, kept] = next
  subject.others?.map.delete(name)
  Object.assign(subject, kept, { name })
  return true
}

/** Drops a little of what is over of a subject. @returns Whether nothing is left */
function isOver(subject: Subject, now: number): boolean {
  subject.others?.sweep(now)
  return isPast(subject, now) && !promote(subject)
}

function isPast({ state, restMs }: KeptLimit, now: number): boolean {
  return elapsedMs(state.at, now) >= restMs
}
