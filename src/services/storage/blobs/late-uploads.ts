import type { BlobContext } from './blob-context.ts'
import type { MultipartUploads } from './multipart-uploads.ts'

/** The steps of an upload, loaded when the first one is made. */
export function createLateUploads(context: BlobContext): MultipartUploads {
  const load = async (): Promise<MultipartUploads> =>
    (await import('./create-uploads.ts')).createUploads(context)
  return {
    create: async (...args) => (await load()).create(...args),
    putPart: async (...args) => (await load()).putPart(...args),
    parts: async (...args) => (await load()).parts(...args),
    complete: async (...args) => (await load()).complete(...args),
    presignPart: async (...args) => (await load()).presignPart(...args),
    abort: async (...args) => (await load()).abort(...args),
    sweep: async (...args) => (await load()).sweep(...args),
  }
}
