import { expect, test } from 'vitest'
import { createFakeClock } from '../../../../testing/fake-clock.ts'
import { compareJobStores } from '../../../../../test/support/job-store-twins.ts'
import { openTestDatabase } from '../../../../../test/support/node-sqlite.ts'
import { createSeededRandom } from '../../../../testing/seeded-random.ts'
import { memory } from '../../memory/index.ts'
import { sqlite } from '../sqlite.ts'

test('the tables decide as the reference job store does, whatever happens to the jobs', async () => {
  for (let seed = 1; seed <= 60; seed++) {
    const clock = createFakeClock()
    const random = createSeededRandom(seed)
    const db = openTestDatabase()
    await compareJobStores(seed, {
      real: sqlite(db.native, { clock, random }).jobStore.queue('q'),
      model: memory({ clock, random }).jobStore.queue('q'),
      advance: clock.advance,
    })
    // What is counted beside the jobs agrees with them, and nothing outlives what it belongs to.
    const grouped = `SELECT ties ->> 'group' AS key FROM reuse_jobs WHERE state IN (0, 2) AND key IS NOT NULL`
    const groups = `SELECT count(*) FROM (SELECT key, count(*) AS admitted FROM (${grouped}) GROUP BY key
      EXCEPT SELECT key, admitted FROM reuse_groups)`
    const idleGroups = `SELECT count(*) FROM reuse_groups WHERE key NOT IN (${grouped})`
    const misplaced = `SELECT count(*) FROM (SELECT queue, id, state, rank, seq FROM reuse_job_places
      EXCEPT SELECT queue, id, state, rank, seq FROM reuse_jobs)`
    const unplaced = `SELECT count(*) FROM reuse_jobs WHERE (state NOT IN (0, 2) OR ties ->> 'keyed')
      AND id NOT IN (SELECT id FROM reuse_job_places)`
    const held = `SELECT count(*) FROM (SELECT ties ->> 'group', rank, seq, id FROM reuse_jobs WHERE state = 7
      EXCEPT SELECT group_key, rank, seq, id FROM reuse_held_jobs)`
    const heldNoMore = `SELECT count(*) FROM reuse_held_jobs WHERE id NOT IN (SELECT id FROM reuse_jobs WHERE state = 7)`
    const orphans =
      'SELECT count(*) FROM reuse_children WHERE parent NOT IN (SELECT id FROM reuse_jobs)'
    const left =
      'SELECT count(*) FROM reuse_follow_ups WHERE job NOT IN (SELECT id FROM reuse_jobs)'
    const wrong = [groups, idleGroups, misplaced, unplaced, held, heldNoMore, orphans, left]
    expect(wrong.map((sql) => db.peek(sql))).toEqual(wrong.map(() => 0))
  }
}, 60_000)
