import { expect, test } from 'vitest'
import { sqliteSuites } from '../../../../test/conformance/backends/sqlite.ts'
import { DatabaseSync } from 'node:sqlite'

/** What a file of an earlier version costs when it is opened, once. */
const ONCE =
  /^\s*(INSERT INTO reuse_job_(parts|counts) [^)]*\)\s+SELECT|UPDATE reuse_jobs SET\s+data = iif)/

test('every statement of the port laws seeks what it needs, and none scans or sorts', async () => {
  const plans = new Map<string, string[]>()
  const suites = sqliteSuites(() => {
    const native = new DatabaseSync(':memory:')
    return {
      prepare(sql: string) {
        if (/^\s*(SELECT|INSERT|UPDATE|DELETE)/.test(sql) && !ONCE.test(sql) && !plans.has(sql)) {
          const steps = native.prepare(`EXPLAIN QUERY PLAN ${sql}`).all()
          plans.set(
            sql,
            steps.map(({ detail }) => String(detail)),
          )
        }
        return native.prepare(sql)
      },
      close: () => native.close(),
    }
  })
  for (const { subject, cases } of suites) {
    if (subject === 'JobQueue') continue
    for (const { excused, run } of cases) if (excused === undefined) await run()
  }
  expect(plans.size).toBeGreaterThan(35)
  for (const [sql, steps] of plans) {
    const slow = steps.filter((step) =>
      /SCAN (?!asked|CONSTANT|json_each)|TEMP B-TREE|AUTOMATIC/.test(step),
    )
    expect(slow, sql).toEqual([])
  }
}, 120_000)
