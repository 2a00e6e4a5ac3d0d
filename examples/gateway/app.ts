import { Hono, type Context } from 'hono'
import { observed } from '@white-cross/reuse/infrastructure/logging/hono'
import type { Observing } from './observing.ts'
import type { GatewayService } from './gateway-service.ts'
import { cors } from './http/cors.ts'
import { problemOf } from './http/problem.ts'
import { dropUnreadBody } from './http/read-body.ts'
import { responseHeaders } from './http/response-headers.ts'
import { pathNames, type Route } from './http/route.ts'
import { refuseMethod, serveRoute, type ServeOptions } from './http/serve-route.ts'

/** What the gateway is put together from. */
export interface GatewayOptions extends ServeOptions {
  readonly services: readonly GatewayService[]
  readonly observing: Pick<Observing, 'observer'>
  /** Pages for people. Default: there are none. */
  readonly dashboard?: (c: Context) => Promise<Response>
  /** Whose pages may call it. Default: nobody's. */
  readonly corsOrigins?: readonly string[]
}

/**
 * Creates the gateway: every route of every service, each behind its policy.
 *
 * @throws RangeError when two routes have one method and path, or one name
 */
export function createGateway(options: GatewayOptions): Hono {
  const { services, observing, dashboard, corsOrigins = [] } = options
  const routes = services.flatMap((service) => service.routes)
  checkRoutes(routes)
  const app = new Hono()
  app.use(observed(observing.observer))
  app.use(responseHeaders())
  app.use(cors(corsOrigins))
  app.use(dropUnreadBody())
  if (dashboard !== undefined)
    for (const path of ['/dashboard', '/dashboard/*']) app.all(path, dashboard)
  app.onError(problemOf)
  app.notFound(refuseMethod(routes))
  for (const route of routes) {
    const { method, path } = route.operation
    // Hono hands a request for HEAD to the route for GET.
    app.on(method === 'HEAD' ? 'GET' : method, path, serveRoute(route, options))
  }
  return app
}

function checkRoutes(routes: readonly Route[]): void {
  const seen = new Set<string>()
  for (const { operation } of routes)
    for (const name of [operation.id, `${operation.method} ${operation.path}`]) {
      if (seen.has(name)) throw new RangeError(`Cannot create gateway: ${name} is there twice`)
      if (new Set(pathNames(operation.path)).size < pathNames(operation.path).length)
        throw new RangeError(`Cannot create gateway: ${operation.path} names a part twice`)
      seen.add(name)
    }
}
