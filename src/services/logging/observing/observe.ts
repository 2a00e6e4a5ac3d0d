import { createObserver, type Observer, type WorkContext } from './observer.ts'
import type { ObserverOptions } from './observer-options.ts'

/**
 * What a platform calls, of a handler that {@link observe} takes: a Worker's, or what `Bun.serve`
 * is given.
 */
export interface ObservedHandlers<Env> {
  fetch?(request: Request, env: Env, ctx: WorkContext | undefined): Response | Promise<Response>
  scheduled?(
    controller: { readonly cron?: string },
    env: Env,
    ctx: WorkContext | undefined,
  ): unknown
  queue?(
    batch: { readonly queue: string; readonly messages: readonly unknown[] },
    env: Env,
    ctx: WorkContext | undefined,
  ): unknown
}

/**
 * Answers requests, as `Deno.serve` wants it; what comes after the request depends on the platform.
 */
export type FetchHandler<Rest extends readonly unknown[]> = (
  request: Request,
  ...rest: Rest
) => Response | Promise<Response>

/**
 * Observes all that a handler does: requests, batches of queues and cron triggers. What a request's
 * handler throws is answered with problem details; what another throws is thrown on.
 *
 * @param handler A Worker's default export, an object with `fetch`, or a function; of a framework's
 *   app, `{ fetch: app.fetch }`. Other properties stay as they are
 * @param configure Makes the options, with the first event, of its second argument: a Worker's
 *   bindings
 * @throws TypeError when the handler is of another kind
 * @example
 * ```ts
 * export default observe(
 *   {
 *     async fetch(request: Request, env: Env, ctx: ExecutionContext) {
 *       observationOf(request)?.log.info('hello')
 *       return new Response('hello')
 *     },
 *   },
 *   (env) => ({ logger: { service: 'api', level: env.LOG_LEVEL } }),
 * )
 * ```
 */
export function observe<Rest extends readonly unknown[]>(
  handler: FetchHandler<Rest>,
  configure: (first: Rest[0]) => Observer | ObserverOptions,
): FetchHandler<Rest>
export function observe<Env, Handlers extends ObservedHandlers<Env> = ObservedHandlers<Env>>(
  handler: Handlers & ObservedHandlers<Env>,
  configure: (env: Env) => Observer | ObserverOptions,
): Handlers
export function observe(
  handler: FetchHandler<readonly unknown[]> | ObservedHandlers<unknown>,
  configure: (first: unknown) => Observer | ObserverOptions,
): object {
  let observer: Observer | undefined
  // With the first event: before it, a Worker may do little.
  const observerFor = (env: unknown): Observer => {
    if (observer === undefined) {
      const made: unknown = configure(env)
      if (typeof made !== 'object' || made === null || 'then' in made)
        throw new TypeError(
          'Cannot observe: configure answers no options, such or an observer, and no promise, expected',
        )
      observer = 'forRequest' in made ? (made as Observer) : createObserver(made)
    }
    return observer
  }
  if (typeof configure !== 'function')
    throw new TypeError('Cannot observe: configure is no function, one that makes options expected')
  const request =
    (act: FetchHandler<readonly unknown[]>): FetchHandler<readonly unknown[]> =>
    (given, ...rest) =>
      observerFor(rest[0])
        .forRequest(given, contextIn(rest))
        .handle(() => act(given, ...rest))
  if (typeof handler === 'function') return request(handler)
  checkHandlers(handler)
  const { fetch, scheduled, queue } = handler
  return {
    ...handler,
    ...(fetch !== undefined && {
      // What is called is what the platform calls, with all that it gives.
      fetch: request(fetch.bind(handler) as FetchHandler<readonly unknown[]>),
    }),
    ...(scheduled !== undefined && {
      scheduled: (...given: Parameters<typeof scheduled>) =>
        observerFor(given[1])
          .forWork('scheduled', given[2], { fields: { cron: given[0].cron } })
          .run(() => scheduled.apply(handler, given)),
    }),
    ...(queue !== undefined && {
      queue: (...given: Parameters<typeof queue>) =>
        observerFor(given[1])
          .forWork(`queue ${given[0].queue}`, given[2], {
            fields: { messages: given[0].messages.length },
          })
          .run(() => queue.apply(handler, given)),
    }),
  }
}

function checkHandlers(handler: ObservedHandlers<unknown>): void {
  const given: unknown = handler
  const prototype: unknown =
    typeof given === 'object' && given !== null ? Object.getPrototypeOf(given) : undefined
  if (prototype !== Object.prototype && prototype !== null)
    throw new TypeError(
      'Cannot observe: the handler is no plain object and no function, of an app { fetch: app.fetch } expected',
    )
  const acts = [handler.fetch, handler.scheduled, handler.queue].filter((one) => one !== undefined)
  if (acts.length === 0 || acts.some((act) => typeof act !== 'function'))
    throw new TypeError(
      'Cannot observe: the handler has no function fetch, scheduled or queue, one expected',
    )
}

/** A Worker's context comes third, others have it second or not at all. */
function contextIn(rest: readonly unknown[]): WorkContext | undefined {
  return rest.findLast(
    (one): one is WorkContext =>
      typeof one === 'object' &&
      one !== null &&
      'waitUntil' in one &&
      typeof one.waitUntil === 'function',
  )
}
