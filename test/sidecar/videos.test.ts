import { mkdtempSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { beforeAll, describe, expect, test } from 'vitest'
import { StorageError, type BlobProvider } from '@white-cross/reuse/infrastructure/storage'
import { memoryBlobs } from '@white-cross/reuse/infrastructure/storage/memory'
import type {
  TranscodedFile,
  VideoOperations,
  VideoProgress,
} from '@white-cross/reuse/infrastructure/storage/media'
import { SIDECAR_LIMITS, SIDECAR_PATHS } from '@white-cross/reuse/infrastructure/storage/sidecar'
import { createVideoWorks, type NamedWork } from '../../sidecar/src/videos/video-works.ts'
import { runProgram } from '../../sidecar/src/work/run-program.ts'
import { createWorkPlaces } from '../../sidecar/src/work/work-places.ts'
import { hasProgram } from '../support/has-program.ts'
import { makeVideo, manyTracks } from '../support/make-video.ts'
import { sendSigned, useSidecar } from '../support/sidecar.ts'

const input = { store: 'local', bucket: 'files', key: 'in.mp4' }
const output = { store: 'local', bucket: 'files', prefix: 'out/' }

describe.skipIf(!hasProgram('ffmpeg'))('with ffmpeg, where it is installed', () => {
  let video: Uint8Array<ArrayBuffer>
  let long: Uint8Array<ArrayBuffer>
  beforeAll(() => {
    video = makeVideo()
    long = makeVideo({ seconds: 1, size: '1280x720', loops: 99 })
  }, 60_000)

  async function keysOf(used: Awaited<ReturnType<typeof useSidecar>>): Promise<string[]> {
    const keys: string[] = []
    for await (const { key } of used.bucket.list({ prefix: 'out/' })) keys.push(key)
    return keys
  }

  test('videoInfo() says what a video is, of bytes and of an object', async () => {
    await using used = await useSidecar()
    const info = {
      container: 'mp4',
      width: 320,
      height: 180,
      videoCodec: 'h264',
      audioCodec: 'aac',
    }
    const found = await used.client.videoInfo(video)
    expect(found).toMatchObject({ ...info, framesPerSecond: 15 })
    expect(found.seconds).toBeCloseTo(3, 0)
    await used.bucket.put('in.mp4', video)
    expect(await used.client.videoInfo(input)).toMatchObject(info)
  })

  test('video() makes an MP4 with a poster, tells how far it is, and is playable', async () => {
    await using used = await useSidecar()
    await used.bucket.put('in.mp4', video)
    const heard: VideoProgress[] = []
    const operations: VideoOperations = {
      preset: 'mp4-480p',
      poster: { at: 1, width: 100, format: 'webp' },
      trim: { start: 1, seconds: 1.5 },
    }
    const made = await used.client.video(input, operations, output, {
      id: 'a',
      onProgress: (progress) => heard.push(progress),
    })
    expect(made.files.map(({ key, role, width }) => [key, role, width])).toEqual([
      ['out/video.mp4', 'video', 320],
      ['out/poster.webp', 'poster', 100],
    ])
    expect(made.seconds).toBeCloseTo(1.5, 0)
    expect(heard.length).toBeGreaterThan(0)
    expect(heard.every(({ ratio }) => ratio > 0 && ratio <= 1)).toBe(true)
    const info = await used.client.videoInfo({ ...input, key: 'out/video.mp4' })
    expect(info).toMatchObject({ width: 320, height: 180, videoCodec: 'h264', audioCodec: 'aac' })
    const poster = await (await used.bucket.get('out/poster.webp'))?.bytes()
    expect(await sharp(poster).metadata()).toMatchObject({ format: 'webp', width: 100 })
    // The same id is the same work, and has an answer at once.
    const again = await used.client.video(input, operations, output, { id: 'a' })
    expect(again).toEqual(made)
    const others = { preset: 'mp4-480p' } as const
    await expect(used.client.video(input, others, output, { id: 'a' })).rejects.toMatchObject({
      code: 'invalid_operation',
    })
  })

  test('video() makes HLS whose playlists name what is there, and WebM, and sound alone', async () => {
    await using used = await useSidecar()
    await used.bucket.put('in.mp4', video)
    const hls: VideoOperations = { preset: 'hls', renditions: [720, 144], segmentSeconds: 2 }
    const made = await used.client.video(input, hls, output, { id: 'h' })
    const roles = made.files.map(({ role }) => role)
    expect(roles.at(-1)).toBe('playlist')
    expect(roles.filter((role) => role === 'rendition')).toHaveLength(1)
    const index = await (await used.bucket.get('out/index.m3u8'))?.text()
    expect(index).toMatch(/RESOLUTION=256x144/)
    const rendition = (await (await used.bucket.get('out/144p.m3u8'))?.text()) ?? ''
    const segments = rendition.match(/^[^#\s]+$/gm) ?? []
    expect(segments.length).toBeGreaterThan(0)
    for (const segment of segments) expect(await used.bucket.exists(`out/${segment}`)).toBe(true)
    const webm = await used.client.video(input, { preset: 'webm-720p', mute: true }, output, {
      id: 'w',
    })
    expect(webm.files[0]).toMatchObject({ key: 'out/video.webm', contentType: 'video/webm' })
    const sound = await used.client.video(input, { preset: 'audio-m4a' }, output, { id: 's' })
    expect(sound.files[0]).toMatchObject({ contentType: 'audio/mp4' })
    const info = await used.client.videoInfo({ ...input, key: 'out/video.m4a' })
    expect(info).toMatchObject({ videoCodec: null, audioCodec: 'aac' })
  })

  test('video() ends with its last listener, and nothing of it is left', async () => {
    const scratch = mkdtempSync(join(tmpdir(), 'sidecar-test-'))
    await using used = await useSidecar({}, { scratch })
    await used.bucket.put('in.mp4', long)
    const parameters = {
      ...{ id: 'k', input: { stored: input }, output, detachMs: 0 },
      operations: { preset: 'webm-720p' },
    }
    const leave = new AbortController()
    const response = await sendSigned(used.server.url, SIDECAR_PATHS.video, parameters, {
      signal: leave.signal,
    })
    const reader = response.body?.getReader()
    // The first progress: ffmpeg runs.
    await reader?.read()
    expect(ffmpegs(scratch)).toBeGreaterThan(0)
    leave.abort()
    await reader?.closed.catch(() => undefined)
    await until(() => ffmpegs(scratch) === 0)
    await until(() => readdirSync(scratch).length === 0)
    expect(await keysOf(used)).toEqual([])
    expect(used.server.metrics()).toContain('reuse_sidecar_places_taken{kind="video"} 0')
  })

  test('cancelVideo() ends a work, and stop() ends them all', async () => {
    const scratch = mkdtempSync(join(tmpdir(), 'sidecar-test-'))
    await using used = await useSidecar({}, { scratch })
    await used.bucket.put('in.mp4', long)
    const start = async (id: string): Promise<unknown> => {
      const { promise: begun, resolve: onProgress } = Promise.withResolvers<void>()
      const work = used.client
        .video(input, { preset: 'webm-720p' }, output, { id, onProgress: () => onProgress() })
        .catch((error: unknown) => error)
      await begun
      return { work }
    }
    const first = (await start('c')) as { work: Promise<unknown> }
    expect(await used.client.cancelVideo('c')).toBe(true)
    expect(await first.work).toMatchObject({ code: 'failed' })
    expect(await used.client.cancelVideo('c')).toBe(false)
    const second = (await start('d')) as { work: Promise<unknown> }
    await used.server.stop(0)
    expect(await second.work).toMatchObject({ name: 'MediaError' })
    expect(readdirSync(scratch)).toEqual([])
  })

  test('a work is killed at its deadline, and a full sidecar says when to come back', async () => {
    await using used = await useSidecar({ video: { places: 1, deadlineMs: 3000 } })
    await used.bucket.put('in.mp4', long)
    const operations = { preset: 'webm-720p' } as const
    const first = used.client
      .video(input, operations, output, { id: '1' })
      .catch((error: unknown) => error)
    await until(() => used.server.metrics().includes('places_taken{kind="video"} 1'))
    await expect(used.client.video(input, operations, output, { id: '2' })).rejects.toMatchObject({
      code: 'busy',
      retryAfterMs: expect.any(Number) as number,
    })
    expect(await first).toMatchObject({ code: 'deadline_exceeded' })
    expect(used.server.metrics()).toContain('{path="/v1/video",outcome="deadline_exceeded",le=')
  })

  test('what a program writes or computes beyond its limits is said as that', async () => {
    await using used = await useSidecar({ video: { outputBytes: 20_000 } })
    await used.bucket.put('in.mp4', video)
    await expect(
      used.client.video(input, { preset: 'mp4-480p' }, output, { id: 'w' }),
    ).rejects.toMatchObject({ code: 'limit_exceeded' })
    expect(await keysOf(used)).toEqual([])
    const folder = mkdtempSync(join(tmpdir(), 'sidecar-test-'))
    const limits = { cpuSeconds: 1, memoryMiB: 4096, fileBytes: 1000 }
    const run = (...args: string[]): Promise<unknown> =>
      runProgram({
        ...{ program: 'sh', args: ['-c', ...args], cwd: folder, limits },
        ...{ deadlineMs: 60_000, maxOutputBytes: 1000 },
      })
    for (const script of ['while :; do :; done', 'exec head -c 9999 /dev/zero > f'])
      await expect(run(script)).rejects.toMatchObject({ code: 'limit_exceeded' })
  })

  test('a video that fails for reasons of ours is told to whoever looks after the sidecar', async () => {
    const local = memoryBlobs()
    const full: BlobProvider = {
      ...local,
      bucket: (name) => ({
        ...local.bucket(name),
        put: () => Promise.reject(new StorageError('unavailable', 'Cannot write object: full')),
      }),
    }
    await using used = await useSidecar({}, { stores: { local: full } })
    await local.bucket('files').put('in.mp4', video)
    await expect(
      used.client.video(input, { preset: 'mp4-480p' }, output, { id: 'f' }),
    ).rejects.toMatchObject({ code: 'store_failed' })
    expect(used.errors).toMatchObject([{ code: 'store_failed' }])
    expect(used.server.metrics()).toContain('{path="/v1/video",outcome="store_failed",le="+Inf"} 1')
  })

  test('what reads other files or the network is refused, and nothing is fetched', async () => {
    let asked = 0
    const server = createServer((_request, response) => {
      asked++
      response.end()
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as { port: number }
    await using used = await useSidecar()
    const url = `http://127.0.0.1:${port}/segment.ts`
    const hostile = [
      `#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n${url}\n#EXT-X-ENDLIST\n`,
      '#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n',
      `ffconcat version 1.0\nfile '${url}'\n`,
      `<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><BaseURL>${url}</BaseURL></MPD>`,
      `v=0\nm=video 5004 RTP/AVP 96\nc=IN IP4 127.0.0.1\n`,
    ].map((text) => new TextEncoder().encode(text))
    for (const bytes of hostile) {
      await expect(used.client.videoInfo(bytes)).rejects.toMatchObject({
        code: 'unsupported_media',
      })
      await used.bucket.put('in.mp4', bytes)
      await expect(
        used.client.video(input, { preset: 'mp4-480p' }, output, { id: `${bytes.length}` }),
      ).rejects.toMatchObject({ code: 'unsupported_media' })
    }
    expect(asked).toBe(0)
    expect(await keysOf(used)).toEqual([])
    server.close()
  })

  test('ten thousand tracks, too many seconds and broken files are refused', async () => {
    await using used = await useSidecar({ video: { seconds: 2 } })
    await expect(used.client.videoInfo(manyTracks(10_000))).rejects.toMatchObject({
      code: 'limit_exceeded',
    })
    await used.bucket.put('in.mp4', video)
    const operations = { preset: 'mp4-480p' } as const
    await expect(used.client.video(input, operations, output, { id: 'l' })).rejects.toMatchObject({
      code: 'limit_exceeded',
    })
    await expect(used.client.videoInfo(video.slice(0, 5000))).rejects.toMatchObject({
      name: 'MediaError',
    })
    const half = makeVideo({ args: ['-movflags', '+faststart'] })
    await used.bucket.put('in.mp4', half.slice(0, half.length / 4))
    const all = { ...operations, trim: { seconds: 1.9 } }
    await expect(used.client.video(input, all, output, { id: 'h' })).rejects.toMatchObject({
      code: 'unreadable_media',
    })
    expect(await keysOf(used)).toEqual([])
    const idle = { preset: 'mp4-480p', renditions: [720] } as const
    await expect(used.client.video(input, idle, output, { id: 'i' })).rejects.toMatchObject({
      code: 'invalid_operation',
    })
  })

  test('a video is turned upright, and never enlarged', async () => {
    await using used = await useSidecar()
    const turned = makeVideo({ turned: 90 })
    await used.bucket.put('in.mp4', turned)
    expect(await used.client.videoInfo(input)).toMatchObject({ width: 180, height: 320 })
    const made = await used.client.video(input, { preset: 'mp4-1080p' }, output, { id: 't' })
    expect(made.files[0]).toMatchObject({ width: 180, height: 320 })
    const info = await used.client.videoInfo({ ...input, key: 'out/video.mp4' })
    expect(info).toMatchObject({ width: 180, height: 320 })
  })
})

test('a work tells each of its files by itself, also to whom asks for it again', async () => {
  const ended: string[] = []
  const works = createVideoWorks(
    createWorkPlaces(1, () => 0),
    () => 0,
    (outcome) => ended.push(outcome),
  )
  const { promise: released, resolve: release } = Promise.withResolvers<void>()
  const file: TranscodedFile = {
    ...{ role: 'segment', key: `out/${'x'.repeat(900)}.ts`, size: 1_000_000 },
    ...{ contentType: 'video/mp2t', etag: 'e'.repeat(32), width: 1920, height: 1080 },
  }
  const work: NamedWork = {
    ...{ id: 'a', fingerprint: '', detachMs: 0 },
    async run({ onFile }) {
      await released
      for (let n = 0; n < 40_000; n++) onFile(file)
      return { files: [], seconds: 9 }
    },
  }
  const hear = (): Promise<{ readonly files: number; readonly longest: number }> =>
    new Promise((resolve) => {
      let [files, longest] = [0, 0]
      works.listen(work, (event) => {
        longest = Math.max(longest, JSON.stringify(event).length)
        if (event.type === 'file') files++
        if (event.type === 'done') resolve({ files, longest })
      })
    })
  const first = hear()
  release()
  const heard = await first
  expect(heard.files).toBe(40_000)
  expect(heard.longest).toBeLessThan(SIDECAR_LIMITS.eventBytes)
  expect(await hear()).toEqual(heard)
  expect(ended).toEqual(['ok'])
})

test('who asks for a work that is being ended comes back, and is told when', async () => {
  const places = createWorkPlaces(2, () => 0)
  const works = createVideoWorks(
    places,
    () => 0,
    () => undefined,
  )
  const { promise: gone, resolve: end } = Promise.withResolvers<void>()
  const work: NamedWork = {
    ...{ id: 'a', fingerprint: '', detachMs: 0 },
    async run({ signal }) {
      await gone
      signal.throwIfAborted()
      return { files: [], seconds: 1 }
    },
  }
  works.listen(work, () => undefined)
  const cancelling = works.cancel('a')
  expect(() => works.listen(work, () => undefined)).toThrow(
    expect.objectContaining({ code: 'busy', retryAfterMs: expect.any(Number) as number }),
  )
  end()
  expect(await cancelling).toBe(true)
  expect(places.taken).toBe(0)
  works.listen(work, () => undefined)
  await works.stop()
})

/** How many ffmpeg processes work in a folder. */
function ffmpegs(folder: string): number {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8')
        return command.startsWith('ffmpeg') && readlinkSync(`/proc/${pid}/cwd`).startsWith(folder)
      } catch {
        return false
      }
    }).length
}

/** Looks until something holds; what never does ends with the test's time. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 20))
}
