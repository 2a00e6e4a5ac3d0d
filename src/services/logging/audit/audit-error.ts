import { InfrastructureError } from '../../../runtime/ports/infrastructure-error.ts'

/** Stable codes of {@link AuditError}. */
export type AuditErrorCode =
  /** Others kept adding to the same log; nothing was added, trying again is safe. */
  | 'contended'
  /** An entry is larger than one may be. */
  | 'entry_too_large'

/** Something could not be put on record. Carries nothing of the entry. */
export class AuditError extends InfrastructureError<AuditErrorCode> {
  override readonly name = 'AuditError'
}
