import { env } from 'cloudflare:workers'
import {
  durableObjects,
  InfrastructureObject,
  jobRunner,
} from '@white-cross/reuse/infrastructure/runtime/durable-objects'
import { observe } from '@white-cross/reuse/infrastructure/logging'
import { sweepServices } from '@white-cross/reuse/infrastructure/runtime/coordination'
import { r2 } from '@white-cross/reuse/infrastructure/storage/r2'
import { systemFetch } from '@white-cross/reuse/infrastructure/runtime/ports'
import { composeGateway } from './compose-gateway.ts'
import { ListenerObject } from './listeners/listener-object.ts'
import { connectObject, objectListeners } from './listeners/object-listeners.ts'
import { connectionOf } from './listeners/upgrades.ts'

const backend = durableObjects(env.INFRASTRUCTURE)
const { app, services, observer } = composeGateway(backend, env, {
  bucket: r2(env.FILES).bucket(),
  listening: { listeners: objectListeners(env.LISTENERS), createFetch: () => systemFetch },
})

export { InfrastructureObject, ListenerObject }
// Tenants' queues are found by their names.
export const JobRunner = jobRunner(...services)
const handlers = observe(
  {
    fetch: app.fetch,
    // A second wake that depends on no alarm.
    scheduled: () => sweepServices(services),
  },
  () => observer,
)
export default {
  ...handlers,
  async fetch(request: Request, bindings: Cloudflare.Env, ctx: ExecutionContext) {
    const response = await handlers.fetch(request, bindings, ctx)
    const connection = connectionOf(request)
    return connection === undefined || !response.ok
      ? response
      : connectObject(env.LISTENERS, connection)
  },
}
