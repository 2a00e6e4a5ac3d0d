import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { fileURLToPath } from 'node:url'
import sharp from 'sharp'
import { sidecar } from '@white-cross/reuse/infrastructure/storage/sidecar'
import { startClamd } from '../test/support/clamd.ts'
import type { Comparisons, Contender } from './compare.ts'

const KEY = { id: 'bench', secret: 'a-secret-of-sixteen-bytes-or-more' }
const CONCURRENCY = 4
const SIGNATURES = 200_000

/**
 * Measures what stands between a client and the program that does the work, by the CPU time of the
 * servers: whatever else the machine does, and clients that live elsewhere, do not count.
 */
export async function setUp(): Promise<Comparisons> {
  sharp.concurrency(1)
  sharp.cache(false)
  const clamd = await startClamd(SIGNATURES)
  await import('../sidecar/build.ts')
  const program = spawn(
    process.execPath,
    [fileURLToPath(new URL('../sidecar/dist/sidecar.js', import.meta.url))],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: {
        ...process.env,
        SIDECAR_SETTINGS: JSON.stringify({
          ...{ host: '127.0.0.1', port: 0, keys: [KEY] },
          clamd: { host: '127.0.0.1', port: clamd.port },
        }),
      },
    },
  )
  const [line] = (await once(program.stdout.setEncoding('utf8'), 'data')) as [string]
  const client = sidecar({ url: (JSON.parse(line) as { url: string }).url, ...KEY })

  const sidecarCpu = (): number => cpuSeconds(program.pid ?? 0)
  const clamdCpu = (): number => cpuSeconds(clamd.pid)
  const photo = new Uint8Array(
    await sharp({
      create: {
        ...{ width: 2000, height: 1500, channels: 3, background: '#808080' },
        noise: { type: 'gaussian', mean: 128, sigma: 30 },
      },
    })
      .blur(2)
      .jpeg({ quality: 85 })
      .toBuffer(),
  )
  const thumbnails = (format: 'webp' | 'jpeg'): readonly [Contender, Contender] => [
    {
      name: 'the sidecar',
      round: () => rate(60, sidecarCpu, () => client.image(photo, { width: 300, format })),
    },
    {
      name: 'sharp in this process',
      round: () =>
        rate(60, ownCpu, () => {
          const image = sharp(photo, { failOn: 'error', sequentialRead: true })
          return image.autoOrient().resize({ width: 300 })[format]().toBuffer()
        }),
    },
  ]
  const scans = (
    bytes: Uint8Array<ArrayBuffer>,
    count: number,
  ): readonly [Contender, Contender] => [
    {
      name: 'the sidecar',
      round: () =>
        rate(
          count,
          () => sidecarCpu() + clamdCpu(),
          () => client.scan(bytes),
        ),
    },
    {
      name: 'clamd, INSTREAM',
      round: () => rate(count, clamdCpu, () => instream(clamd.port, bytes)),
    },
  ]
  const random = (length: number): Uint8Array<ArrayBuffer> => {
    const bytes = new Uint8Array(length)
    for (let at = 0; at < length; at += 65_536)
      crypto.getRandomValues(bytes.subarray(at, at + 65_536))
    return bytes
  }
  const thumbnail = `A noisy JPEG of 2,000 × 1,500 pixels (${Math.round(photo.length / 1000)} kB) made 300 wide, ${CONCURRENCY} at a time, sharp with one thread an image on both sides; the sidecar is a process of its own and gets the bytes in signed requests. Its clients are not counted.`
  const scan = (what: string): string =>
    `${what} of random bytes, ${CONCURRENCY} at a time, clamd with ${SIGNATURES} signatures of random bytes, where a real database has some millions; counted are clamd and the sidecar, not their clients.`
  return {
    comparisons: [
      {
        title: 'Thumbnails as WebP',
        setting: thumbnail,
        contenders: thumbnails('webp'),
        target: 0.95,
        unit: 'a second of CPU',
      },
      {
        title: 'Thumbnails as JPEG',
        setting: thumbnail,
        contenders: thumbnails('jpeg'),
        target: 0.95,
        unit: 'a second of CPU',
      },
      {
        title: 'Scans of 100 kB',
        setting: scan('100 kB'),
        contenders: scans(random(100_000), 400),
        target: 0.9,
        unit: 'a second of CPU',
      },
      {
        title: 'Scans of 4 MB',
        setting: scan('4 MB'),
        contenders: scans(random(4_000_000), 24),
        target: 0.9,
        unit: 'a second of CPU',
      },
    ],
    async tearDown() {
      const ended = once(program, 'exit')
      program.kill('SIGTERM')
      await ended
      await clamd.stop()
    },
  }
}

/** Does something `count` times, some at once. @returns How often in a second of CPU */
async function rate(
  count: number,
  cpu: () => number,
  act: () => Promise<unknown>,
): Promise<number> {
  const start = cpu()
  let left = count
  const lane = async (): Promise<void> => {
    while (left-- > 0) await act()
  }
  await Promise.all(Array.from({ length: CONCURRENCY }, lane))
  return count / (cpu() - start)
}

function ownCpu(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1_000_000
}

/** What a process has used, as the kernel counts it in hundredths of a second. */
function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) / 100
}

/** The least that a client of clamd does. */
function instream(port: number, bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1')
    let reply = ''
    socket.on('error', reject)
    socket.on('data', (chunk: Uint8Array) => (reply += new TextDecoder().decode(chunk)))
    socket.on('close', () => resolve(reply))
    socket.write('zINSTREAM\0')
    const length = new DataView(new ArrayBuffer(4))
    length.setUint32(0, bytes.length)
    socket.write(new Uint8Array(length.buffer))
    socket.write(bytes)
    socket.write(new Uint8Array(4))
  })
}
