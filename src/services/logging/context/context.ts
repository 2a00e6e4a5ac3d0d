import {
  systemContextStorage,
  type ContextStorage,
} from '../../../runtime/ports/platform/context-storage.ts'

/** What everything that is done for one request or job has in common. */
export interface Context {
  /** The id of the request; see `requestIdOf`. */
  readonly requestId?: string | undefined
  /** The trace that all this belongs to, as 32 hex digits, and the span that is open, as 16. */
  readonly traceId?: string | undefined
  readonly spanId?: string | undefined
  /** Whether the trace is recorded. */
  readonly sampled?: boolean | undefined
  /** What else the span that is open has, for those that begin within it. */
  readonly trace?: {
    readonly random: boolean
    readonly traceState: string | undefined
    /** Stands for the part of the trace that is done here. */
    readonly root: { spanId: string } | undefined
  }
  /** What travels along the trace; see `Baggage`. */
  readonly baggage?: ReadonlyMap<
    string,
    { readonly value: string; readonly properties?: string | undefined }
  >
}

let storage: ContextStorage<Context> | null | undefined

/**
 * Chooses what remembers the context. Only a Worker that has `nodejs_als` without `nodejs_compat`
 * needs it: elsewhere it is found, or there is none and the context is handed on by hand.
 *
 * @example
 * ```ts
 * import { AsyncLocalStorage } from 'node:async_hooks'
 * configureContext(new AsyncLocalStorage())
 * ```
 */
export function configureContext(given: ContextStorage<Context> | null): void {
  storage = given
}

/**
 * @returns The context that is running, `undefined` outside of any or where none is remembered
 *
 * @example
 * logger.info('charged', { request: currentContext()?.requestId })
 */
export function currentContext(): Context | undefined {
  return storageOf()?.getStore()
}

/**
 * Runs `act` with a context, which all it does finds with {@link currentContext}.
 *
 * @example
 * await runInContext({ requestId: crypto.randomUUID() }, () => handle(message))
 */
export function runInContext<Result>(context: Context, act: () => Result): Result {
  const found = storageOf()
  return found === null ? act() : found.run(context, act)
}

/** Asked for when it is first needed: a Worker's module scope may do little. */
function storageOf(): ContextStorage<Context> | null {
  if (storage === undefined) storage = systemContextStorage<Context>()
  return storage
}
