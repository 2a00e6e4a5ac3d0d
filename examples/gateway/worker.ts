import { env } from 'cloudflare:workers'
import {
  durableObjects,
  InfrastructureObject,
  jobRunner,
} from '@white-cross/reuse/infrastructure/runtime/durable-objects'
import { systemClock, systemRandom } from '@white-cross/reuse/infrastructure/runtime/ports'
import { createWebhooks } from '@white-cross/reuse/infrastructure/webhooks'
import { createApiKeys } from './api-keys.ts'
import { createGateway } from './app.ts'
import { readSettings } from './settings.ts'

const settings = readSettings(env)
const backend = durableObjects(env.INFRASTRUCTURE)
const webhooks = createWebhooks({ backend, ...settings.webhooks })
const keys = createApiKeys({
  store: backend.store,
  clock: systemClock,
  random: systemRandom,
  rootKeyHash: settings.rootKeyHash,
})

export { InfrastructureObject }
export const JobRunner = jobRunner(webhooks)
export default createGateway({
  backend,
  webhooks,
  keys,
  clock: systemClock,
  random: systemRandom,
  log: (record) => console.log(JSON.stringify(record)),
})
