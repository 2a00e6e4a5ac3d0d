import { Hono } from 'hono'
import type { MetricsService } from '@white-cross/reuse/infrastructure/logging'

/**
 * `GET /`: all metrics, in the form that the request's `accept` asks for. Behind an API key: they say
 * how much there is of what.
 */
export function metricsRoute(metrics: MetricsService): Hono {
  return new Hono().get('/', async (c) => {
    const { body, contentType } = await metrics.expose(c.req.raw)
    return c.body(body, 200, { 'content-type': contentType, 'cache-control': 'no-store' })
  })
}
