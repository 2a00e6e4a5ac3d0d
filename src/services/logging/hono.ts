import type { Context, ErrorHandler, MiddlewareHandler } from 'hono'
import type { HTTPException } from 'hono/http-exception'
import { isWorkers } from '../../runtime/ports/platform/log-console.ts'
import { createObserver, observationOf, type Observer } from './observing/observer.ts'
import type { RequestObservation } from './observing/observation.ts'
import type { ObserverOptions } from './observing/observer-options.ts'
import { problemResponse, writeProblem } from './observing/problem-response.ts'

export { BackendError, type BackendErrorCode } from '../../runtime/ports/backend-error.ts'
export { InfrastructureError } from '../../runtime/ports/infrastructure-error.ts'
export { MetricError, type MetricErrorCode } from './metrics/metric-error.ts'

/** What handlers find in their context: `c.get('observation').log.info(…)`. */
export interface ObservedVariables {
  observation: RequestObservation
}

/**
 * Observes requests in Hono: one line and one span for each, by the pattern of the route that
 * answered, and `x-request-id` on the answer. What a route throws is the app's to answer, with
 * {@link problemHandler} or its own; here it is logged and reported.
 *
 * Goes before all others. Within `observe()` it adds the route to what is observed already.
 *
 * @param given An observer, its options, or what makes them, with the first request, of `c.env`
 * @throws TypeError or RangeError when an option is malformed
 * @example
 * ```ts
 * const app = new Hono<{ Variables: ObservedVariables }>()
 * app.use(observed({ logger: { service: 'api' } }))
 * app.onError(problemHandler)
 * app.get('/users/:id', (c) => {
 *   c.get('observation').log.info('asked for a user')
 *   return c.json({})
 * })
 * ```
 */
export function observed<Env extends object = object>(
  given: Observer | ObserverOptions | ((env: Env) => Observer | ObserverOptions),
): MiddlewareHandler {
  let observer = typeof given === 'function' ? undefined : observerOf(given)
  const contextOf = createContextOf()
  return async (c, next) => {
    const known = observationOf(c.req.raw)
    if (known !== undefined) {
      c.set('observation', known)
      await next()
      known.setRoute(routeOf(c))
      if (c.error !== undefined) known.setError(c.error)
      return
    }
    // Whoever composes the app knows what its bindings are.
    if (typeof given === 'function') observer ??= observerOf(given(c.env as Env))
    const observation = (observer ?? createObserver()).forRequest(c.req.raw, contextOf(c))
    c.set('observation', observation)
    const response = await observation.handle(async () => {
      await next()
      observation.setRoute(routeOf(c))
      if (c.error !== undefined) observation.setError(c.error)
      return c.res
    })
    if (response !== c.res) {
      // Hono keeps the headers of what was there unless it is taken away first.
      c.res = undefined
      c.res = response
    }
  }
}

/**
 * Answers what routes throw with problem details (RFC 9457): `app.onError(problemHandler)`. An
 * `HTTPException` says its own status and message.
 *
 * @example
 * ```ts
 * app.onError(problemHandler)
 * ```
 */
export const problemHandler: ErrorHandler = (error, c) => {
  const requestId = observationOf(c.req.raw)?.requestId
  if (!isHttpException(error)) return problemResponse(error, requestId)
  if (error.res !== undefined) return error.getResponse()
  const { status, message } = error
  return writeProblem({ status, code: 'http', detail: message }, requestId)
}

function observerOf(given: Observer | ObserverOptions): Observer {
  return 'forRequest' in given ? given : createObserver(given)
}

/** The pattern of what answered; where nothing did, that of the middleware. */
function routeOf(c: Context): string {
  // The last one that was asked, once all have been: a catch-all behind it matches as well.
  const { matchedRoutes, routeIndex } = c.req
  return matchedRoutes[routeIndex]?.path ?? ''
}

/**
 * Hono throws where the platform gave none, which takes a server longer than all else here: after
 * so many requests without one, none is asked for any more. Workers have one for each request.
 */
function createContextOf(): (c: Context) => Parameters<Observer['forRequest']>[1] {
  let thrown = 0
  return (c) => {
    if (thrown >= MOST_WITHOUT_CONTEXT) return undefined
    try {
      const context = c.executionCtx
      thrown = 0
      return context
    } catch {
      if (!isWorkers()) thrown++
      return undefined
    }
  }
}

const MOST_WITHOUT_CONTEXT = 100

/** By what it can do: the class may be there twice. */
function isHttpException(error: Error): error is HTTPException {
  return 'getResponse' in error && 'status' in error
}
