import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/**
 * Makes a small video with sound through ffmpeg.
 *
 * @param args Further arguments before the output
 * @param loops How often it is repeated, which costs nothing
 */
export function makeVideo({
  seconds = 3,
  size = '320x180',
  args = [] as readonly string[],
  loops = 0,
  turned = 0,
} = {}): Uint8Array<ArrayBuffer> {
  const folder = mkdtempSync(join(tmpdir(), 'make-video-'))
  try {
    const path = join(folder, 'made.mp4')
    execFileSync('ffmpeg', [
      ...[
        '-loglevel',
        'error',
        '-f',
        'lavfi',
        '-i',
        `testsrc=size=${size}:rate=15:duration=${seconds}`,
      ],
      ...['-f', 'lavfi', '-i', `sine=frequency=440:duration=${seconds}`],
      ...['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-c:a', 'aac'],
      ...args,
      path,
    ])
    if (loops === 0 && turned === 0) return new Uint8Array(readFileSync(path))
    const long = join(folder, 'long.mp4')
    const again = ['-loglevel', 'error', '-stream_loop', String(loops), '-i', path]
    const turn = turned === 0 ? [] : ['-metadata:s:v:0', `rotate=${turned}`]
    execFileSync('ffmpeg', [...again, '-c', 'copy', ...turn, long])
    return new Uint8Array(readFileSync(long))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Makes an MP4 file whose header announces many tracks. */
export function manyTracks(count: number): Uint8Array<ArrayBuffer> {
  const box = (type: string, ...parts: Uint8Array[]): Buffer => {
    const body = Buffer.concat([Buffer.from(type, 'latin1'), ...parts])
    const length = Buffer.alloc(4)
    length.writeUInt32BE(body.length + 4)
    return Buffer.concat([length, body])
  }
  const numbers = (...values: number[]): Buffer => {
    const bytes = Buffer.alloc(4 * values.length)
    values.forEach((value, index) => bytes.writeUInt32BE(value, 4 * index))
    return bytes
  }
  const track = (id: number): Buffer => {
    const head = box('tkhd', numbers(3, 0, 0, id, 0, 1000), Buffer.alloc(60))
    const handler = box('hdlr', numbers(0, 0), Buffer.from('vide'), Buffer.alloc(13))
    const entry = box('avc1', Buffer.alloc(6), Buffer.from([0, 1]), Buffer.alloc(70))
    const table = box(
      'stbl',
      ...[
        box('stsd', numbers(0, 1), entry),
        box('stts', numbers(0, 0)),
        box('stsc', numbers(0, 0)),
      ],
      ...[box('stsz', numbers(0, 0, 0)), box('stco', numbers(0, 0))],
    )
    return box(
      'trak',
      head,
      box('mdia', box('mdhd', numbers(0, 0, 0, 1000, 1000, 0)), handler, box('minf', table)),
    )
  }
  const tracks = Array.from({ length: count }, (_, index) => track(index + 1))
  const movie = box('mvhd', numbers(0, 0, 0, 1000, 1000, 0x10000, 0x1000000), Buffer.alloc(72))
  return new Uint8Array(
    Buffer.concat([
      box('ftyp', Buffer.from('isom'), numbers(0x200), Buffer.from('isom')),
      box('moov', movie, ...tracks),
    ]),
  )
}
