import { env } from 'cloudflare:workers'
import { createApiKeys } from '../../examples/gateway/api-keys.ts'
import { createGateway } from '../../examples/gateway/app.ts'
import { readSettings, type GatewayVariables } from '../../examples/gateway/settings.ts'
import {
  durableObjects,
  InfrastructureObject,
  jobRunner,
  type DispatchLimits,
  type DurableObjectNamespaceLike,
} from '../../src/runtime/durable-objects/index.ts'
import { systemClock } from '../../src/runtime/ports/clock.ts'
import { systemRandom } from '../../src/runtime/ports/random-source.ts'
import { createWebhooks } from '../../src/services/webhooks/index.ts'

/** The gateway's object, which takes the jobs of a killed isolate back in 0.4 s instead of ten. */
export class KilledGatewayObject extends InfrastructureObject {
  protected override readonly dispatchLimits: DispatchLimits = {
    jobsPerCall: 20,
    jobsPerQuickCall: 100,
    calls: 4,
    leaseMs: 400,
    alarmMs: 30_000,
  }
}

/** What tools/run-workerd.ts binds. */
interface Env extends GatewayVariables {
  readonly KilledGatewayObject: DurableObjectNamespaceLike
}

const bound = env as Env
const settings = readSettings(bound)
const backend = durableObjects(bound.KilledGatewayObject)
const webhooks = createWebhooks({ backend, ...settings.webhooks })
const keys = createApiKeys({
  store: backend.store,
  clock: systemClock,
  random: systemRandom,
  rootKeyHash: settings.rootKeyHash,
})

export const JobRunner = jobRunner(webhooks)
export default createGateway({
  backend,
  webhooks,
  keys,
  clock: systemClock,
  random: systemRandom,
  log: () => undefined,
})
