import { StorageError } from '../storage-error.ts'
import type { WriteContext } from './blob-context.ts'
import type { DriverComplete } from './blob-driver.ts'
import type { StoredBlob } from './blob-store.ts'
import type { BlobUpload, UploadedPart } from './multipart-uploads.ts'

/** What a completion is told, beside the parts. */
export interface CompleteOptions extends Omit<DriverComplete, 'size' | 'signal'> {
  /** Whether an earlier process may have completed it. */
  readonly again?: boolean
  readonly signal: AbortSignal | undefined
}

/** Makes an object of its parts, and looks for it where the answer to that was lost. */
export async function completeUpload(
  { driver, call }: WriteContext,
  upload: BlobUpload,
  parts: readonly UploadedPart[],
  { signal, again: before = false, ...options }: CompleteOptions,
): Promise<StoredBlob> {
  let size = 0
  for (const part of parts) size += part.size
  let unseen = before
  try {
    return await call(signal, async (current, again) => {
      unseen ||= again
      return driver.completeUpload(upload, parts, { ...options, size, signal: current })
    })
  } catch (error) {
    if (!(error instanceof StorageError)) throw error
    // An earlier try may have done it: then the upload is gone, or there is an object after all.
    const gone = error.code === 'upload_not_found' || error.code === 'precondition_failed'
    if (!error.mayHaveHappened && !(unseen && gone)) throw error
    const found = await call(signal, (current) =>
      driver.findCompleted(upload, parts, { size, signal: current }),
    )
    if (found !== null) return found
    // Whether it is still under way says whether there is anything left to try.
    const goes: unknown = await call(signal, (current) =>
      driver.parts(upload, { signal: current }),
    ).catch((reason: unknown) => reason)
    const ended = goes instanceof StorageError && goes.code === 'upload_not_found'
    // While the upload is there nobody has completed it: another object stands in its way.
    if (error.code === 'precondition_failed' && !ended) throw error
    throw new StorageError(
      ended ? 'upload_not_found' : 'unavailable',
      'Cannot complete upload: the answer was lost, and the object is not seen to be made of it',
      { cause: error, mayHaveHappened: true },
    )
  }
}
