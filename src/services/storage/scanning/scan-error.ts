import {
  InfrastructureError,
  type InfrastructureErrorOptions,
} from '../../../runtime/ports/infrastructure-error.ts'

/** Stable codes of {@link ScanError}, and the HTTP status that says the same. */
const STATUS = {
  /** The scanner could not be reached, broke off or has no place: ask again later. */
  unavailable: 503,
  /** The object to scan is not there, or another version of it. */
  input_not_found: 404,
  /** The scanner refused our credentials, or its answer is not signed with ours. */
  unauthorized: 502,
  /** The scanner answered what no scanner should. */
  failed: 502,
} as const

/** Stable codes of {@link ScanError}. */
export type ScanErrorCode = keyof typeof STATUS

/** There is no verdict. Whatever was to be scanned counts as not scanned, never as clean. */
export class ScanError extends InfrastructureError<ScanErrorCode> {
  override readonly name = 'ScanError'

  constructor(
    code: ScanErrorCode,
    message: string,
    options: Omit<InfrastructureErrorOptions, 'status'> = {},
  ) {
    super(code, message, { ...options, status: STATUS[code] })
  }
}
