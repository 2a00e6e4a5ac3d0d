import { expect, test, vi } from 'vitest'
import { memory } from '../../runtime/backends/memory/index.ts'
import { JobQueue } from './job-queue.ts'

const load = vi.hoisted(() => vi.fn())
vi.mock(import('./working-parts.ts'), async (original) => {
  load()
  return original()
})

test('createQueueWork() loads the code when the queue is first worked, not when jobs are added', async () => {
  const backend = memory()
  const ran: unknown[] = []
  const open = () =>
    new JobQueue({
      name: 'q',
      backend,
      jobs: { work: { run: ({ data }) => void ran.push(data) } },
    })
  const adder = open()
  const { id } = await adder.add('work', 1, { delay: '1h' })
  await adder.counts()
  await adder.promote(id)
  expect(load).not.toHaveBeenCalled()
  // As a platform's worker does it, which asks the processor alone.
  const { processor, processors } = open()
  const job = { name: 'work', data: 1, lastError: null }
  expect([processors.length, processor.knows?.(job), load.mock.calls.length]).toEqual([2, true, 0])
  await open().drain()
  expect([ran, load.mock.calls.length]).toEqual([[1], 1])
})
