import { expect, test } from 'vitest'
import { createFakeClock } from '../../../testing/index.ts'
import { attachmentAv, cloudmersive } from './vendor-scanner.ts'

const bytes = new TextEncoder().encode('hello')
const vendors = { attachmentAv, cloudmersive }

function scan(vendor: keyof typeof vendors, answer: unknown, status = 200) {
  const seen: { url: string; init: RequestInit }[] = []
  const scanner = vendors[vendor]({
    apiKey: 'key-1',
    fetch: async (url, init) => {
      seen.push({ url, init })
      return new Response(typeof answer === 'string' ? answer : JSON.stringify(answer), { status })
    },
  })
  return { seen, verdict: scanner.scan(bytes) }
}

test('attachmentAv() sends bytes with the key, and reads the three verdicts', async () => {
  const clean = scan('attachmentAv', { status: 'clean', size: 5 })
  expect(await clean.verdict).toMatchObject({ verdict: 'clean', engine: 'attachmentAV' })
  const [request] = clean.seen
  expect(request?.url).toBe('https://eu.developer.attachmentav.com/v1/scan/sync/binary')
  expect(request?.init).toMatchObject({ method: 'POST', body: bytes, redirect: 'manual' })
  expect(new Headers(request?.init.headers).get('x-api-key')).toBe('key-1')
  const infected = scan('attachmentAv', { status: 'infected', finding: 'EICAR-AV-Test' })
  expect(await infected.verdict).toMatchObject({ verdict: 'infected', signature: 'EICAR-AV-Test' })
  expect(await scan('attachmentAv', { status: 'no' }).verdict).toMatchObject({
    verdict: 'unscannable',
  })
})

test('cloudmersive() sends a form with the key, and reads its verdicts', async () => {
  const clean = scan('cloudmersive', { CleanResult: true, FoundViruses: null })
  expect((await clean.verdict).verdict).toBe('clean')
  const form = clean.seen[0]?.init.body as FormData
  expect(await (form.get('inputFile') as File).text()).toBe('hello')
  const found = [{ FileName: 'stream', VirusName: 'Eicar-Test-Signature' }]
  expect(
    await scan('cloudmersive', { CleanResult: false, FoundViruses: found }).verdict,
  ).toMatchObject({ verdict: 'infected', signature: 'Eicar-Test-Signature' })
})

test('whatever is no verdict of the vendor rejects', async () => {
  const cases: [keyof typeof vendors, unknown, number, string][] = [
    ['attachmentAv', {}, 200, 'failed'],
    ['attachmentAv', { status: 'fine' }, 200, 'failed'],
    ['attachmentAv', '<html>', 200, 'failed'],
    ['attachmentAv', '', 500, 'unavailable'],
    ['attachmentAv', '', 429, 'unavailable'],
    ['attachmentAv', '', 403, 'unauthorized'],
    ['attachmentAv', '', 301, 'failed'],
    ['cloudmersive', { CleanResult: 'true' }, 200, 'failed'],
    ['cloudmersive', { CleanResult: true, FoundViruses: [{ VirusName: 'x' }] }, 200, 'failed'],
  ]
  for (const [vendor, answer, status, code] of cases)
    await expect(scan(vendor, answer, status).verdict).rejects.toMatchObject({
      name: 'ScanError',
      code,
    })
})

test('what is too long is never sent, and what never answers is given up', async () => {
  const clock = createFakeClock()
  const scanner = attachmentAv({
    apiKey: 'k',
    clock,
    timeout: '5s',
    fetch: () => new Promise(() => undefined),
  })
  expect(await scanner.scan(new Uint8Array(10_000_001))).toMatchObject({ reason: 'too_large' })
  const waiting = scanner.scan(bytes)
  const refused = expect(waiting).rejects.toMatchObject({ code: 'unavailable' })
  await clock.advance(5000)
  await refused
})
