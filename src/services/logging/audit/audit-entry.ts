import type { Json } from '../../../runtime/ports/json.ts'

/** What happened: who did what to what, and how it ended. */
export interface AuditEvent {
  /** Who: the id of a user, a key or a service. 1 to 200 characters. */
  readonly actor: string
  /** What, as `record.read`. 1 to 200 characters. */
  readonly action: string
  /** On what or whom, as `patient/42`. 1 to 500 characters. */
  readonly target: string
  readonly outcome: 'success' | 'failure' | 'denied'
  /** What else there is to say; secrets and personal data are hidden. Default: nothing. */
  readonly detail?: unknown
  /** The request it belongs to. Default: that of the context. */
  readonly requestId?: string | undefined
}

/**
 * An event on record. Each is bound to the one before: none can be changed or taken away unseen.
 */
export interface AuditEntry {
  /** From 1, without a gap. */
  readonly sequence: number
  /** ms since 1970, never before the entry before. */
  readonly at: number
  readonly actor: string
  readonly action: string
  readonly target: string
  readonly outcome: AuditEvent['outcome']
  readonly detail: Json
  readonly requestId: string | null
  /** The hash of the entry before; of the first 64 zeros. */
  readonly previous: string
  /**
   * SHA-256, or HMAC-SHA-256 under the log's secret, of all this as canonical JSON; 64 hex digits.
   */
  readonly hash: string
}

/** What {@link import('./audit-log.ts').AuditLog.verify} found. */
export type AuditVerdict =
  | { readonly ok: true; readonly entries: number; readonly hash: string }
  | {
      readonly ok: false
      readonly entries: number
      /** The first entry that is not as it was recorded. */
      readonly brokenAt: number
      readonly why: 'missing' | 'changed' | 'reordered' | 'cut_off'
    }
