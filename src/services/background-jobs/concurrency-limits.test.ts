import { expect, test } from 'vitest'
import { memory } from '../../runtime/backends/memory/index.ts'
import type { StorePartition } from '../../runtime/ports/atomic-store/atomic-store.ts'
import type { JobCommand } from '../../runtime/ports/job-store/job-store.ts'
import { createConcurrencyLimits } from './concurrency-limits.ts'
import { defineJob } from './define-job.ts'

const jobs = (limit: number) => ({
  mail: defineJob({ concurrency: { limit }, run: () => undefined }),
})

/** Calls `before` ahead of the call of that number. */
function interrupted(partition: StorePartition, at: number, before: () => Promise<unknown>) {
  let calls = 0
  const step = async (): Promise<void> => {
    if (calls++ === at) await before()
  }
  return {
    step,
    partition: {
      ...partition,
      async get(key: string) {
        await step()
        return partition.get(key)
      },
      async commit(change: Parameters<StorePartition['commit']>[0]) {
        await step()
        return partition.commit(change)
      },
    },
  }
}

test('tell() leaves the store with the limit that is on record, whoever else tells meanwhile', async () => {
  for (let at = 0; at < 4; at++) {
    const partition = memory().store.partition('limits')
    const commands: JobCommand[] = []
    const store = {
      command: async (command: JobCommand) => commands.push(command),
    }
    const other = createConcurrencyLimits(partition, store, jobs(5))
    const between = interrupted(partition, at, () => other.tell())
    await createConcurrencyLimits(
      between.partition,
      {
        async command(command) {
          await between.step()
          return store.command(command)
        },
      },
      jobs(1),
    ).tell()
    const last = commands.at(-1)
    const record = (await partition.get('concurrency'))?.value
    expect([at, record]).toEqual([at, { mail: last?.type === 'groups' ? last.limit : null }])
  }
})
