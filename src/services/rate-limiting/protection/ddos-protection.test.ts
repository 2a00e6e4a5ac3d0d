import { expect, test } from 'vitest'
import { memory } from '../../../runtime/backends/memory/index.ts'
import type { RateLimitStore } from '../../../runtime/ports/rate-limit-store/rate-limit-store.ts'
import { createFakeClock } from '../../../testing/fake-clock.ts'
import { RateLimitGuard } from '../guard/rate-limit-guard.ts'
import { DdosProtection } from './ddos-protection.ts'
import type { BannedEvent, DdosProtectionOptions } from './protection-options.ts'

function fixture(options: Partial<DdosProtectionOptions> = {}) {
  const clock = createFakeClock()
  const { rateLimits } = memory({ clock })
  const calls = { consume: 0 }
  const store: RateLimitStore = {
    clock,
    consume(...args) {
      calls.consume++
      return rateLimits.consume(...args)
    },
    settle: rateLimits.settle,
    reset: rateLimits.reset,
  }
  const banned: BannedEvent[] = []
  const given: DdosProtectionOptions = {
    backend: { rateLimits: store },
    ban: { offences: 3, window: '1m', duration: '1m', maxDuration: '3m', forget: '1h' },
    onBanned: (event) => void banned.push(event),
    ...options,
  }
  return { clock, calls, banned, given, protection: new DdosProtection(given) }
}

test('an address that offends is banned, for longer each time, and in every process', async () => {
  const { protection, given, clock, banned } = fixture({ network: false })
  const other = new DdosProtection(given)
  for (const forMs of [60_000, 120_000, 180_000, 180_000]) {
    await protection.report('203.0.113.7', 2)
    expect((await protection.check('203.0.113.7')).allowed).toBe(true)
    await clock.advance(5000)
    await protection.report('203.0.113.7')
    const expected = { allowed: false, reason: 'banned', retryAfterMs: forMs }
    expect(await protection.check('203.0.113.7')).toMatchObject(expected)
    expect(await other.check('::ffff:203.0.113.7')).toMatchObject(expected)
    expect((await protection.check('203.0.113.8')).allowed).toBe(true)
    await clock.advance(forMs)
    expect((await other.check('203.0.113.7')).allowed).toBe(true)
  }
  expect(banned.map(({ forMs }) => forMs)).toEqual([60_000, 120_000, 180_000, 180_000])
  expect(banned[0]?.key).toBe('ip:203.0.113.7')
  await protection.report('203.0.113.7', 3)
  await clock.advance(1000)
  await protection.report('203.0.113.7', 3)
  await protection.unban('203.0.113.7')
  expect((await protection.check('203.0.113.7')).allowed).toBe(true)
})

test('many addresses of one network are banned with it', async () => {
  const { protection, banned } = fixture({ network: { ipv6: 48, offences: 4 } })
  for (let host = 1; host <= 4; host++) await protection.report(`2001:db8:1:${host}::1`)
  expect(banned).toEqual([{ key: 'ip:2001:db8:1::/48', forMs: 60_000 }])
  expect((await protection.check('2001:db8:1:ffff::1')).reason).toBe('banned')
  expect((await protection.check('2001:db8:2:1::1')).allowed).toBe(true)
})

test('a flood costs the store a call in five seconds and a report a second, of each address', async () => {
  const { protection, calls, clock } = fixture({ ban: { offences: 1000 } })
  for (let count = 0; count < 500; count++) {
    await protection.check('203.0.113.7')
    await protection.report('203.0.113.7')
  }
  expect(calls.consume).toBe(2)
  await clock.advance(1000)
  await protection.report('203.0.113.7', 500)
  expect(calls.consume).toBe(3)
  const { reason } = await protection.check('203.0.113.7')
  expect([reason, calls.consume]).toEqual(['banned', 3])
})

test('what is kept of addresses is bounded, however many there are', async () => {
  const { protection, calls } = fixture({ network: false })
  for (let host = 0; host < 30_000; host++)
    await protection.check(`10.${host >> 16}.${(host >> 8) & 255}.${host & 255}`)
  expect(calls.consume).toBe(30_000)
  // The first ones are forgotten, and asked for again; the last ones are not.
  await protection.check('10.0.0.0')
  await protection.check(`10.0.${29_999 >> 8}.${29_999 & 255}`)
  expect(calls.consume).toBe(30_001)
})

test('lists of networks decide before anything is asked', async () => {
  const { protection, calls } = fixture({
    allow: ['10.0.0.0/8', '2001:db8::/32'],
    deny: ['203.0.113.0/24', '198.51.100.7', '::ffff:192.0.2.0/120'],
  })
  const ask = async (address: string) => {
    const { allowed, reason, isTrusted } = await protection.check(address)
    return isTrusted ? 'trusted' : allowed ? 'passes' : reason
  }
  expect(await ask('10.200.0.1')).toBe('trusted')
  expect(await ask('2001:db8:ffff::1')).toBe('trusted')
  for (const denied of ['203.0.113.255', '198.51.100.7', '192.0.2.9', '::ffff:203.0.113.1'])
    expect(await ask(denied), denied).toBe('denied-address')
  expect(calls.consume).toBe(0)
  expect(await ask('198.51.100.8')).toBe('passes')
  await protection.report('10.0.0.1', 1000)
  expect(await ask('10.0.0.1')).toBe('trusted')
  for (const bad of ['10.0.0.1/8', '10.0.0.0/33', 'x', '010.0.0.0/8'])
    expect(() => fixture({ deny: [bad] }), bad).toThrow('entry 1 of deny')
  await expect(protection.check('not an address')).rejects.toBeInstanceOf(RangeError)
})

test('capacity is shared by importance: low stops at half, normal before the last tenth', async () => {
  const { protection, clock } = fixture({ capacity: { limit: 100, window: '1m' } })
  const admitted = async (priority: 'critical' | 'normal' | 'low') => {
    let count = 0
    while ((await protection.check('203.0.113.7', { priority })).allowed) count++
    return count
  }
  expect([await admitted('low'), await admitted('normal'), await admitted('critical')]).toEqual([
    50, 40, 10,
  ])
  const shed = await protection.check('203.0.113.7')
  expect(shed).toMatchObject({ allowed: false, reason: 'shed', retryAfterMs: 6600 })
  await clock.advance(6600)
  expect((await protection.check('203.0.113.7')).allowed).toBe(true)
})

test('in a burst what is low is shed, and a long one does not become what is usual', async () => {
  const { protection, clock } = fixture({ burst: { interval: '10s', factor: 3, minimum: 50 } })
  const low = async (count: number) => {
    let shed = 0
    for (let index = 0; index < count; index++)
      if (!(await protection.check('203.0.113.7', { priority: 'low' })).allowed) shed++
    await clock.advance(10_000)
    return shed
  }
  const calm = [await low(40), await low(45), await low(40)]
  const flood = [await low(1000), await low(1000), await low(1000)]
  expect(calm).toEqual([0, 0, 0])
  for (const shed of flood) expect(shed).toBeGreaterThan(850)
  expect(await low(40)).toBe(0)
})

test('a guard refuses what is denied, banned or shed, and reports what its rules deny', async () => {
  const { protection, clock } = fixture({
    deny: ['203.0.113.9'],
    allow: ['203.0.113.1'],
    network: false,
  })
  const guard = new RateLimitGuard({
    backend: memory({ clock }),
    protection,
    rules: [{ limit: 1, window: '1h' }],
  })
  const ask = async (address: string) => {
    const response = await guard.check(new Request('https://api.example/'), address)
    return [response?.status ?? 200, response?.headers.get('retry-after') ?? null]
  }
  expect(await ask('203.0.113.9')).toEqual([403, null])
  for (let count = 0; count < 5; count++) expect(await ask('203.0.113.1')).toEqual([200, null])
  expect(await ask('203.0.113.7')).toEqual([200, null])
  for (let count = 0; count < 3; count++) {
    expect((await ask('203.0.113.7'))[0]).toBe(429)
    await clock.advance(1000)
  }
  const banned = await guard.check(new Request('https://api.example/'), '203.0.113.7')
  expect(await banned?.json()).toMatchObject({
    type: 'https://iana.org/assignments/http-problem-types#abnormal-usage-detected',
  })
  expect(banned?.headers.get('retry-after')).toBe('59')
  expect(await ask('junk')).toEqual([400, null])
})

test('a store that fails bans nobody, and a report of it never rejects', async () => {
  const failures: unknown[] = []
  const fails = async () => {
    throw new Error('down')
  }
  const protection = new DdosProtection({
    backend: { rateLimits: { consume: fails, settle: fails, reset: fails } },
    onError: 'deny',
    onFailure: (error) => void failures.push(error),
  })
  expect((await protection.check('203.0.113.7')).allowed).toBe(true)
  await protection.report('203.0.113.7', 100)
  expect(failures.length).toBe(2)
  expect(
    () => new DdosProtection({ backend: memory(), dryRun: true } as DdosProtectionOptions),
  ).toThrow('dryRun means nothing')
})
