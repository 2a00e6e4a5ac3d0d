import { Hono } from 'hono'
import type { AtomicStore, Clock } from '@white-cross/reuse/infrastructure/runtime/ports'

/** `GET /`: whether the backend answers, and how fast. Needs no key and says nothing else. */
export function healthRoute(store: AtomicStore, clock: Clock): Hono {
  return new Hono().get('/', async (c) => {
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
}
