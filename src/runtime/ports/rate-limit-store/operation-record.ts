import type { OperationRecord } from './decide-rate-limits.ts'

/** The record of an operation as text. */
export function encodeRecord(record: OperationRecord): string {
  return JSON.stringify([...record].map(([field, { cost, receipt }]) => [field, cost, ...receipt]))
}

/** @returns What {@link encodeRecord} was given */
export function decodeRecord(text: string): OperationRecord {
  // Only encodeRecord makes such texts.
  const entries = JSON.parse(text) as readonly (readonly [string, number, ...number[]])[]
  return new Map(entries.map(([field, cost, ...receipt]) => [field, { cost, receipt }]))
}
