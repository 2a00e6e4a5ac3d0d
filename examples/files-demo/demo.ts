import { execFileSync, spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { fileTypeFromBuffer } from 'file-type'
import {
  createFileKeys,
  createUploadPipeline,
} from '@white-cross/reuse/infrastructure/storage/pipeline'
import { INCOMING, openStorage, PUBLISHED } from './open-storage.ts'
import { EICAR, startPeers } from './start-peers.ts'

const folder = mkdtempSync(join(tmpdir(), 'reuse-files-demo-'))
const secret = randomBytes(32).toString('base64')
const started = performance.now()
const checks: [string, boolean][] = []

say('Starting an S3 server, clamd and the sidecar on this machine')
const peers = await startPeers(folder, secret)
const places = { ...peers, secret, database: join(folder, 'files.db') }
const { backend, storage, uploads, media } = openStorage(places)
try {
  const { image, video, scan } = await media.ask()
  say(
    `The sidecar has images (${image?.formats.join(', ')}), ${video?.presets.length} presets for videos, and ${scan?.engine}`,
  )

  const file = join(folder, 'film.mp4')
  makeFilm(file)
  const bytes = readFileSync(file)
  say(`\nUploading a film of ${mega(bytes.length)} in pieces that survive`)
  const killed = await upload(file, 0.5)
  const halfway = (await uploads.get(readFileSync(join(folder, 'upload.id'), 'utf8')))?.offset ?? 0
  say(`The uploader was killed (SIGKILL) at ${mega(killed)}; stored for good: ${mega(halfway)}`)
  const first = await upload(file, Infinity)
  check('The second uploader went on where the first one was', first >= halfway && first > 0)
  const arrived = await (await storage.bucket('s3', INCOMING).get('incoming/film'))?.bytes(2 ** 30)
  check('The bytes are the same', hashOf(arrived ?? new Uint8Array()) === hashOf(bytes))

  const files = createUploadPipeline({
    backend,
    quarantine: { store: storage.bucket('s3', INCOMING), prefix: 'incoming/', alias: 's3' },
    published: storage.bucket('s3', PUBLISHED),
    types: ['video/mp4', 'image/jpeg', 'application/zip'],
    maxBytes: 200_000_000,
    sniff: fileTypeFromBuffer,
    scanner: media,
    key: createFileKeys('files/{id}{ext}'),
  })
  say('\nScanning what arrived, and publishing what is clean')
  const film = await files.process('incoming/film')
  say(`  the film: ${film.state}`)
  await storage.bucket('s3', INCOMING).put('incoming/virus', zipped(EICAR), {
    contentType: 'application/zip',
  })
  const virus = await files.process('incoming/virus')
  say(
    `  a ZIP file with the EICAR test file in it: ${virus.state}, ${virus.state === 'refused' ? `${virus.reason} (${virus.detail})` : ''}`,
  )
  check('The infected file was refused', virus.state === 'refused' && virus.reason === 'infected')
  if (film.state !== 'published') throw new Error('The film was to be published')
  const place = { store: 's3', bucket: PUBLISHED } as const

  say('\nTranscoding the film, with a poster, in the sidecar')
  const made = await storage.transcodeVideo(film.key, {
    ...place,
    preset: 'mp4-480p',
    poster: { at: '50%' },
    onProgress: ({ ratio }) => bar(ratio, `${Math.round(100 * ratio)} %`),
  })
  bar(1, '100 %', true)
  for (const { role, key, size, width, height } of made.files)
    say(`  ${role}: ${key}, ${width}×${height}, ${mega(size)}`)
  const poster = made.files.find(({ role }) => role === 'poster')
  const small = made.files.find(({ role }) => role === 'video')
  check('A video and its poster came out', small?.height === 480 && poster !== undefined)

  say('\nResizing the poster')
  const thumbnail = await storage.resizeImage(poster?.key ?? '', {
    ...place,
    width: 320,
    format: 'webp',
  })
  say(
    `  ${thumbnail.width}×${thumbnail.height}, ${thumbnail.contentType}, ${thumbnail.bytes.length} bytes`,
  )
  check('The thumbnail has the width that was asked for', thumbnail.width === 320)

  say('\nServing a part of it: presigned, and by serveFile')
  const { url, headers } = await storage.presign(small?.key ?? '', { ...place, expiresIn: '5m' })
  const range = { range: 'bytes=0-1023' }
  const signed = await fetch(url, { headers: { ...headers, ...range } })
  say(`  presigned: ${signed.status} ${signed.headers.get('content-range')}`)
  const request = new Request('https://files.example/film', { headers: range })
  const served = await storage.serve(request, { ...place, key: small?.key ?? '' })
  say(`  serveFile: ${served.status} ${served.headers.get('content-range')}`)
  const [a, b] = [await signed.arrayBuffer(), await served.arrayBuffer()].map(
    (part) => new Uint8Array(part),
  )
  const isSame = a !== undefined && b !== undefined && a.length === 1024 && hashOf(a) === hashOf(b)
  check('Both gave the same 1,024 bytes', signed.status === 206 && served.status === 206 && isSame)

  say('')
  for (const [what, holds] of checks) say(`${holds ? 'ok  ' : 'FAIL'} ${what}`)
  say(`\nDone in ${Math.round((performance.now() - started) / 1000)} seconds`)
  if (checks.some(([, holds]) => !holds)) process.exitCode = 1
} finally {
  backend.close()
  await peers.stop()
  rmSync(folder, { recursive: true, force: true })
}

/** Uploads in a process of its own. @returns What was stored when it was killed; else where it began */
async function upload(path: string, killAt: number): Promise<number> {
  const size = readFileSync(path).length
  const script = fileURLToPath(new URL('uploader.ts', import.meta.url))
  const args = [JSON.stringify(places), path, 'incoming/film', join(folder, 'upload.id')]
  const child = spawn(process.execPath, [...process.execArgv, script, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(child, 'exit')
  let began: number | null = null
  let reached = 0
  createInterface({ input: child.stdout }).on('line', (line) => {
    reached = Number(line)
    began ??= reached
    bar(reached / size, `${mega(reached)} of ${mega(size)}`)
    if (reached >= killAt * size) child.kill('SIGKILL')
  })
  const [code, signal] = (await ended) as [number | null, NodeJS.Signals | null]
  if (process.stdout.isTTY) say('')
  if (code !== 0 && signal !== 'SIGKILL') throw new Error('The uploader failed')
  return signal === 'SIGKILL' ? reached : (began ?? 0)
}

/** A film of coloured noise, so large that killing its upload is worth it. */
function makeFilm(path: string): void {
  const picture = 'testsrc2=size=1280x720:rate=25:duration=8,noise=alls=30:allf=t'
  execFileSync('ffmpeg', [
    ...['-loglevel', 'error', '-f', 'lavfi', '-i', picture],
    ...['-f', 'lavfi', '-i', 'sine=frequency=330:duration=8'],
    ...['-c:v', 'libx264', '-preset', 'ultrafast', '-b:v', '30M', '-pix_fmt', 'yuv420p'],
    ...['-c:a', 'aac', '-movflags', '+faststart', path],
  ])
}

/** A ZIP archive of one file, stored as it is. */
function zipped(text: string): Uint8Array<ArrayBuffer> {
  const content = Buffer.from(text, 'latin1')
  const name = Buffer.from('eicar.com')
  const common = Buffer.alloc(26)
  common.writeUInt16LE(20, 0)
  common.writeUInt32LE(0x6851cf3c, 10)
  common.writeUInt32LE(content.length, 14)
  common.writeUInt32LE(content.length, 18)
  common.writeUInt16LE(name.length, 22)
  const local = Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), common, name, content])
  const central = Buffer.concat([
    Buffer.from('PK\x01\x02\x14\x00', 'latin1'),
    common,
    Buffer.alloc(14),
    name,
  ])
  const end = Buffer.alloc(22)
  end.write('PK\x05\x06', 'latin1')
  end.writeUInt16LE(1, 8)
  end.writeUInt16LE(1, 10)
  end.writeUInt32LE(central.length, 12)
  end.writeUInt32LE(local.length, 16)
  return new Uint8Array(Buffer.concat([local, central, end]))
}

function bar(ratio: number, text: string, last = false): void {
  const done = Math.floor(Math.min(ratio, 1) * 40)
  const line = `  [${'#'.repeat(done)}${' '.repeat(40 - done)}] ${text}`
  if (process.stdout.isTTY) process.stdout.write(`\r${line}${last ? '\n' : ''}`)
  else say(line)
}

function check(what: string, holds: boolean): void {
  checks.push([what, holds])
}

function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

function mega(bytes: number): string {
  return `${(bytes / 1_000_000).toFixed(1)} MB`
}

function say(line: string): void {
  console.log(line)
}
