import { errorOptionsOf } from '../../http/http-client.ts'
import { codeOfStatus } from '../../http/status-codes.ts'
import { StorageError, type StorageErrorCode } from '../../storage-error.ts'

/** What Azure says, by what we call it. */
const CODES: Readonly<Record<string, StorageErrorCode>> = {
  BlobNotFound: 'not_found',
  ContainerNotFound: 'bucket_not_found',
  ContainerBeingDeleted: 'bucket_not_found',
  BlobAlreadyExists: 'precondition_failed',
  ConditionNotMet: 'precondition_failed',
  TargetConditionNotMet: 'precondition_failed',
  SourceConditionNotMet: 'precondition_failed',
  CannotVerifyCopySource: 'not_found',
  // A block is not there, or no longer.
  InvalidBlockList: 'upload_not_found',
  InvalidBlobOrBlock: 'upload_conflict',
  BlockCountExceedsLimit: 'too_large',
  RequestBodyTooLarge: 'too_large',
  InvalidRange: 'range_not_satisfiable',
  Md5Mismatch: 'checksum_mismatch',
  InvalidMd5: 'checksum_mismatch',
  ServerBusy: 'throttled',
  OperationTimedOut: 'unavailable',
  InternalError: 'unavailable',
}

/** @returns What an answer means that is no success; its header says what its body does */
export function azureError(response: Response, now: number): StorageError {
  const { status, headers } = response
  const given = headers.get('x-ms-error-code') ?? ''
  const code = CODES[given] ?? codeOfStatus(status)
  const said = /^\w{1,64}$/.test(given) ? given : `status ${status}`
  return new StorageError(code, `Cannot use Azure container: it answered ${said}`, {
    ...errorOptionsOf(response, now, 'x-ms-request-id'),
  })
}
