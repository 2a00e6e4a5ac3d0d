import { readNumber } from '../database/read-column.ts'
import type { SqlDatabase } from '../database/sql-database.ts'
import { toSqlText } from '../database/sql-text.ts'

/** How many jobs of each group are ready or active. */
export interface GroupTable {
  admitted(queue: string, group: string): number
  setAdmitted(queue: string, group: string, count: number): void
}

export function createGroupTable(db: SqlDatabase): GroupTable {
  return {
    admitted(queue, group) {
      const [row] = db.run('SELECT admitted FROM reuse_groups WHERE queue = ? AND key = ?', [
        queue,
        toSqlText(group),
      ])
      return row === undefined ? 0 : readNumber(row, 'admitted')
    },

    setAdmitted(queue, group, count) {
      if (count === 0) {
        db.run('DELETE FROM reuse_groups WHERE queue = ? AND key = ?', [queue, toSqlText(group)])
        return
      }
      db.run(
        `INSERT INTO reuse_groups (queue, key, admitted) VALUES (?, ?, ?)
         ON CONFLICT (queue, key) DO UPDATE SET admitted = excluded.admitted`,
        [queue, toSqlText(group), count],
      )
    },
  }
}
