import {
  expectEqual,
  expectRejection,
  LawBrokenError,
} from '../../../../runtime/ports/conformance.ts'
import { StorageError, type StorageErrorCode } from '../../storage-error.ts'
import type { BlobContent, BlobStore } from '../blob-store.ts'

/** @returns Bytes that look like no others and no pattern of parts: number `index` is of its own */
export function bytesOf(length: number, seed = 1): Uint8Array<ArrayBuffer> {
  const words = new Uint32Array(Math.ceil(length / 4))
  let word = seed
  for (let index = 0; index < words.length; index++) {
    word = Math.imul(word ^ (word >>> 15), 0x2c1b3c6d) + index
    words[index] = word
  }
  return new Uint8Array(words.buffer, 0, length)
}

/** A stream of `bytes` whose chunks fit nothing. */
export function streamOf(
  bytes: Uint8Array<ArrayBuffer>,
  chunkBytes = 100_003,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  let at = 0
  return new ReadableStream({
    pull(controller) {
      if (at >= bytes.length) return controller.close()
      controller.enqueue(bytes.slice(at, (at += chunkBytes)))
    },
  })
}

/** @returns The object, which must be there */
export async function getAll(
  store: BlobStore,
  key: string,
  options: Parameters<BlobStore['get']>[1] = {},
): Promise<BlobContent> {
  const content = await store.get(key, options)
  if (content === null) throw new LawBrokenError(`Expected ${key} to be there`)
  return content
}

/** Throws unless the object's bytes are exactly these. */
export async function expectBytes(
  store: BlobStore,
  key: string,
  expected: Uint8Array,
): Promise<void> {
  const actual = await (await getAll(store, key)).bytes(expected.length + 1)
  expectEqual(actual.length, expected.length, `length of ${key}`)
  for (let at = 0; at < expected.length; at++)
    if (actual[at] !== expected[at])
      throw new LawBrokenError(
        `Expected byte ${at} of ${key} to be ${expected[at]}, got ${actual[at]}`,
      )
}

/** Throws unless `act` rejects with a StorageError of this code. */
export async function expectCode(code: StorageErrorCode, act: () => unknown): Promise<void> {
  await expectRejection(
    act,
    (error) => error instanceof StorageError && error.code === code,
    `a StorageError ${code}`,
  )
}

/** @returns All keys of a listing */
export async function keysOf(
  store: BlobStore,
  options: Parameters<BlobStore['list']>[0] = {},
): Promise<readonly string[]> {
  const keys: string[] = []
  for await (const { key } of store.list(options)) keys.push(key)
  return keys
}

export const MIB = 1_048_576
