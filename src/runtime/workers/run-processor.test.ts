import { expect, test } from 'vitest'
import { createFakeClock } from '../../testing/fake-clock.ts'
import { memory } from '../backends/memory/index.ts'
import type { JobControl } from '../ports/job-store/job-processor.ts'
import { runProcessor } from './run-processor.ts'

async function runThrowing(thrown: unknown) {
  const { jobStore } = memory({ clock: createFakeClock() })
  const queue = jobStore.queue('q')
  await queue.add([{ id: 'a', name: 'work', data: null }])
  const { claimed } = await queue.exchange({ claim: { limit: 1, leaseMs: 1000 } })
  const [job] = claimed
  if (job === undefined) throw new Error('A job was to be claimed')
  const processor = {
    queue: 'q',
    async process() {
      throw thrown
    },
  }
  return runProcessor(processor, job, {} as JobControl)
}

test.each([
  [new TypeError('no such table'), { name: 'TypeError', message: 'no such table' }],
  [Object.assign(new Error('gone'), { code: 'EGONE' }), { code: 'EGONE', message: 'gone' }],
  ['a text', { name: 'Error', code: 'processor_failed', message: 'a text' }],
  [new Error('x'.repeat(5000)), { message: 'x'.repeat(2000) }],
])(
  'runProcessor() keeps in the record what a processor rejected with: %s',
  async (thrown, error) => {
    expect(await runThrowing(thrown)).toMatchObject({ error })
  },
)
