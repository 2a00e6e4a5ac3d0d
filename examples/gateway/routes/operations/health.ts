import type { HealthCheckService } from '@white-cross/reuse/infrastructure/logging'
import type { AtomicStore, Clock } from '@white-cross/reuse/infrastructure/runtime/ports'
import * as api from '../../contract/operations.ts'
import { route, type Route } from '../../http/route.ts'

/**
 * Whether the backend answers, and how fast; whether the gateway runs at all, without asking anybody;
 * whether it can do its work. They say nothing else.
 */
export function healthRoutes(
  store: AtomicStore,
  clock: Clock,
  health: HealthCheckService,
): readonly Route[] {
  return [
    route(api.healthLive, () => health.live()),
    route(api.healthReady, () => health.ready()),
    route(api.health, async () => {
      const startedAt = clock.now()
      try {
        await store.partition('gateway:health').get('probe')
        const latencyMs = clock.now() - startedAt
        return {
          status: 200,
          body: { status: 'ok', checks: { store: { status: 'ok', latencyMs } } },
        }
      } catch {
        return {
          status: 503,
          body: { status: 'failing', checks: { store: { status: 'failing' } } },
        }
      }
    }),
  ]
}
