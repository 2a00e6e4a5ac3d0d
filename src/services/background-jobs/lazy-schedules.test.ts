import { expect, test, vi } from 'vitest'
import { createFakeClock } from '../../testing/fake-clock.ts'
import { memory } from '../../runtime/backends/memory/index.ts'
import { JobQueue } from './job-queue.ts'
import { scheduleJob } from './schedule-job.ts'

const load = vi.hoisted(() => vi.fn())
vi.mock(import('./schedules.ts'), async (original) => {
  load()
  return original()
})

test('createLazySchedules() loads the code when a schedule is first asked for, not before', async () => {
  const clock = createFakeClock()
  const backend = memory({ clock })
  const ran: unknown[] = []
  const open = () =>
    new JobQueue({
      name: 'q',
      backend,
      clock,
      jobs: { work: { run: ({ data }) => void ran.push(data) } },
    })
  const queue = open()
  await queue.add('work', 1)
  expect(await queue.drain()).toBe(1)
  await queue.sweep()
  expect([queue.processors.length, load.mock.calls.length]).toEqual([2, 0])

  await scheduleJob(queue, { name: 'work', every: '1h', data: 2 })
  expect(load).toHaveBeenCalledOnce()
  await clock.advance(3_600_000)
  // A queue of its own, as in another process: it loads the code when the tick comes.
  await open().drain()
  expect(ran).toEqual([1, 2])
  const schedules = open().schedules
  expect((await schedules.list()).map(({ id }) => id)).toEqual(['work'])
  expect((await schedules.get('work'))?.runs).toBe(1)
  expect([await schedules.pause('work'), await schedules.resume('work')]).toEqual([true, true])
  expect([await schedules.remove('work'), await schedules.get('work')]).toEqual([true, null])
})
