import { isIP, SocketAddress } from 'node:net'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { formatIp, isInNetwork, networkOf, parseIp, parseNetwork } from './ip-address.ts'

function canonical(text: string): string | null {
  const ip = parseIp(text)
  return ip === null ? null : formatIp(ip)
}

test.for([
  ['203.0.113.7', '203.0.113.7'],
  ['0.0.0.0', '0.0.0.0'],
  ['255.255.255.255', '255.255.255.255'],
  ['::ffff:203.0.113.7', '203.0.113.7'],
  ['::FFFF:cb00:7107', '203.0.113.7'],
  ['0:0:0:0:0:ffff:203.0.113.7', '203.0.113.7'],
  ['0000:0000:0000:0000:0000:ffff:cb00:7107', '203.0.113.7'],
  ['::203.0.113.7', '::cb00:7107'],
  ['2001:DB8::1', '2001:db8::1'],
  ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
  ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
  ['2001:db8::1.2.3.4', '2001:db8::102:304'],
  ['fe80::1%eth0', 'fe80::1'],
  ['::', '::'],
  ['1::', '1::'],
  ['::1', '::1'],
  ['64:ff9b::203.0.113.7', '64:ff9b::cb00:7107'],
] as const)('parseIp() reads %s as %s', ([text, expected]) => {
  expect(canonical(text)).toBe(expected)
})

test.for([
  '010.0.0.1',
  '0x7f.0.0.1',
  '127.1',
  '2130706433',
  '017700000001',
  '1.2.3.256',
  '1.2.3',
  '1.2.3.4.5',
  '1.2.3.4:80',
  '[::1]',
  ' 1.2.3.4',
  '1.2.3.4 ',
  '１.2.3.4',
  '1.2.3.-4',
  '1e1.2.3.4',
  '+1.2.3.4',
  '',
  ':::',
  ':1',
  '1:',
  '1:2:3:4:5:6:7',
  '1:2:3:4:5:6:7:8:9',
  '1:2:3:4:5:6:7::8:9',
  '1::2::3',
  '12345::',
  'g::',
  '1:2:3:4:5:6:7:1.2.3.4',
  '1.2.3.4::',
  '::1.2.3.4:1',
  '::ffff:1.2.3',
  '::ffff:01.2.3.4',
  'fe80::1%',
  'fe80::1%a%b',
  '::1/128',
  'unknown',
  `${'0:'.repeat(60)}1`,
])('parseIp() refuses %j', (text) => {
  expect(parseIp(text)).toBeNull()
})

test('parseIp() and formatIp() agree with the platform on every IPv6 address', () => {
  const group = fc.oneof(fc.constant(0), fc.nat(0xffff))
  fc.assert(
    fc.property(fc.array(group, { minLength: 8, maxLength: 8 }), (groups) => {
      const long = groups.map((one) => one.toString(16)).join(':')
      const address = canonical(long) ?? ''
      if (address.includes('.')) return
      expect(isIP(address)).toBe(6)
      expect(parseIp(address)).toEqual({ version: 6, groups })
      const theirs = new SocketAddress({ address: long, family: 'ipv6' }).address
      expect(canonical(theirs)).toBe(address)
    }),
  )
})

test('parseNetwork() and isInNetwork() compare the bits of the prefix, and nothing else', () => {
  const inside = (text: string, cidr: string): boolean | null => {
    const [ip, network] = [parseIp(text), parseNetwork(cidr)]
    return ip === null || network === null ? null : isInNetwork(ip, network)
  }
  expect(inside('10.1.2.3', '10.0.0.0/8')).toBe(true)
  expect(inside('11.0.0.0', '10.0.0.0/8')).toBe(false)
  expect(inside('10.0.0.127', '10.0.0.0/25')).toBe(true)
  expect(inside('10.0.0.128', '10.0.0.0/25')).toBe(false)
  expect(inside('::ffff:10.0.0.1', '10.0.0.0/8')).toBe(true)
  expect(inside('10.0.0.1', '::ffff:10.0.0.0/104')).toBe(true)
  expect(inside('10.0.0.1', '::/0')).toBe(false)
  expect(inside('1.2.3.4', '0.0.0.0/0')).toBe(true)
  expect(inside('2001:db8:1::', '2001:db8::/33')).toBe(true)
  expect(inside('2001:db8:8000::', '2001:db8::/33')).toBe(false)
  expect(inside('::1', '::1')).toBe(true)
  for (const bad of [
    '10.0.0.1/8',
    '10.0.0.0/33',
    '10.0.0.0/08',
    '10.0.0.0/',
    '::/129',
    '::ffff:0:0/95',
    'x',
    '1.2.3.4/1/1',
    'fe80::%a/64',
  ])
    expect(parseNetwork(bad), bad).toBeNull()
  const ip = parseIp('2001:db8:1:2:3:4:5:6')
  expect(ip === null ? '' : formatIp(networkOf(ip, 56))).toBe('2001:db8:1::')
})
