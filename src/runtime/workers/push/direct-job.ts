import type { Json } from '../../ports/json.ts'

/**
 * A job that an engine carries itself, without a job store: so it has no priority, progress, lease
 * or record.
 */
export interface DirectJob {
  /** The engine's id of the message; the same on every attempt. */
  readonly id: string
  readonly name: string
  readonly data: Json
  /** 1 on the first attempt. */
  readonly attempt: number
}

/** What the engine offers a running job. It cannot be cancelled from outside. */
export interface DirectControl {
  /** Aborts when the time limit is over. */
  readonly signal: AbortSignal
}

/**
 * How an attempt ended: those outcomes of a job that an engine can carry out without a job store.
 */
export type DirectOutcome =
  | { readonly to: 'completed' }
  /** Not to be run again without intervention. */
  | { readonly to: 'dead'; readonly error: Json }
  /** Again, `delayMs` from now, if the engine has attempts left. */
  | { readonly to: 'scheduled'; readonly delayMs: number; readonly error?: Json }

/**
 * Runs one job. A rejection fails the attempt; when the next one comes is then up to the engine.
 */
export type DirectProcess = (job: DirectJob, control: DirectControl) => Promise<DirectOutcome>

/** A job as the body of a message. */
export function encodeDirectJob(name: string, data: Json): Json {
  if (name.length < 1 || name.length > 256)
    throw new RangeError(`Cannot send job: name has ${name.length} characters, 1 to 256 allowed`)
  return { name, data }
}

/** @returns The job, or `null` when `body` is none */
export function decodeDirectJob(body: unknown): Pick<DirectJob, 'name' | 'data'> | null {
  if (typeof body !== 'object' || body === null || !('name' in body) || !('data' in body))
    return null
  if (typeof body.name !== 'string' || body.name === '') return null
  // It was JSON on the way, so it is now.
  return { name: body.name, data: body.data as Json }
}
