import { malformedCursor } from '../../../ports/job-store/job-search.ts'
import { toSqlText } from '../database/columns.ts'
import type { JobRow } from './job-row.ts'

/** The cursor of a page that ends with this job of a state. */
export function cursorOfPlace({ rank, seq, id }: Pick<JobRow, 'rank' | 'seq' | 'id'>): string {
  return `${rank} ${seq} ${toSqlText(id)}`
}

/** @returns Where in its state that job stood, as its columns have it */
export function placeOfCursor(cursor: string): [rank: number, seq: number, id: string] {
  const [, rank, seq, id] = /^(\d{1,16}) (-?\d{1,16}) (.+)$/s.exec(cursor) ?? []
  if (rank === undefined || seq === undefined || id === undefined) throw malformedCursor()
  return [Number(rank), Number(seq), id]
}
