/**
 * An IP address: its groups are 4 of 8 bits (IPv4) or 8 of 16 bits (IPv6), most significant first.
 */
export interface IpAddress {
  readonly version: 4 | 6
  readonly groups: readonly number[]
}

/** All addresses that begin with the same bits. */
export interface IpNetwork extends IpAddress {
  readonly prefix: number
}

/**
 * Reads an address strictly, in the notations of RFC 4291 §2.2 and dotted quads of decimal numbers
 * without leading zeros. An IPv4 address that is mapped into IPv6 (`::ffff:203.0.113.7`) is that
 * IPv4 address; a zone (`%eth0`) belongs to this machine and is left out.
 *
 * @returns `null` for anything else: octal, hexadecimal and short IPv4 forms, ports, brackets,
 *   spaces
 */
export function parseIp(text: string): IpAddress | null {
  if (text.length > 100) return null
  if (!text.includes(':')) return parseIpv4(text)
  const [address = '', zone, ...more] = text.split('%')
  if (more.length > 0 || (zone !== undefined && !/^[\w.~-]{1,32}$/.test(zone))) return null
  const groups = parseIpv6(address)
  return groups === null ? null : unmapped(groups)
}

/** The one way in which an address is written: dotted, or RFC 5952. */
export function formatIp({ version, groups }: IpAddress): string {
  if (version === 4) return groups.join('.')
  const hex = groups.map((group) => group.toString(16))
  const { start, length } = longestZeros(groups)
  if (length < 2) return hex.join(':')
  return `${hex.slice(0, start).join(':')}::${hex.slice(start + length).join(':')}`
}

/** The network of that many bits that an address lies in. @param prefix 0 to 32, or 128 */
export function networkOf({ version, groups }: IpAddress, prefix: number): IpNetwork {
  const bits = version === 4 ? 8 : 16
  const masked = groups.map((group, index) => {
    const kept = Math.min(Math.max(prefix - index * bits, 0), bits)
    return group & (((1 << kept) - 1) << (bits - kept))
  })
  return { version, groups: masked, prefix }
}

/**
 * Reads `10.0.0.0/8`, `2001:db8::/32` or a single address.
 *
 * @returns `null` when it is none of them, or bits are set behind the prefix
 */
export function parseNetwork(text: string): IpNetwork | null {
  const [address = '', length, ...more] = text.split('/')
  if (more.length > 0 || address.includes('%')) return null
  const ip = parseIp(address)
  if (ip === null) return null
  const most = ip.version === 4 ? 32 : 128
  if (length === undefined) return networkOf(ip, most)
  if (!/^(0|[1-9]\d{0,2})$/.test(length)) return null
  // A network of mapped addresses is one of IPv4, if it holds nothing else.
  const prefix = Number(length) - (ip.version === 4 && address.includes(':') ? 96 : 0)
  if (prefix < 0 || prefix > most) return null
  const network = networkOf(ip, prefix)
  return network.groups.every((group, index) => group === ip.groups[index]) ? network : null
}

/** Whether an address lies in a network of its own version. */
export function isInNetwork(ip: IpAddress, network: IpNetwork): boolean {
  if (ip.version !== network.version) return false
  const { groups } = networkOf(ip, network.prefix)
  return groups.every((group, index) => group === network.groups[index])
}

/** Four times 0 to 255, without leading zeros. */
const IPV4 =
  /^(25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)\.(25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)\.(25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)\.(25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)$/

function parseIpv4(text: string): IpAddress | null {
  const match = IPV4.exec(text)
  if (match === null) return null
  const groups = [Number(match[1]), Number(match[2]), Number(match[3]), Number(match[4])]
  return { version: 4, groups }
}

function parseIpv6(text: string): readonly number[] | null {
  const [head = '', tail, ...more] = text.split('::')
  if (more.length > 0) return null
  const before = parseGroups(head, tail === undefined)
  const after = tail === undefined ? [] : parseGroups(tail, true)
  if (before === null || after === null) return null
  const missing = 8 - before.length - after.length
  if (tail === undefined ? missing !== 0 : missing < 1) return null
  return [...before, ...Array.from({ length: missing }, () => 0), ...after]
}

/** @param isLast Whether the last group may be a dotted quad */
function parseGroups(text: string, isLast: boolean): readonly number[] | null {
  if (text === '') return []
  const groups: number[] = []
  const parts = text.split(':')
  for (const [index, part] of parts.entries()) {
    if (/^[\da-f]{1,4}$/i.test(part)) {
      groups.push(Number.parseInt(part, 16))
      continue
    }
    const quad = isLast && index === parts.length - 1 ? parseIpv4(part) : null
    if (quad === null) return null
    const [a = 0, b = 0, c = 0, d = 0] = quad.groups
    groups.push(a * 256 + b, c * 256 + d)
  }
  return groups
}

function unmapped(groups: readonly number[]): IpAddress {
  const [high = 0, low = 0] = groups.slice(6)
  const isMapped = groups[5] === 0xffff && groups.slice(0, 5).every((group) => group === 0)
  if (!isMapped) return { version: 6, groups }
  return { version: 4, groups: [high >> 8, high & 255, low >> 8, low & 255] }
}

function longestZeros(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 }
  for (let start = 0; start < groups.length; start++) {
    let length = 0
    while (groups[start + length] === 0) length++
    if (length > best.length) best = { start, length }
  }
  return best
}
