import { expect, test } from 'vitest'
import { memory } from '../../runtime/backends/memory/index.ts'
import { defineJob, type JobDefinition } from './define-job.ts'
import type { JobOptions } from './job-options.ts'
import { JobQueue } from './job-queue.ts'

function queueWith(ofKind: JobOptions, ofQueue: JobOptions = {}): unknown {
  const jobs = { note: defineJob({ run: () => undefined, options: ofKind }) }
  return new JobQueue({ name: 'q', backend: memory(), jobs, options: ofQueue })
}

test('a queue refuses what only one job can have among the options of a kind, or of all', () => {
  const trace = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' }
  for (const [name, options] of Object.entries({
    jobId: { jobId: 'always-the-same' },
    deduplication: { deduplication: { id: 'd' } },
    trace: { trace },
  })) {
    const refusal = `options.${name} is given, which is of one job, options of all jobs expected`
    expect(() => queueWith(options)).toThrow(new TypeError(`Cannot define job "note": ${refusal}`))
    expect(() => queueWith({}, options)).toThrow(
      new TypeError(`Cannot create job queue: ${refusal}`),
    )
  }
})

test('a queue refuses options of its kinds before any job is added', () => {
  expect(() => queueWith({ attempts: 0 })).toThrow(RangeError)
  expect(() => queueWith({}, { delay: -1 })).toThrow(RangeError)
  expect(() => queueWith({ attemts: 3 } as JobOptions)).toThrow(TypeError)
  expect(() => queueWith({ attempts: 2, backoff: '5s' }, { removeOnComplete: true })).not.toThrow()
})

test('defineJob() refuses parts that mean nothing where they are written', () => {
  const run = (): void => undefined
  const known = 'run, input, options, concurrency, rateLimit, breaker, backoff, batch expected'
  for (const [definition, message] of [
    [{ run, attempts: 3 }, `option "attempts" is not known, ${known}`],
    [{ run, schema: {} }, `option "schema" is not known, ${known}`],
    [{ handler: run }, 'run is no function, one expected'],
    [undefined, 'run is no function, one expected'],
    [run, 'run is no function, one expected'],
  ] as const)
    expect(() => defineJob(definition as unknown as JobDefinition)).toThrow(
      new TypeError(`Cannot define job: ${message}`),
    )
})
