import { env } from 'cloudflare:workers'
import {
  durableObjects,
  InfrastructureObject,
  jobRunner,
} from '@white-cross/reuse/infrastructure/runtime/durable-objects'
import { observe } from '@white-cross/reuse/infrastructure/logging'
import { sweepServices } from '@white-cross/reuse/infrastructure/runtime/coordination'
import { r2 } from '@white-cross/reuse/infrastructure/storage/r2'
import { composeGateway } from './compose-gateway.ts'

const backend = durableObjects(env.INFRASTRUCTURE)
const { app, services, observer } = composeGateway(backend, env, {
  bucket: r2(env.FILES).bucket(),
})

export { InfrastructureObject }
// Tenants' queues are found by their names.
export const JobRunner = jobRunner(...services)
export default observe(
  {
    fetch: app.fetch,
    // A second wake that depends on no alarm.
    scheduled: () => sweepServices(services),
  },
  () => observer,
)
