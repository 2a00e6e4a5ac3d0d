import { createWriteStream } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { BlobContent } from '@white-cross/reuse/infrastructure/storage'
import { SidecarError } from '@white-cross/reuse/infrastructure/storage/sidecar'
import { withDeadline } from '../work/with-deadline.ts'
import { bucketOf, storeFailure, type Stores } from './stores.ts'
import type { InputParameter, StoredParameter } from '../server/check-parameters.ts'

/** What a request came with. */
export interface RequestInput {
  readonly input: InputParameter
  /** The body, whose SHA-256 was signed. */
  readonly body: Uint8Array<ArrayBuffer>
  readonly stores: Stores
  readonly maxBytes: number
  /** Reading from a store takes no longer. */
  readonly deadlineMs: number
  readonly signal: AbortSignal
}

/** Reads what is to be worked on into memory. @throws SidecarError */
export async function readInput(given: RequestInput): Promise<Uint8Array<ArrayBuffer>> {
  const { input, body, maxBytes } = given
  if ('body' in input) {
    if (body.length > maxBytes) throw tooLarge()
    return body
  }
  return withDeadline(given.deadlineMs, given.signal, async (signal) => {
    const content = await openStored(given.stores, input.stored, signal)
    if (content.size > maxBytes) {
      await content.body.cancel()
      throw tooLarge()
    }
    return content.bytes(maxBytes).catch((error: unknown) => {
      throw storeFailure(error)
    })
  })
}

/** Writes what is to be worked on into a file, in constant memory. @throws SidecarError */
export async function writeInput(given: RequestInput, path: string): Promise<void> {
  const { input, body, maxBytes } = given
  if ('body' in input) {
    if (body.length > maxBytes) throw tooLarge()
    return writeFile(path, body)
  }
  return withDeadline(given.deadlineMs, given.signal, (signal) =>
    pourStored({ ...given, signal }, input.stored, path),
  )
}

async function pourStored(
  { stores, maxBytes, signal }: Omit<RequestInput, 'input'>,
  stored: StoredParameter,
  path: string,
): Promise<void> {
  const content = await openStored(stores, stored, signal)
  if (content.size > maxBytes) {
    await content.body.cancel()
    throw tooLarge()
  }
  let left = maxBytes
  async function* counted(): AsyncGenerator<Uint8Array> {
    for await (const chunk of content.body) {
      left -= chunk.length
      if (left < 0) throw tooLarge()
      yield chunk
    }
  }
  await pipeline(Readable.from(counted()), createWriteStream(path), { signal }).catch(
    (error: unknown) => {
      throw storeFailure(error)
    },
  )
}

async function openStored(
  stores: Stores,
  { store, bucket, key, etag }: StoredParameter,
  signal: AbortSignal,
): Promise<BlobContent> {
  const options = { signal, ...(etag !== undefined && { ifMatch: etag }) }
  const content = await bucketOf(stores, store, bucket)
    .get(key, options)
    .catch((error: unknown) => {
      throw storeFailure(error)
    })
  if (content !== null) return content
  throw new SidecarError('input_not_found', 'Cannot read input: it is not there')
}

function tooLarge(): SidecarError {
  return new SidecarError('input_too_large', 'Cannot read input: it is too large')
}
