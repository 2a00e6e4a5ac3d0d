import { MediaError } from '@white-cross/reuse/infrastructure/storage/media'
import {
  SidecarError,
  type SidecarErrorCode,
} from '@white-cross/reuse/infrastructure/storage/sidecar'

/** What sharp says, and what it comes to. */
const MEANINGS: readonly (readonly [RegExp, SidecarErrorCode, string])[] = [
  [/pixel limit|too (?:large|many)/i, 'limit_exceeded', 'it has more pixels than allowed'],
  [/timeout/i, 'deadline_exceeded', 'it takes too long'],
  [/extract|bad area/i, 'invalid_operation', 'the part to keep lies outside of it'],
  [
    /unsupported image format|no known loader/i,
    'unsupported_media',
    'it is of no kind that is read',
  ],
]

/** @returns The protocol's error for what reading or making an image failed with */
export function imageFailure(error: unknown): SidecarError {
  if (error instanceof SidecarError) return error
  if (error instanceof MediaError) {
    const code = error.code === 'unsupported_media' ? 'unsupported_media' : 'unreadable_media'
    return new SidecarError(code, error.message, { cause: error })
  }
  const said = error instanceof Error ? error.message : ''
  const [, code, what] = MEANINGS.find(([form]) => form.test(said)) ?? [
    null,
    'unreadable_media' as const,
    'it is broken',
  ]
  return new SidecarError(code, `Cannot work on image: ${what}`, { cause: error })
}
