import { env } from 'cloudflare:workers'
import { composeGateway } from '../../examples/gateway/compose-gateway.ts'
import type { GatewayVariables } from '../../examples/gateway/settings.ts'
import {
  durableObjects,
  InfrastructureObject,
  jobRunner,
  type DispatchLimits,
  type DurableObjectNamespaceLike,
} from '../../src/runtime/backends/durable-objects/index.ts'

/** The gateway's object, which takes the jobs of a killed isolate back in 0.4 s instead of ten. */
export class KilledGatewayObject extends InfrastructureObject {
  protected override readonly dispatchLimits: DispatchLimits = {
    jobsPerCall: 20,
    jobsPerQuickCall: 100,
    calls: 4,
    lease: 400,
    timeLimit: 30_000,
  }
}

/** What tools/run-workerd.ts binds. */
interface Env extends GatewayVariables {
  readonly KilledGatewayObject: DurableObjectNamespaceLike
}

const bound = env as Env
const backend = durableObjects(bound.KilledGatewayObject)
const { app, services } = composeGateway(backend, bound, { sinks: [] })

export const JobRunner = jobRunner(...services)
export default app
