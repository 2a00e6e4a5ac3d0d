import { memory } from '../../../../src/runtime/backends/memory/index.ts'
import { BackendError } from '../../../../src/runtime/ports/backend-error.ts'
import { expectEqual, expectTrue, type Law } from '../../../../src/runtime/ports/conformance.ts'
import {
  bytesOf,
  expectBytes,
  expectCode,
  keysOf,
  streamOf,
} from '../../../../src/services/storage/blobs/laws/law-steps.ts'
import type { BlobStore } from '../../../../src/services/storage/blobs/blob-store.ts'
import { createUploadSessions } from '../../../../src/services/storage/uploads/create-upload-sessions.ts'
import type {
  UploadSessions,
  UploadSessionsOptions,
} from '../../../../src/services/storage/uploads/upload-session.ts'
import { StorageError } from '../../../../src/services/storage/storage-error.ts'
import { createFakeClock, type FakeClock } from '../../../../src/testing/fake-clock.ts'
import { createSeededRandom } from '../../../../src/testing/seeded-random.ts'
import { createCrashingStorage } from '../../../support/crashing-storage.ts'

/** A store to upload to. */
export interface SessionHarness {
  open(): Promise<BlobStore>
  /** The least part that it takes. */
  readonly partBytes: number
}

const LEASE_MS = 30_000
const DAY_MS = 86_400_000

interface Fixture {
  readonly store: BlobStore
  readonly clock: FakeClock
  readonly options: Pick<UploadSessionsOptions, 'backend' | 'clock' | 'random'>
  readonly uploads: UploadSessions
}

async function fixture({ open, partBytes }: SessionHarness): Promise<Fixture> {
  const store = await open()
  // Stores tell the time by themselves, and sweeps compare with it.
  const clock = createFakeClock(Date.now())
  const random = createSeededRandom(Math.floor(Math.random() * 1e9))
  const options = { backend: memory({ clock, random }), clock, random }
  return {
    store,
    clock,
    options,
    uploads: createUploadSessions({ ...options, store, partBytes }),
  }
}

/** Nothing is in the store but these keys, and nothing is under way. */
async function expectOnly(store: BlobStore, keys: readonly string[], at: string): Promise<void> {
  expectEqual(await keysOf(store), keys, `${at}: keys`)
  if (!store.capabilities.listUploads) return
  expectEqual(await store.uploads.sweep({ before: Infinity }), 0, `${at}: uploads left`)
}

/** Goes on with an upload as a client does: asks where it is, and sends what is missing. */
async function goOn(
  uploads: UploadSessions,
  id: string,
  bytes: Uint8Array<ArrayBuffer>,
  stride: number,
): Promise<void> {
  for (let turn = 0; turn < 50; turn++) {
    const session = await uploads.get(id)
    if (session === null) throw new StorageError('upload_not_found', 'The session is gone')
    if (session.state === 'completed') return
    const { offset } = session
    const body = bytes.slice(offset, offset + stride)
    await uploads.append(id, { offset, body: streamOf(body, 100_003) })
  }
  throw new Error('It does not come to its end')
}

export const sessionLaws: readonly Law<SessionHarness>[] = [
  {
    name: 'appends of any size make one object, each going on where the last one ended',
    async run(harness) {
      const { store, uploads } = await fixture(harness)
      const { partBytes } = harness
      const bytes = bytesOf(2 * partBytes + 777)
      for (const stride of [partBytes / 2 + 13, partBytes, 3 * partBytes]) {
        const key = `of ${stride}`
        const created = await uploads.create({
          key,
          size: bytes.length,
          contentType: 'text/x-law',
          metadata: { who: 'Zoë' },
        })
        expectEqual([created.state, created.offset, created.size], ['open', 0, bytes.length])
        await goOn(uploads, created.id, bytes, Math.floor(stride))
        await expectBytes(store, key, bytes)
        const [head, session] = [await store.head(key), await uploads.get(created.id)]
        expectEqual([head?.contentType, head?.metadata], ['text/x-law', { who: 'Zoë' }])
        expectEqual(
          [session?.state, session?.offset, session?.object?.etag, session?.object?.size],
          ['completed', bytes.length, head?.etag, bytes.length],
        )
        await store.delete(key)
        await expectOnly(store, [], key)
      }
    },
  },
  {
    name: 'what fits a part becomes an object without any upload, also nothing at all',
    async run(harness) {
      const { store, uploads } = await fixture(harness)
      for (const length of [0, 1, 1000, harness.partBytes]) {
        const key = `of ${length}`
        const { id } = await uploads.create({ key, size: length })
        const done = await uploads.append(id, { offset: 0, body: bytesOf(length) })
        expectEqual([done.state, done.offset], ['completed', length])
        await expectBytes(store, key, bytesOf(length))
        await store.delete(key)
      }
      await expectOnly(store, [], 'in the end')
    },
  },
  {
    name: 'an upload of unknown size is completed, or told its size once and for all',
    async run(harness) {
      const { store, uploads } = await fixture(harness)
      const { partBytes } = harness
      for (const length of [0, 5, partBytes, partBytes + 5, 2 * partBytes]) {
        const bytes = bytesOf(length)
        const key = `of ${length}`
        const { id, size } = await uploads.create({ key })
        expectEqual(size, null)
        const half = Math.floor(length / 2)
        await uploads.append(id, { offset: 0, body: bytes.slice(0, half) })
        await uploads.append(id, { offset: half, body: streamOf(bytes.slice(half)) })
        const done = await uploads.complete(id)
        expectEqual([done.state, done.size], ['completed', length])
        expectEqual(await uploads.complete(id), done, 'asked again')
        await expectBytes(store, key, bytes)
      }
      const { id } = await uploads.create({ key: 'told' })
      await uploads.append(id, { offset: 0, body: bytesOf(3), size: 5 })
      await expectCode('upload_conflict', () =>
        uploads.append(id, { offset: 3, body: bytesOf(2), size: 6 }),
      )
      await expectCode('size_mismatch', () => uploads.complete(id))
      const told = await uploads.append(id, { offset: 3, body: bytesOf(2), size: 5 })
      expectEqual([told.state, told.size], ['completed', 5])
    },
  },
  {
    name: 'append() refuses another offset, more than the size, another checksum and what is ended',
    async run(harness) {
      const { store, uploads } = await fixture(harness)
      const { id } = await uploads.create({ key: 'a', size: 10 })
      await uploads.append(id, { offset: 0, body: bytesOf(4) })
      for (const offset of [0, 3, 5])
        await expectCode('upload_conflict', () => uploads.append(id, { offset, body: bytesOf(2) }))
      await expectCode('too_large', () => uploads.append(id, { offset: 4, body: bytesOf(7) }))
      await expectCode('too_large', () =>
        uploads.append(id, { offset: 4, body: streamOf(bytesOf(7), 3) }),
      )
      const checksum = { algorithm: 'sha1', value: 'AAAAAAAAAAAAAAAAAAAAAAAAAAA=' } as const
      await expectCode('checksum_mismatch', () =>
        uploads.append(id, { offset: 4, body: bytesOf(2), checksum }),
      )
      const now = await uploads.get(id)
      expectEqual([now?.offset, now?.state], [4, 'open'])
      await uploads.abort(id)
      await uploads.abort(id)
      expectEqual(await uploads.get(id), null)
      await expectCode('upload_not_found', () => uploads.append(id, { offset: 4, body: 'x' }))
      await expectCode('upload_not_found', () => uploads.append('../x', { offset: 0, body: 'x' }))
      await expectOnly(store, [], 'after abort()')
    },
  },
  {
    name: 'one append runs at a time: another one is upload_locked, and goes on afterwards',
    async run(harness) {
      const { store, uploads } = await fixture(harness)
      const { id } = await uploads.create({ key: 'a', size: 6 })
      const slow = new TransformStream<Uint8Array, Uint8Array>()
      const writer = slow.writable.getWriter()
      const first = uploads.append(id, { offset: 0, body: slow.readable })
      void writer.write(new Uint8Array([1, 2, 3]))
      await expectCode('upload_locked', async () => {
        // Until the first one holds it, the second may.
        for (let tries = 0; tries < 100; tries++)
          await uploads.append(id, { offset: 0, body: new Uint8Array() })
      })
      await writer.close()
      await first
      const done = await uploads.append(id, { offset: 3, body: new Uint8Array([4, 5, 6]) })
      expectEqual(done.state, 'completed')
      await expectBytes(store, 'a', new Uint8Array([1, 2, 3, 4, 5, 6]))
    },
  },
  {
    name: 'a body that says nothing any longer has broken off, and another goes on',
    async run(harness) {
      const { store, uploads, clock } = await fixture(harness)
      const bytes = bytesOf(9000)
      const { id } = await uploads.create({ key: 'a', size: bytes.length })
      // A client whose network changed: its connection is never closed.
      const { promise: asked, resolve: onAsked } = Promise.withResolvers<void>()
      let pieces = 1
      const body = new ReadableStream<Uint8Array>(
        {
          pull(controller) {
            if (pieces-- > 0) controller.enqueue(bytes.slice(0, 3000))
            else onAsked()
          },
        },
        { highWaterMark: 0 },
      )
      const standing = uploads.append(id, { offset: 0, body })
      await asked
      await expectCode('upload_locked', () => uploads.append(id, { offset: 0, body: bytes }))
      await clock.advance(30_000)
      await expectCode('interrupted', () => standing)
      expectEqual((await uploads.get(id))?.offset, 3000)
      await goOn(uploads, id, bytes, bytes.length)
      await expectBytes(store, 'a', bytes)
    },
  },
  {
    name: 'of a body that breaks off, what has come is kept',
    async run(harness) {
      const { store, uploads } = await fixture(harness)
      const { partBytes } = harness
      const bytes = bytesOf(partBytes + 5000)
      for (const at of [1, 3000, partBytes + 1000]) {
        const key = `until ${at}`
        const { id } = await uploads.create({ key, size: bytes.length })
        const broken = new Error('The connection is gone')
        const pieces = [bytes.slice(0, at)]
        const body = new ReadableStream<Uint8Array>({
          pull(controller) {
            const piece = pieces.shift()
            if (piece === undefined) controller.error(broken)
            else controller.enqueue(piece)
          },
        })
        const thrown: unknown = await uploads
          .append(id, { offset: 0, body })
          .catch((error: unknown) => error)
        expectTrue(
          thrown instanceof StorageError &&
            thrown.code === 'interrupted' &&
            thrown.cause === broken,
          'the error to be interrupted',
        )
        expectEqual((await uploads.get(id))?.offset, at)
        await goOn(uploads, id, bytes, bytes.length)
        await expectBytes(store, key, bytes)
      }
    },
  },
  {
    name: 'sweep() drops what has expired and nothing else, and what is appended to lives on',
    async run(harness) {
      const { store, clock, uploads } = await fixture(harness)
      const { partBytes } = harness
      const idle = await uploads.create({ key: 'idle', size: 3 * partBytes })
      await uploads.append(idle.id, { offset: 0, body: bytesOf(partBytes + 9) })
      const lively = await uploads.create({ key: 'lively', size: 10 })
      await clock.advance(DAY_MS / 2)
      await uploads.append(lively.id, { offset: 0, body: bytesOf(4) })
      await uploads.sweep()
      expectEqual((await uploads.get(idle.id))?.offset, partBytes + 9)
      await clock.advance(DAY_MS / 2 + 1)
      expectEqual(await uploads.get(idle.id), null, 'expired')
      await uploads.sweep()
      await uploads.sweep()
      await uploads.append(lively.id, { offset: 4, body: bytesOf(6) })
      await clock.advance(DAY_MS + 1)
      await uploads.sweep()
      await expectOnly(store, ['lively'], 'after the sweep')
    },
  },
  {
    name: 'a temporary object goes with its session',
    async run(harness) {
      const { store, clock, uploads } = await fixture(harness)
      for (const key of ['aborted', 'swept']) {
        const { id } = await uploads.create({ key, size: 5, temporary: true })
        const done = await uploads.append(id, { offset: 0, body: bytesOf(5) })
        expectEqual(done.state, 'completed')
        await expectBytes(store, key, bytesOf(5))
        if (key === 'aborted') await uploads.abort(id)
        else await clock.advance(DAY_MS + 1)
        await uploads.sweep()
        expectEqual(await uploads.get(id), null)
        await expectOnly(store, [], key)
      }
    },
  },
  {
    name: 'a process that dies at any write of an upload is gone on from, and leaves nothing behind',
    async run(harness) {
      const { partBytes } = harness
      const bytes = bytesOf(2 * partBytes + 999)
      const stride = partBytes + Math.floor(partBytes / 3)
      for (const when of ['before', 'after'] as const) {
        for (let crashAt = 1, crashed = true; crashed; crashAt++) {
          const at = `crash ${when} write ${crashAt}`
          const { store, clock, options, uploads } = await fixture(harness)
          const { id } = await uploads.create({ key: 'a', size: bytes.length })
          const dying = createCrashingStorage(options.backend, store, crashAt, when)
          const first = createUploadSessions({
            ...options,
            backend: dying.backend,
            store: dying.store,
            partBytes,
          })
          await goOn(first, id, bytes, stride).catch(expectDeath)
          crashed = dying.crashed()
          await clock.advance(LEASE_MS)
          await goOn(uploads, id, bytes, stride)
          await expectBytes(store, 'a', bytes)
          expectEqual((await uploads.get(id))?.object?.size, bytes.length, at)
          await clock.advance(DAY_MS + 1)
          await uploads.sweep()
          await expectOnly(store, ['a'], at)
          expectTrue(crashAt < 100, 'it to come to its end')
        }
      }
    },
  },
  {
    name: 'a process that dies at any write of an abort or a sweep leaves nothing that the next sweep does not drop',
    async run(harness) {
      const { partBytes } = harness
      for (const when of ['before', 'after'] as const) {
        for (let crashAt = 1, crashed = true; crashed; crashAt++) {
          const at = `crash ${when} write ${crashAt}`
          const { store, clock, options, uploads } = await fixture(harness)
          const { id } = await uploads.create({ key: 'a', size: 4 * partBytes })
          await uploads.append(id, { offset: 0, body: bytesOf(partBytes + 7) })
          const dying = createCrashingStorage(options.backend, store, crashAt, when)
          const first = createUploadSessions({
            ...options,
            backend: dying.backend,
            store: dying.store,
            partBytes,
          })
          if (crashAt % 2 === 0) await clock.advance(DAY_MS + 1)
          await (crashAt % 2 === 0 ? first.sweep() : first.abort(id)).catch(expectDeath)
          crashed = dying.crashed()
          await clock.advance(DAY_MS + LEASE_MS)
          await uploads.sweep()
          expectEqual(await uploads.get(id), null, at)
          await expectOnly(store, [], at)
          expectTrue(crashAt < 100, 'it to come to its end')
        }
      }
    },
  },
]

function expectDeath(error: unknown): void {
  if (error instanceof StorageError || error instanceof BackendError) return
  throw error
}
