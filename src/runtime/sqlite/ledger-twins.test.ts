import { expect, test } from 'vitest'
import { createFakeClock } from '../../testing/fake-clock.ts'
import { compareLedgers } from '../../../test/support/ledger-twins.ts'
import { openTestDatabase } from '../../../test/support/node-sqlite.ts'
import { createSeededRandom } from '../../testing/seeded-random.ts'
import { memory } from '../memory/index.ts'
import { sqlite } from './sqlite.ts'

test('the tables decide as the reference ledger does, whatever happens to the jobs', async () => {
  for (let seed = 1; seed <= 60; seed++) {
    const clock = createFakeClock()
    const random = createSeededRandom(seed)
    const db = openTestDatabase()
    await compareLedgers(seed, {
      real: sqlite(db.native, { clock, random }).ledger.queue('q'),
      model: memory({ clock, random }).ledger.queue('q'),
      advance: clock.advance,
    })
    // What is counted beside the jobs agrees with them, and nothing outlives what it belongs to.
    const groups = `SELECT count(*) FROM (SELECT group_key AS key, count(*) AS admitted FROM reuse_jobs
      WHERE group_key IS NOT NULL AND state IN (0, 2) GROUP BY group_key EXCEPT SELECT key, admitted FROM reuse_groups)`
    const idleGroups = `SELECT count(*) FROM reuse_groups WHERE NOT EXISTS
      (SELECT 1 FROM reuse_jobs WHERE group_key = key AND state IN (0, 2))`
    const orphans =
      'SELECT count(*) FROM reuse_children WHERE parent NOT IN (SELECT id FROM reuse_jobs)'
    const left =
      'SELECT count(*) FROM reuse_follow_ups WHERE job NOT IN (SELECT id FROM reuse_jobs)'
    expect([groups, idleGroups, orphans, left].map((sql) => db.peek(sql))).toEqual([0, 0, 0, 0])
  }
}, 60_000)
