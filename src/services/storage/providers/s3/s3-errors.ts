import { errorOptionsOf } from '../../http/http-client.ts'
import { xmlValue } from '../../http/read-xml.ts'
import { codeOfStatus } from '../../http/status-codes.ts'
import { StorageError, type StorageErrorCode } from '../../storage-error.ts'

/** What S3 and its like say, by what we call it, where the status does not say it. */
const CODES: Readonly<Record<string, StorageErrorCode>> = {
  NoSuchBucket: 'bucket_not_found',
  NoSuchUpload: 'upload_not_found',
  InvalidPart: 'upload_conflict',
  InvalidPartOrder: 'upload_conflict',
  EntityTooSmall: 'upload_conflict',
  BadDigest: 'checksum_mismatch',
  InvalidDigest: 'checksum_mismatch',
  XAmzContentChecksumMismatch: 'checksum_mismatch',
  EntityTooLarge: 'too_large',
  SlowDown: 'throttled',
  // Someone else wrote at the same moment: asked again, it will say who was first.
  ConditionalRequestConflict: 'throttled',
  OperationAborted: 'throttled',
  RequestTimeout: 'unavailable',
  PreconditionFailed: 'precondition_failed',
}

/** @returns What an answer means that is no success, or is one with an error in its body */
export function s3Error(response: Response, body: string, now: number): StorageError {
  const { status } = response
  const given = xmlValue(body, 'Code')
  const code = CODES[given ?? ''] ?? codeOfStatus(status)
  const said = given === null || !/^\w{1,64}$/.test(given) ? `status ${status}` : given
  return new StorageError(code, `Cannot use S3 store: it answered ${said}`, {
    ...errorOptionsOf(response, now, 'x-amz-request-id'),
    ...(status === 200 && { mayHaveHappened: true }),
  })
}
