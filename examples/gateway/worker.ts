import { env } from 'cloudflare:workers'
import {
  durableObjects,
  InfrastructureObject,
  jobRunner,
} from '@white-cross/reuse/infrastructure/runtime/durable-objects'
import { sweepServices } from '@white-cross/reuse/infrastructure/runtime/coordination'
import { composeGateway } from './compose-gateway.ts'

const backend = durableObjects(env.INFRASTRUCTURE)
const { app, services } = composeGateway(backend, env, (record) =>
  console.log(JSON.stringify(record)),
)

export { InfrastructureObject }
export const JobRunner = jobRunner(...services)
export default {
  fetch: app.fetch,
  // A second wake that depends on no alarm.
  scheduled: () => sweepServices(services),
}
