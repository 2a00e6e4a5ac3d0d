import { createServer } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { EICAR, startClamd, type Clamd } from '../../../../test/support/clamd.ts'
import { hasProgram } from '../../../../test/support/has-program.ts'
import { makeZip } from '../../../../test/support/make-zip.ts'
import { encodeUtf8 } from '../../../primitives/utf8.ts'
import { connectSocket } from '../../../runtime/platforms/node/connect-socket.ts'
import { clamd, type ClamdOptions } from './clamd.ts'

const eicar = encodeUtf8(EICAR)
const zeros = (bytes: number): Uint8Array<ArrayBuffer> => new Uint8Array(bytes)

function scannerAt(port: number, more: Partial<ClamdOptions> = {}) {
  return clamd({ host: '127.0.0.1', port, connect: connectSocket, ...more })
}

/** A server that says one thing to whatever it is asked. */
async function answering(reply: (command: string) => string | null) {
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy())
    socket.once('data', (chunk: Uint8Array) => {
      const answer = reply(new TextDecoder().decode(chunk).split('\0')[0] ?? '')
      if (answer !== null) socket.end(answer)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  onTestFinished(() => void server.close())
  return { port }
}

const version = (command: string): string | null =>
  command === 'zVERSION' ? 'ClamAV 1.4.6\0' : null

test('scan() fails closed when clamd breaks off, errs, is silent or is something else', async () => {
  const replies: [(command: string) => string | null, string][] = [
    [(command) => version(command) ?? 'stream: OK', 'unavailable'],
    [(command) => version(command) ?? 'COMMAND READ TIMED OUT\0', 'unavailable'],
    [(command) => version(command) ?? '', 'unavailable'],
    [() => 'HTTP/1.1 400 Bad Request\0', 'failed'],
  ]
  for (const [reply, code] of replies) {
    const server = await answering(reply)
    await expect(scannerAt(server.port).scan(zeros(10))).rejects.toMatchObject({
      name: 'ScanError',
      code,
    })
  }
  const silent = await answering(() => null)
  const impatient = scannerAt(silent.port, { timeout: 20 })
  await expect(impatient.scan(zeros(10))).rejects.toMatchObject({ code: 'unavailable' })
  await expect(scannerAt(1).scan(zeros(10))).rejects.toMatchObject({ code: 'unavailable' })
})

test('scan() reads what clamd cannot look into as unscannable, and when its signatures are from', async () => {
  const cases = [
    ['stream: Heuristics.Limits.Exceeded.MaxFileSize FOUND\0', 'archive_limit'],
    ['stream: Heuristics.Encrypted.PDF FOUND\0', 'encrypted'],
    ['stream: Heuristics.Broken.Executable FOUND\0', 'malformed'],
    ['INSTREAM size limit exceeded. ERROR\0', 'too_large'],
  ] as const
  for (const [reply, reason] of cases) {
    const server = await answering((command) =>
      command === 'zVERSION' ? 'ClamAV 1.4.6/27829/Sat Nov 28 09:10:11 2026\0' : reply,
    )
    expect(await scannerAt(server.port).scan(zeros(10))).toEqual({
      verdict: 'unscannable',
      reason,
      engine: 'ClamAV 1.4.6',
      signaturesAt: Date.UTC(2026, 10, 28, 9, 10, 11),
    })
  }
})

test('clamd() refuses options that mean nothing', () => {
  for (const more of [{ port: 0 }, { maxBytes: 1.5 }, { archives: { depth: 99 } }, { timeout: -1 }])
    expect(() => scannerAt(1, more)).toThrow(RangeError)
  for (const more of [{ host: 'a b' }, { archives: { size: 1 } }, { socket: '/run/clamd' }])
    // What a program without types might give.
    expect(() => scannerAt(1, more as Partial<ClamdOptions>)).toThrow(TypeError)
})

describe.skipIf(!hasProgram('clamd'))('with clamd, where it is installed', () => {
  let server: Clamd
  beforeAll(async () => {
    server = await startClamd()
  })
  afterAll(() => server.stop())

  test('scan() finds the EICAR file wherever it is', async () => {
    const scanner = scannerAt(server.port)
    expect(await scanner.scan(encodeUtf8('hello'))).toMatchObject({ verdict: 'clean' })
    expect(await scanner.scan(zeros(0))).toMatchObject({ verdict: 'clean' })
    const zipped = makeZip([{ name: 'a.com', content: eicar }])
    const long = zeros(3_000_000)
    long.set(eicar, 2_000_000)
    for (const bytes of [
      eicar,
      zipped,
      new Uint8Array(gzipSync(eicar)),
      makeZip([{ name: 'z', content: zipped }]),
      long,
    ])
      expect(await scanner.scan(bytes)).toMatchObject({
        verdict: 'infected',
        signature: 'Eicar-Test-Signature.UNOFFICIAL',
        engine: expect.stringMatching(/^ClamAV \d/) as string,
      })
    const stream = new Blob([eicar]).stream()
    expect((await scanner.scan(stream)).verdict).toBe('infected')
  })

  test('scan() calls a bomb unscannable that clamd calls OK', async () => {
    const scanner = scannerAt(server.port)
    const bomb = new Uint8Array(30_000_000 + eicar.length)
    bomb.set(eicar, 30_000_000)
    const verdicts = [
      makeZip([{ name: 'a', content: bomb }]),
      makeZip([{ name: 'z', content: makeZip([{ name: 'a', content: bomb }]) }]),
      makeZip([{ name: 'a', content: bomb, claims: 100 }]),
    ]
    for (const bytes of verdicts) expect((await scanner.scan(bytes)).verdict).toBe('unscannable')
    expect(await scanner.scan(zeros(26_214_401))).toMatchObject({ reason: 'too_large' })
  })
})
