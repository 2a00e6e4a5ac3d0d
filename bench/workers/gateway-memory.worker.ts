import { env } from 'cloudflare:workers'
import { memory } from '@white-cross/reuse/infrastructure/runtime/memory'
import {
  durableObjects,
  InfrastructureObject,
  type DurableObjectNamespaceLike,
} from '@white-cross/reuse/infrastructure/runtime/durable-objects'
import { composeGateway } from '../../examples/gateway/compose-gateway.ts'
import { VARIABLES } from '../gateway-variables.ts'

export { InfrastructureObject }

// Bound by the configuration, see `serve-workers.ts`.
const bindings = env as unknown as { readonly InfrastructureObject: DurableObjectNamespaceLike }
const backend = {
  ...durableObjects(bindings.InfrastructureObject),
  rateLimits: memory().rateLimits,
}

export default composeGateway(backend, VARIABLES).app
