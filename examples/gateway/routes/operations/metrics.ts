import type { MetricsService } from '@white-cross/reuse/infrastructure/logging'
import * as api from '../../contract/operations.ts'
import { route, type Route } from '../../http/route.ts'

/** All metrics, in the form that the request's `accept` asks for: they say how much there is of what. */
export function metricsRoutes(metrics: MetricsService): readonly Route[] {
  return [
    route(api.metrics, async ({ c }) => {
      const { body, contentType } = await metrics.expose(c.req.raw)
      return c.body(body, 200, { 'content-type': contentType, 'cache-control': 'no-store' })
    }),
  ]
}
