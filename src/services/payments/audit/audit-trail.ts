import type { Json } from '../../../runtime/ports/json.ts'

/**
 * One change of a payment, as its audit trail keeps it. Without personal data, tokens and secrets.
 */
export interface AuditEntry {
  /** From 1, without gaps. */
  readonly sequence: number
  /** ms since 1970. */
  readonly at: number
  /** What was done: `create`, `capture`, `refund`, `webhook`, … */
  readonly action: string
  /** State before and after; the same where only amounts changed. */
  readonly from: string | null
  readonly to: string
  /** Minor units, where money was asked for. */
  readonly amount: string | null
  readonly currency: string
  /** The id of the operation, refund or event that did it. */
  readonly cause: string | null
  /** Code of the failure, if it was one. */
  readonly code: string | null
}

/** Where an entry is kept, in its payment's partition: in order by their keys. */
export function auditKey(paymentId: string, sequence: number): string {
  return `audit/${paymentId}/${sequence.toString().padStart(8, '0')}`
}

/** The beginning of the keys of a payment's trail. */
export function auditPrefix(paymentId: string): string {
  return `audit/${paymentId}/`
}

/** Reads an entry as it was written. */
export function readAuditEntry(value: Json): AuditEntry {
  // Written by this service alone, under keys that nobody else writes.
  return value as unknown as AuditEntry
}
