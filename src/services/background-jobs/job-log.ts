import { fitText } from '../../primitives/fit-text.ts'
import type { StorePartition } from '../../runtime/ports/atomic-store/atomic-store.ts'

/** Lines that handlers wrote, by job. */
export interface JobLog {
  /** Adds lines after those of earlier attempts; without lines it writes nothing. */
  append(jobId: string, lines: readonly string[]): Promise<void>
  read(jobId: string): Promise<readonly string[]>
}

const MAX_LINES = 100
const MAX_LINE_LENGTH = 1000
/** As long as dead jobs are kept by default. */
const KEPT_MS = 14 * 86_400_000
const MAX_TRIES = 5

/** An id of 256 characters may have 768 bytes, a key no more than 512. */
const KEY_CHARACTERS = 170

function keyOf(jobId: string): Promise<string> {
  return fitText(jobId, KEY_CHARACTERS)
}

/** Keeps the last 100 lines of each job for 14 days in a store's partition. */
export function createJobLog(partition: StorePartition): JobLog {
  async function read(
    jobId: string,
  ): Promise<{ readonly lines: readonly string[]; readonly version: number | null }> {
    const entry = await partition.get(await keyOf(jobId))
    const lines = Array.isArray(entry?.value)
      ? entry.value.filter((line) => typeof line === 'string')
      : []
    return { lines, version: entry?.version ?? null }
  }

  return {
    async append(jobId, lines) {
      if (lines.length === 0) return
      const key = await keyOf(jobId)
      const added = lines.slice(-MAX_LINES).map((line) => line.slice(0, MAX_LINE_LENGTH))
      for (let attempt = 0; attempt < MAX_TRIES; attempt++) {
        const before = await read(jobId)
        const value = [...before.lines, ...added].slice(-MAX_LINES)
        const result = await partition.commit({
          check: [{ key, version: before.version }],
          set: [{ key, value, expiresInMs: KEPT_MS }],
        })
        if (result.ok) return
      }
    },
    read: async (jobId) => (await read(jobId)).lines,
  }
}
