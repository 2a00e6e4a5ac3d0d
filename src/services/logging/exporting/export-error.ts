import { InfrastructureError } from '../../../runtime/ports/infrastructure-error.ts'

/** Stable codes of {@link ExportError}. */
export type ExportErrorCode =
  /** The receiver did not answer, or not in time; what was sent waits for the next flush. */
  | 'unreachable'
  /** The receiver answered that it cannot take more now; what was sent waits for the next flush. */
  | 'overloaded'
  /** The receiver will not take this: what was refused is lost. */
  | 'refused'
  /** A record could not be written in the receiver's format, and is lost. */
  | 'not_encodable'

/** Logs, spans or metrics could not be sent. Names the receiver's host, never a key or a record. */
export class ExportError extends InfrastructureError<ExportErrorCode> {
  override readonly name = 'ExportError'
}
