import type { StorageErrorCode } from '../storage-error.ts'

const CODES: Readonly<Record<number, StorageErrorCode>> = {
  401: 'access_denied',
  403: 'access_denied',
  404: 'not_found',
  408: 'unavailable',
  412: 'precondition_failed',
  413: 'too_large',
  416: 'range_not_satisfiable',
  429: 'throttled',
  501: 'unsupported',
  503: 'throttled',
}

/** @returns What a status means where a store says nothing else */
export function codeOfStatus(status: number): StorageErrorCode {
  return CODES[status] ?? (status >= 500 || status === 200 ? 'unavailable' : 'failed')
}
