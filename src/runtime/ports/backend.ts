import { BackendError } from './backend-error.ts'
import type { AtomicStore } from './atomic-store/atomic-store.ts'
import type { Waker } from './waker/waker.ts'
import type { JobStore } from './job-store/job-store.ts'
import type { RateLimitStore } from './rate-limit-store/rate-limit-store.ts'

/**
 * One place that keeps everything: what `memory()`, `sqlite()`, `durableObjects()` and `redis()`
 * make.
 */
export interface Backend {
  readonly store: AtomicStore
  readonly jobStore: JobStore
  readonly rateLimits: RateLimitStore
  readonly waker: Waker
  /**
   * What an acknowledged write survives: replicated disk, this machine's disk, an asynchronous
   * replica, or nothing.
   */
  readonly durability: 'strong' | 'local' | 'async-replicated' | 'none'
  /**
   * What the backend lacks to keep its promises, none where it is ready: for a start-up check or a
   * health check. It resolves also where nothing can be reached, and leaves nothing behind.
   */
  ready?(): Promise<readonly BackendFault[]>
}

/** A backend that says what it lacks. */
export type CheckedBackend = Backend & Required<Pick<Backend, 'ready'>>

/** Stable codes of {@link BackendFault}. */
export type BackendFaultCode =
  /** It cannot be reached; the message names the error, of TLS too. */
  | 'unreachable'
  /** It drops what it was given when its memory is full. */
  | 'evicts_keys'
  | 'memory_full'
  | 'too_old'
  /** A replica, or a file that cannot be written. */
  | 'read_only'
  /** Its access rules withhold a command, the keys or the channels. */
  | 'missing_command'
  | 'missing_key'
  | 'missing_channel'
  /** It does not let itself be asked. */
  | 'not_told'

/** Something that a backend lacks. No message has a secret or an address. */
export interface BackendFault {
  readonly code: BackendFaultCode
  readonly message: string
}

/** Runs what a ready backend can do; what it throws becomes the one fault. */
export async function faultsOf(attempt: () => Promise<unknown>): Promise<readonly BackendFault[]> {
  try {
    await attempt()
    return []
  } catch (error) {
    if (!(error instanceof BackendError)) throw error
    const isReadOnly = error.cause instanceof Error && /read-?only/i.test(error.cause.message)
    return [{ code: isReadOnly ? 'read_only' : 'unreachable', message: error.message }]
  }
}
