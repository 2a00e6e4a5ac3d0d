import type { FinishedChild } from '../../../ports/job-store/job-store.ts'
import { hasEnded, JOB_STATES } from '../../../ports/job-store/job-state.ts'
import { orBroken, readJson, readNumber, readText, toSqlText } from '../database/columns.ts'
import type { SqlDatabase, SqlRow, SqlValue } from '../database/sql-database.ts'

/** The ended children of each flow's parent that has a record. */
export interface ChildTable {
  /** @returns Whether it is new: a child is there once */
  note(queue: string, parent: string, child: NotedChild): boolean
  /** Takes out a child that runs again. @returns Whether it was there */
  take(queue: string, parent: string, child: string): boolean
  /** The ids of those that did not complete, in the order in which they ended. */
  failed(queue: string, parent: string): readonly string[]
  /** Forgets the children of a parent whose record goes. */
  forget(queue: string, parent: string): void
  /**
   * Those after `after`, in the order of their ids. One statement, so that the answer is of one
   * moment.
   */
  page(
    queue: string,
    parent: string,
    range: { readonly after: string; readonly limit: number; readonly now: number },
  ): readonly PlacedChild[]
}

/** A finished child with its place in the order in which they finished. */
export interface PlacedChild extends FinishedChild {
  readonly place: number
}

/** A finished child as it is written: result and error as JSON text or SQL NULL. */
export interface NotedChild {
  readonly id: string
  readonly name: string
  readonly state: FinishedChild['state']
  readonly result: string | null
  readonly error: string | null
  readonly place: number
}

/**
 * The caller chose the parent's id, so its place is noted; its record may have been kept long
 * enough.
 */
const PARENT = `SELECT 1 FROM reuse_job_places WHERE queue = ? AND id = ?
  AND (state NOT IN (${JOB_STATES.flatMap((state, code) => (hasEnded(state) ? [code] : [])).join(', ')}) OR rank > ?)`

export function createChildTable(db: SqlDatabase): ChildTable {
  return {
    note(queue, parent, { id, place, name, state, error, result }) {
      const rows = db.run(
        `INSERT OR IGNORE INTO reuse_children (queue, parent, id, place, name, state, error, result)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING place`,
        [queue, toSqlText(parent), toSqlText(id), place, toSqlText(name), state, error, result],
      )
      return rows.length > 0
    },

    take(queue, parent, child) {
      const rows = db.run(
        'DELETE FROM reuse_children WHERE queue = ? AND parent = ? AND id = ? RETURNING place',
        [queue, toSqlText(parent), toSqlText(child)],
      )
      return rows.length > 0
    },

    failed(queue, parent) {
      const rows = db.run(
        `SELECT id, place FROM reuse_children
         WHERE queue = ? AND parent = ? AND state <> 'completed'`,
        [queue, toSqlText(parent)],
      )
      // Sorted here: by an index it would cost each child a row more.
      return rows
        .toSorted((a, b) => readNumber(a, 'place') - readNumber(b, 'place'))
        .map((row) => readText(row, 'id'))
    },

    forget(queue, parent) {
      db.run('DELETE FROM reuse_children WHERE queue = ? AND parent = ?', [
        queue,
        toSqlText(parent),
      ])
    },

    page(queue, parent, { after, limit, now }) {
      // Half a surrogate pair would be bound as another text.
      if (!parent.isWellFormed()) return []
      const of: SqlValue[] = [queue, toSqlText(parent)]
      return db
        .run(
          `SELECT id, place, name, state, error, result FROM reuse_children
           WHERE queue = ? AND parent = ? AND id > ? AND EXISTS (${PARENT})
           ORDER BY id LIMIT ?`,
          [...of, toSqlText(after), ...of, now, limit],
        )
        .map(placedChildOf)
    },
  }
}

/** @returns The children in the order in which they finished */
export function inOrder(children: readonly PlacedChild[]): readonly FinishedChild[] {
  return children.toSorted((a, b) => a.place - b.place).map(({ place: _place, ...child }) => child)
}

function placedChildOf(row: SqlRow): PlacedChild {
  return {
    id: readText(row, 'id'),
    name: readText(row, 'name'),
    // Only how jobs end is ever written there.
    state: readText(row, 'state') as FinishedChild['state'],
    result: orBroken(() => readJson(row, 'result'), null),
    error: orBroken(() => readJson(row, 'error'), null),
    place: readNumber(row, 'place'),
  }
}
