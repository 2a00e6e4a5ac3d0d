import { lazily } from '../../../primitives/lazily.ts'
import ipaddr from 'ipaddr.js'

/**
 * Why an address is not one to send to: the special-purpose range it lies in, or `not_an_address`.
 */
export type AddressRange = string

const globalUnicastV6 = /* @__PURE__ */ lazily(() => ipaddr.IPv6.parseCIDR('2000::/3'))

/**
 * Azure's host agent: an address of the public space that each virtual machine reaches and nobody
 * else.
 */
const AZURE_HOST_AGENT = '168.63.129.16'

/**
 * Judges an IP address by the IANA special-purpose registries.
 *
 * IPv4 passes when it is plain unicast. IPv6 passes when it is plain unicast inside 2000::/3: by
 * default everything else is refused, which takes in loopback, link-local, unique local, mapped,
 * NAT64, discard-only and what is assigned later. Inside 2000::/3 the ranges that carry an IPv4
 * address (6to4, Teredo, ISATAP) are refused whatever they carry.
 *
 * @param text An address as DNS answers and `URL.hostname` write it; IPv6 with or without brackets
 * @returns `null` when the address is public, otherwise the range that refuses it
 *
 * @example
 * refusedRange('10.0.0.1') // 'private'
 * refusedRange('93.184.216.34') // null
 */
export function refusedRange(text: string): AddressRange | null {
  const bare = text.startsWith('[') && text.endsWith(']') ? text.slice(1, -1) : text
  if (ipaddr.IPv4.isValidFourPartDecimal(bare)) return refusedV4(ipaddr.IPv4.parse(bare))
  if (ipaddr.IPv6.isValid(bare) && !bare.includes('%')) return refusedV6(ipaddr.IPv6.parse(bare))
  return 'not_an_address'
}

function refusedV4(address: ipaddr.IPv4): AddressRange | null {
  if (address.toString() === AZURE_HOST_AGENT) return 'metadata'
  const range = address.range()
  return range === 'unicast' ? null : range
}

function refusedV6(address: ipaddr.IPv6): AddressRange | null {
  const range = address.range()
  if (range !== 'unicast') return range
  if (!address.match(globalUnicastV6())) return 'outside 2000::/3'
  return isIsatap(address) ? 'isatap' : null
}

/**
 * An interface identifier of `[02]00:5efe` carries the IPv4 address of a tunnel's end (RFC 5214
 * §6.1).
 */
function isIsatap({ parts }: ipaddr.IPv6): boolean {
  return ((parts[4] ?? 0) & ~0x0200) === 0 && parts[5] === 0x5efe
}
