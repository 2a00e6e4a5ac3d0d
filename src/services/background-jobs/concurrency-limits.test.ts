import { expect, test } from 'vitest'
import { createFakeClock } from '../../testing/fake-clock.ts'
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
      async getMany(keys: readonly string[]) {
        await step()
        return partition.getMany(keys)
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

test('tell() of an older deploy mends what it told while a newer one told its own', async () => {
  for (let at = 0; at < 5; at++) {
    const clock = createFakeClock()
    const partition = memory({ clock }).store.partition('limits')
    const commands: JobCommand[] = []
    const store = {
      command: async (command: JobCommand) => commands.push(command),
    }
    const limits = (limit: number, on = partition) =>
      createConcurrencyLimits(on, store, jobs(limit))
    await limits(5).tell()
    await limits(3).tell()
    await clock.advance(200_000)
    const between = interrupted(partition, at, () => limits(1).tell())
    await createConcurrencyLimits(
      between.partition,
      {
        async command(command) {
          await between.step()
          return store.command(command)
        },
      },
      jobs(5),
    ).tell()
    const last = commands.at(-1)
    const record = (await partition.get('concurrency'))?.value
    expect([at, record]).toEqual([at, { mail: last?.type === 'groups' ? last.limit : null }])
  }
})

test('tell() says of 300 kinds that they are there, and asks for nothing where there is no limit', async () => {
  const partition = memory().store.partition('limits')
  const kinds = Object.fromEntries(
    Array.from({ length: 300 }, (_, at) => [`${'k'.repeat(250)}${at}`, jobs(2).mail]),
  )
  const told: JobCommand[] = []
  const store = { command: async (command: JobCommand) => told.push(command) }
  const limits = createConcurrencyLimits(partition, store, kinds)
  expect((await limits.tell()).changed.size).toBe(300)
  expect(await limits.tell()).toEqual({ changed: new Set(), isOver: false })
  expect(told).toHaveLength(300)
  const { entries } = await partition.list({ prefix: 'alive:', limit: 1000 })
  expect(entries).toHaveLength(300)
  const none = createConcurrencyLimits(memory().store.partition('limits'), store, {
    plain: defineJob({ run: () => undefined }),
  })
  expect(await none.tell()).toEqual({ changed: new Set(), isOver: true })
})
