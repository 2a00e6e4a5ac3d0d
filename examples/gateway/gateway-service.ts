import type { Service } from '@white-cross/reuse/infrastructure/runtime/ports'
import type { Route } from './http/route.ts'

/** One entry of the list that a gateway is composed of: a service, and how it is reached. */
export interface GatewayService extends Service {
  readonly routes: readonly Route[]
}

/** A service with routes, or routes whose work others do. */
export function gatewayService(
  name: string,
  routes: readonly Route[],
  service: Partial<Omit<Service, 'name'>> = {},
): GatewayService {
  return { processors: [], ...service, name, routes }
}
