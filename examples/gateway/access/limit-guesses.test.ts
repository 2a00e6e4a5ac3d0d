import { createFakeClock } from '@white-cross/reuse/infrastructure/testing'
import { expect, test } from 'vitest'
import { openTestGateway, type TestGateway } from '../test-gateway.ts'
import type { Caller } from './caller.ts'
import { createGuessLimit } from './limit-guesses.ts'

const wrong = (number: number): string => `wcr_${String(number).padStart(48, '0')}`

/** Asks as a server would that was called from there. */
async function ask(
  { app }: TestGateway,
  address: string,
  bearer: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<readonly [number, string | null]> {
  const request = new Request('http://localhost/v1/deliveries', {
    headers: { authorization: `Bearer ${bearer}`, ...headers },
  })
  const response = await app.fetch(request, { connection: address })
  await response.body?.cancel()
  return [response.status, response.headers.get('retry-after')]
}

async function guess(gateway: TestGateway, address: string, count: number): Promise<number[]> {
  const statuses: number[] = []
  for (let index = 0; index < count; index++)
    statuses.push((await ask(gateway, address, wrong(index)))[0])
  return statuses
}

test('wrong credentials are looked up 20 times for an address, and then one in 3 s', async () => {
  const gateway = await openTestGateway()
  const statuses = await guess(gateway, '192.0.2.1', 200)
  expect(statuses.filter((status) => status === 401)).toHaveLength(20)
  expect(statuses.slice(20).every((status) => status === 429)).toBe(true)
  expect((await ask(gateway, '192.0.2.1', wrong(1)))[1]).toBe('3')
  await gateway.clock.advance(3000)
  expect(await guess(gateway, '192.0.2.1', 3)).toEqual([401, 429, 429])
  expect((await ask(gateway, '192.0.2.2', wrong(1)))[0]).toBe(401)
  await gateway.clock.advance(60_000)
  expect((await ask(gateway, '192.0.2.1', 'root'))[0]).toBe(200)
  expect(gateway.lines.filter(({ levelName }) => /error|fatal/.test(levelName))).toEqual([])
})

test('what was good before is good behind the address of who guesses, also as it is shown', async () => {
  const gateway = await openTestGateway()
  expect((await ask(gateway, '192.0.2.1', 'root'))[0]).toBe(200)
  await guess(gateway, '192.0.2.1', 50)
  for (let again = 0; again < 5; again++)
    expect((await ask(gateway, '192.0.2.1', 'root'))[0]).toBe(200)
  const made = await gateway.call('POST', '/v1/keys', { label: 'k', tenant: 'acme' })
  const key = String(made.body['key'])
  expect((await ask(gateway, '192.0.2.1', key))[0]).toBe(429)
  await gateway.clock.advance(3000)
  // Its turn costs nothing, since it is good.
  expect((await ask(gateway, '192.0.2.1', key))[0]).toBe(200)
  expect(await guess(gateway, '192.0.2.1', 2)).toEqual([401, 429])
  expect((await ask(gateway, '192.0.2.1', key))[0]).toBe(200)
  // A key that is revoked is no longer one that was good.
  await gateway.call('DELETE', `/v1/keys/${String(made.body['id'])}?tenant=acme`)
  await gateway.clock.advance(5001)
  expect((await ask(gateway, '192.0.2.1', key))[0]).toBe(401)
  expect((await ask(gateway, '192.0.2.1', key))[0]).toBe(429)
})

test('headers of a client’s own change nothing, nor do addresses of one IPv6 network', async () => {
  const gateway = await openTestGateway()
  for (let index = 0; index < 20; index++)
    await ask(gateway, '192.0.2.1', wrong(index), {
      'x-forwarded-for': `198.51.100.${index}`,
      'cf-connecting-ip': `198.51.100.${index}`,
    })
  const spoofed = { 'x-forwarded-for': '203.0.113.9', 'cf-connecting-ip': '203.0.113.9' }
  expect((await ask(gateway, '192.0.2.1', wrong(0), spoofed))[0]).toBe(429)
  for (let index = 0; index < 20; index++)
    await ask(gateway, `2001:db8::1:${index.toString(16)}`, wrong(index))
  expect((await ask(gateway, '2001:db8:0:0:9999::5', wrong(1)))[0]).toBe(429)
  expect((await ask(gateway, '2001:db8:0:1::5', wrong(1)))[0]).toBe(401)
})

test('behind a proxy the address is what it adds, whatever stands before it', async () => {
  const gateway = await openTestGateway({ TRUSTED_PROXIES: '1' })
  const from = (index: number, own: string): Record<string, string> => ({
    'x-forwarded-for': `10.0.0.${index}, ${own}`,
  })
  for (let index = 0; index < 20; index++)
    await ask(gateway, '127.0.0.1', wrong(index), from(index, '192.0.2.1'))
  expect((await ask(gateway, '127.0.0.1', wrong(1), from(99, '192.0.2.1')))[0]).toBe(429)
  expect((await ask(gateway, '127.0.0.1', wrong(1), from(99, '192.0.2.2')))[0]).toBe(401)
  // Who comes without what the proxy says has an address in common with all others who do.
  expect((await guess(gateway, '127.0.0.1', 21)).at(-1)).toBe(429)
  await expect(openTestGateway({ TRUSTED_PROXIES: '0' })).rejects.toThrow('TRUSTED_PROXIES')
})

test('of 1,000 that come at once from an address which has guessed, as many are looked up as may be wrong', async () => {
  const clock = createFakeClock()
  const limit = createGuessLimit(clock)
  let looked = 0
  const find = async (): Promise<Caller | null> => {
    looked++
    return null
  }
  await limit('192.0.2.1', 'a', find)
  await Promise.allSettled(
    Array.from({ length: 1000 }, (_, index) => limit('192.0.2.1', `g${index}`, find)),
  )
  expect(looked).toBe(20)
  // A store that does not answer is not the caller's fault.
  const failing = (): Promise<never> => Promise.reject(new Error('away'))
  for (let index = 0; index < 50; index++)
    await expect(limit('192.0.2.7', `x${index}`, failing)).rejects.toThrow('away')
  // A clock that was set back makes the wait no longer than it can become.
  const back = createGuessLimit({ ...clock, now: () => (looked++ < 30 ? 1e9 : 0) })
  for (let index = 0; index < 40; index++)
    await back('192.0.2.1', `b${index}`, async () => null).catch((error: unknown) =>
      expect(error).toMatchObject({ headers: { 'retry-after': '3' } }),
    )
})
