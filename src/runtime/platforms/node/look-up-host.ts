import type { FoundAddress } from './found-address.ts'
import { nodeModule } from './node-modules.ts'

/** Finds all addresses of a host name; rejects when there are none. */
export type LookUpHost = (hostname: string) => Promise<readonly FoundAddress[]>

/** Asks what the operating system asks: the hosts file, then DNS. */
export const systemLookUp: LookUpHost = (hostname) => {
  const { promise, resolve, reject } = Promise.withResolvers<readonly FoundAddress[]>()
  nodeModule('dns').lookup(hostname, { all: true }, (error, found) =>
    error === null ? resolve(found) : reject(error),
  )
  return promise
}
