import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import type { BlobStore } from '@white-cross/reuse/infrastructure/storage'
import type { TranscodedFile } from '@white-cross/reuse/infrastructure/storage/media'
import { SidecarError } from '@white-cross/reuse/infrastructure/storage/sidecar'
import { storeFailure } from '../input/stores.ts'
import { withDeadline } from '../work/with-deadline.ts'
import type { SidecarLimits } from '../limits.ts'

/** A file in the scratch folder that is to be stored. */
export interface MadeFile {
  readonly name: string
  readonly role: TranscodedFile['role']
  readonly contentType: string
  readonly width?: number
  readonly height?: number
}

/**
 * Writes files behind a prefix in their order, playlists last, so that whoever reads one finds what
 * it names. When one cannot be written, those that were are removed.
 *
 * @throws SidecarError `limit_exceeded`, `store_failed`
 */
export async function storeFiles(
  made: readonly MadeFile[],
  folder: string,
  target: BlobStore,
  prefix: string,
  {
    signal: given,
    deadlineMs,
    limits,
    onFile,
  }: {
    readonly signal: AbortSignal
    readonly deadlineMs: number
    readonly limits: SidecarLimits
    onFile(file: TranscodedFile): void
  },
): Promise<readonly TranscodedFile[]> {
  const sizes = await Promise.all(
    made.map(async ({ name }) => (await stat(join(folder, name))).size),
  )
  let total = 0
  for (const size of sizes) total += size
  if (total > limits.video.outputBytes)
    throw new SidecarError('limit_exceeded', 'Cannot transcode video: more came out than allowed')
  const ordered = made
    .map((file, index) => ({ file, size: sizes[index] ?? 0 }))
    .toSorted((a, b) => Number(isList(a.file)) - Number(isList(b.file)))
  const files: TranscodedFile[] = []

  async function storeAll(signal: AbortSignal): Promise<void> {
    for (const { file, size } of ordered) {
      const { name, role, contentType, width, height } = file
      const key = `${prefix}${name}`
      // Remembered first: a put that was not answered may have been one all the same.
      const body = Readable.toWeb(createReadStream(join(folder, name)))
      const stored = await target.put(key, body as ReadableStream<Uint8Array<ArrayBuffer>>, {
        size,
        contentType,
        signal,
      })
      const told: TranscodedFile = {
        ...{ role, key, size, contentType, etag: stored.etag },
        ...(width !== undefined &&
          height !== undefined &&
          role !== 'playlist' && { width, height }),
      }
      files.push(told)
      onFile(told)
    }
  }

  let storing: Promise<void> | undefined
  try {
    await withDeadline(deadlineMs, given, (signal) => (storing = storeAll(signal)))
    return files
  } catch (error) {
    // What is still on its way would arrive behind the removal.
    await storing?.catch(() => undefined)
    await target
      .deleteMany(ordered.map(({ file }) => `${prefix}${file.name}`))
      .catch(() => undefined)
    throw storeFailure(error)
  }
}

function isList({ role }: MadeFile): boolean {
  return role === 'playlist'
}
