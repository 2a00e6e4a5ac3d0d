import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sqlite } from '@white-cross/reuse/infrastructure/runtime/sqlite'
import { bullmqBurnDown, CONCURRENCY, JOBS } from './bullmq.ts'
import type { Comparison } from './compare.ts'
import { rawBurnDown } from './raw-jobs.ts'
import { startRedis } from './redis-server.ts'
import { reuseBurnDown } from './reuse-jobs.ts'

const WIDE = 200

export async function setUp(): Promise<Comparison & { tearDown(): Promise<void> }> {
  const redis = await startRedis()
  const folder = mkdtempSync(join(tmpdir(), 'reuse-bench-'))
  const backend = sqlite(join(folder, 'jobs.db'))
  return {
    title: 'Jobs: SQLite job store against BullMQ',
    setting: `${JOBS} jobs with a 120-byte payload, added before, run by a handler that does nothing and removed when complete. SQLite: WAL, synchronous=FULL (each commit is synced to disk before it counts). BullMQ 6.7.0: Redis 7 on loopback with appendfsync everysec (up to a second of acknowledged work may be lost). Concurrency ${CONCURRENCY} on both sides, and ${WIDE}. The last row is what the same disk allows: \`node:sqlite\` with the three statements a job that there have to be (read, claimed, removed) in a table of the same columns, ${CONCURRENCY} jobs a commit, and nothing else.`,
    contenders: [
      reuseBurnDown('SQLite FULL', backend),
      bullmqBurnDown(redis.port),
      reuseBurnDown('SQLite FULL', backend, WIDE),
      bullmqBurnDown(redis.port, WIDE),
      rawBurnDown(folder),
    ],
    target: 5,
    async tearDown() {
      backend.close()
      rmSync(folder, { recursive: true, force: true })
      await redis.stop()
    },
  }
}
