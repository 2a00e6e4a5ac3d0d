import {
  formatIp,
  networkOf,
  parseNetwork,
  type IpAddress,
} from '../../../primitives/ip-address.ts'

/**
 * Addresses and networks, asked for in a time that grows with the lengths of prefixes in it, not
 * with the list.
 */
export interface AddressList {
  has(ip: IpAddress): boolean
}

const MAX_ENTRIES = 100_000

/**
 * @throws RangeError when an entry is neither an address nor a network: `10.0.0.1/8` has bits
 *   behind its prefix
 */
export function addressList(action: string, name: string, entries: readonly string[]): AddressList {
  if (!Array.isArray(entries) || entries.length > MAX_ENTRIES)
    throw new RangeError(`Cannot ${action}: ${name} is no list of at most ${MAX_ENTRIES} networks`)
  const byPrefix = new Map<string, Set<string>>()
  for (const [index, entry] of entries.entries()) {
    const network = typeof entry === 'string' ? parseNetwork(entry) : null
    if (network === null)
      throw new RangeError(
        `Cannot ${action}: entry ${index + 1} of ${name} is no network, one such as 10.0.0.0/8 or 2001:db8::/32 expected`,
      )
    const prefix = `${network.version}/${network.prefix}`
    byPrefix.set(prefix, (byPrefix.get(prefix) ?? new Set()).add(formatIp(network)))
  }
  const prefixes = [...byPrefix].map(([key, networks]) => {
    const [version, prefix] = key.split('/').map(Number)
    return { version, prefix: prefix ?? 0, networks }
  })
  return {
    has: (ip) =>
      prefixes.some(
        ({ version, prefix, networks }) =>
          version === ip.version && networks.has(formatIp(networkOf(ip, prefix))),
      ),
  }
}
