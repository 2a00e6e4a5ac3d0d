import { request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import sharp from 'sharp'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import type { BlobProvider } from '@white-cross/reuse/infrastructure/storage'
import { memoryBlobs } from '@white-cross/reuse/infrastructure/storage/memory'
import { connectSocket } from '@white-cross/reuse/infrastructure/runtime/node'
import { clamd, type VirusScanner } from '@white-cross/reuse/infrastructure/storage/scanning'
import {
  SIDECAR_PATHS,
  sidecar,
  signSidecarRequest,
  verifySidecarAnswer,
} from '@white-cross/reuse/infrastructure/storage/sidecar'
import { jsonResult } from '../../sidecar/src/server/answers.ts'
import type { Handler } from '../../sidecar/src/server/handlers.ts'
import { createNonceMemory } from '../../sidecar/src/server/nonce-memory.ts'
import { EICAR, startClamd } from '../support/clamd.ts'
import { hasProgram } from '../support/has-program.ts'
import { makeZip } from '../support/make-zip.ts'
import { sendSigned, SIDECAR_KEY, useSidecar } from '../support/sidecar.ts'

const hello = new TextEncoder().encode('hello')
const asBody = { input: { body: true } }

/** A scanner that waits until it is let go. */
function slowScanner() {
  const { promise: released, resolve: release } = Promise.withResolvers<void>()
  let running = 0
  const scanner: VirusScanner = {
    name: 'slow',
    capabilities: { stores: [], maxBytes: 1000, archives: false },
    async scan() {
      running++
      await released
      return { verdict: 'clean', engine: 'Slow 1', signaturesAt: null }
    },
  }
  return { scanner, release, running: () => running }
}

async function codeOf(response: Response): Promise<string> {
  const { error } = (await response.json()) as { error: { code: string } }
  return `${response.status} ${error.code}`
}

test('a request is answered once, when it is signed, in time and whole', async () => {
  let now = Date.now()
  await using used = await useSidecar({}, { now: () => now })
  const { url } = used.server
  const path = SIDECAR_PATHS.capabilities
  const same = await signSidecarRequest({ method: 'POST', path, parameters: {} }, SIDECAR_KEY)
  const send = (headers: Record<string, string>, at: string = path): Promise<Response> =>
    fetch(`${url}${at}`, { method: 'POST', headers })
  const answer = await send(same)
  const body = new Uint8Array(await answer.arrayBuffer())
  const nonce = same['reuse-nonce'] ?? ''
  const signature = answer.headers.get('reuse-signature')
  expect(await verifySidecarAnswer({ status: 200, nonce, body }, signature, SIDECAR_KEY)).toBe(true)
  expect(await codeOf(await send(same))).toBe('401 replayed')
  expect(await codeOf(await send(same, SIDECAR_PATHS.scan))).toBe('401 signature_mismatch')
  expect(await codeOf(await send({}))).toBe('401 signature_mismatch')
  expect(await codeOf(await send({ ...same, 'reuse-key-id': 'k2' }))).toBe('401 signature_mismatch')
  for (const apart of [-70_000, 70_000]) {
    now = Date.now() + apart
    expect(await codeOf(await sendSigned(url, path, {}))).toBe('401 timestamp_out_of_range')
  }
  now = Date.now()
  const altered = { body: hello, sent: new TextEncoder().encode('hellO') }
  expect(await codeOf(await sendSigned(url, SIDECAR_PATHS.imageInfo, asBody, altered))).toBe(
    '401 signature_mismatch',
  )
  expect(await codeOf(await sendSigned(url, '/v1/nothing', {}))).toBe('501 unsupported')
  expect(await codeOf(await sendSigned(url, path, { more: 1 }))).toBe('400 invalid_operation')
  expect(await codeOf(await sendSigned(url, path, {}, { body: hello }))).toBe(
    '400 invalid_operation',
  )
  const urls = { input: { stored: { url: 'http://127.0.0.1/' } } }
  expect(await codeOf(await sendSigned(url, SIDECAR_PATHS.image, urls))).toBe(
    '400 invalid_operation',
  )
})

test('a client with another secret, and a server with another, are told apart', async () => {
  await using used = await useSidecar()
  const stranger = sidecar({ url: used.server.url, id: 'k1', secret: 'another-secret-of-16' })
  await expect(stranger.imageInfo(hello)).rejects.toMatchObject({ code: 'unauthorized' })
  await expect(stranger.scan(hello)).rejects.toMatchObject({ code: 'unauthorized' })
  expect(await used.client.ask()).toMatchObject({ stores: ['local'], scan: null })
  await expect(used.client.scan(hello)).rejects.toMatchObject({ name: 'ScanError', code: 'failed' })
})

test('a full sidecar says so at once, before it has read the body', async () => {
  const slow = slowScanner()
  await using used = await useSidecar({ scan: { places: 2 } }, { scanner: slow.scanner })
  const { url } = used.server
  const first = [
    sendSigned(url, SIDECAR_PATHS.scan, asBody),
    sendSigned(url, SIDECAR_PATHS.scan, asBody),
  ]
  while (slow.running() < 2) await new Promise(setImmediate)
  const refused = await sendSigned(url, SIDECAR_PATHS.scan, asBody, { body: hello })
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThanOrEqual(1)
  expect(await codeOf(refused)).toBe('503 busy')
  // The headers alone get an answer; the body never comes.
  const headers = await signSidecarRequest(
    { method: 'POST', path: SIDECAR_PATHS.scan, parameters: asBody, body: hello },
    SIDECAR_KEY,
  )
  const status = await new Promise((resolve, reject) => {
    const request = httpRequest(`${url}${SIDECAR_PATHS.scan}`, {
      method: 'POST',
      headers: { ...headers, 'content-length': 5 },
    })
    request.on('response', (response) => resolve(response.statusCode))
    request.on('error', reject)
    request.flushHeaders()
  })
  expect(status).toBe(503)
  await expect(used.client.scan(hello)).rejects.toMatchObject({ code: 'unavailable' })
  slow.release()
  for (const response of await Promise.all(first)) expect(response.status).toBe(200)
  expect((await used.client.scan(hello)).verdict).toBe('clean')
})

test('what is too long is refused by what it announces', async () => {
  await using used = await useSidecar({ bodyBytes: 4 })
  const refused = await sendSigned(used.server.url, SIDECAR_PATHS.imageInfo, asBody, {
    body: hello,
  })
  expect(await codeOf(refused)).toBe('413 input_too_large')
  await used.bucket.put('a', hello)
  await using small = await useSidecar({ image: { inputBytes: 4 } })
  await small.bucket.put('a', hello)
  const stored = { store: 'local', bucket: 'files', key: 'a' }
  await expect(small.client.imageInfo(stored)).rejects.toMatchObject({ code: 'input_too_large' })
})

test('stop() lets what runs end, and takes nothing more', async () => {
  const slow = slowScanner()
  const used = await useSidecar({}, { scanner: slow.scanner })
  const { url } = used.server
  expect((await fetch(`${url}${SIDECAR_PATHS.health}`)).status).toBe(200)
  const running = sendSigned(url, SIDECAR_PATHS.scan, asBody)
  while (slow.running() < 1) await new Promise(setImmediate)
  let stopped = false
  const stopping = used.server.stop().then(() => (stopped = true))
  expect(stopped).toBe(false)
  slow.release()
  expect((await running).status).toBe(200)
  await stopping
  await expect(fetch(url)).rejects.toThrow()
})

test('stop() lets also what has places of its own end', async () => {
  const { promise: released, resolve: release } = Promise.withResolvers<void>()
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>()
  const slow: Handler = async () => {
    begin()
    await released
    return jsonResult({})
  }
  const used = await useSidecar({}, { handlers: new Map([['/v1/mail', slow]]) })
  const running = sendSigned(used.server.url, '/v1/mail', {})
  await begun
  vi.useFakeTimers({ toFake: ['setTimeout'] })
  onTestFinished(() => void vi.useRealTimers())
  let stopped = false
  const stopping = used.server.stop().then(() => (stopped = true))
  for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate)
  // Longer than answers that are on their way are waited for.
  vi.advanceTimersByTime(5000)
  for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate)
  expect(stopped).toBe(false)
  release()
  expect((await running).status).toBe(200)
  await stopping
})

test('a store that stands still is given up, and its places are free again', async () => {
  const inner = memoryBlobs()
  const hanging: BlobProvider = {
    ...inner,
    bucket: (name) => ({ ...inner.bucket(name), get: () => new Promise(() => undefined) }),
  }
  const limits = { image: { places: 1, deadlineMs: 200 }, scan: { places: 1, deadlineMs: 200 } }
  const slow = slowScanner()
  await using used = await useSidecar(limits, { stores: { hanging }, scanner: slow.scanner })
  const stored = { store: 'hanging', bucket: 'files', key: 'a' }
  for (let round = 0; round < 2; round++) {
    await expect(used.client.imageInfo(stored)).rejects.toMatchObject({ code: 'deadline_exceeded' })
    await expect(used.client.scan(stored)).rejects.toMatchObject({ code: 'unavailable' })
  }
})

test('metrics count paths and outcomes, never what outsiders send', async () => {
  await using used = await useSidecar()
  await fetch(`${used.server.url}/a-path-of-an-outsider`, { method: 'POST' })
  await used.client.ask()
  const text = used.server.metrics()
  expect(text).toContain('path="unsigned",outcome="signature_mismatch"')
  expect(text).toContain('{path="/v1/capabilities",outcome="ok",le="+Inf"} 1')
  expect(text).not.toContain('outsider')
})

test('a connection that says nothing, or nonsense, costs nothing', async () => {
  await using used = await useSidecar()
  const { port, hostname } = new URL(used.server.url)
  const said = await new Promise<string>((resolve) => {
    const socket = connect(Number(port), hostname, () => socket.write('NONSENSE\r\n\r\n'))
    socket.on('data', (chunk: Uint8Array) => resolve(new TextDecoder().decode(chunk)))
  })
  expect(said).toMatch(/^HTTP\/1\.1 400/)
  expect((await used.client.ask()).version).toMatch(/^\d/)
})

test('createNonceMemory() forgets in time, and refuses more than it holds', () => {
  let now = 0
  const memory = createNonceMemory(() => now, 100, 3)
  expect(['a', 'b', 'a', 'c', 'd'].map((nonce) => memory.remember(nonce))).toEqual([
    true,
    true,
    false,
    true,
    false,
  ])
  now = 100
  expect(['d', 'a', 'd'].map((nonce) => memory.remember(nonce))).toEqual([true, true, false])
})

test('image facts go through the sidecar as through the library', async () => {
  await using used = await useSidecar()
  const png = new Uint8Array(
    await sharp({ create: { width: 3, height: 2, channels: 3, background: '#000' } })
      .png()
      .toBuffer(),
  )
  expect(await used.client.imageInfo(png)).toMatchObject({ format: 'png', width: 3, height: 2 })
})

describe.skipIf(!hasProgram('clamd'))('with clamd, where it is installed', () => {
  test('scan() through the sidecar finds, refuses and fails closed', async () => {
    const daemon = await startClamd()
    const scanner = clamd({ host: '127.0.0.1', port: daemon.port, connect: connectSocket })
    await using used = await useSidecar({}, { scanner })
    const eicar = new TextEncoder().encode(EICAR)
    expect(await used.client.scan(hello)).toMatchObject({ verdict: 'clean' })
    expect(await used.client.scan(eicar)).toMatchObject({ verdict: 'infected' })
    const bomb = new Uint8Array(30_000_000 + eicar.length)
    bomb.set(eicar, 30_000_000)
    const zip = makeZip([{ name: 'a', content: bomb }])
    expect(await used.client.scan(zip)).toMatchObject({
      verdict: 'unscannable',
      reason: 'archive_limit',
    })
    await used.bucket.put('virus.com', eicar)
    const stored = { store: 'local', bucket: 'files', key: 'virus.com' }
    expect(await used.client.scan(stored)).toMatchObject({ verdict: 'infected' })
    await expect(used.client.scan({ ...stored, key: 'no' })).rejects.toMatchObject({
      code: 'input_not_found',
    })
    await daemon.stop()
    await expect(used.client.scan(hello)).rejects.toMatchObject({
      name: 'ScanError',
      code: 'unavailable',
    })
  })
})
