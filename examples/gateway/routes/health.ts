import { Hono } from 'hono'
import type { HealthCheckService } from '@white-cross/reuse/infrastructure/logging'
import type { AtomicStore, Clock } from '@white-cross/reuse/infrastructure/runtime/ports'

/**
 * `GET /`: whether the backend answers, and how fast. `GET /live`: whether the gateway runs at all,
 * without asking anybody. `GET /ready`: whether it can do its work. They need no key and say nothing
 * else.
 */
export function healthRoutes(store: AtomicStore, clock: Clock, health: HealthCheckService): Hono {
  const app = new Hono()
  app.get('/live', () => health.live())
  app.get('/ready', () => health.ready())
  app.get('/', async (c) => {
    const startedAt = clock.now()
    try {
      await store.partition('gateway:health').get('probe')
      return c.json({
        status: 'ok',
        checks: { store: { status: 'ok', latencyMs: clock.now() - startedAt } },
      })
    } catch {
      return c.json({ status: 'failing', checks: { store: { status: 'failing' } } }, 503)
    }
  })
  return app
}
