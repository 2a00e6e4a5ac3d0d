import type { BlobStore } from '../blobs/blob-store.ts'
import { StorageError } from '../storage-error.ts'
import type { UploadSession } from '../uploads/upload-session.ts'

/** @returns The bytes of all parts, one after the other, each read when it is its turn */
export function concatenated(
  store: BlobStore,
  parts: readonly UploadSession[],
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const waiting = [...parts]
  let reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>> | null = null
  return new ReadableStream({
    async pull(controller) {
      for (;;) {
        if (reader === null) {
          const part = waiting.shift()
          if (part === undefined) return controller.close()
          reader = await readerOf(store, part)
        }
        const { done, value } = await reader.read()
        if (!done) return controller.enqueue(value)
        reader = null
      }
    },
    cancel: (reason) => reader?.cancel(reason),
  })
}

async function readerOf(
  store: BlobStore,
  { object }: UploadSession,
): Promise<ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>> {
  const content = object && (await store.get(object.key, { ifMatch: object.etag }))
  if (content === null)
    throw new StorageError('upload_not_found', 'Cannot concatenate: a part is gone')
  return content.body.getReader()
}
