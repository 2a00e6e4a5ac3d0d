import { expect, test } from 'vitest'
import { createFakeClock } from '../../../testing/fake-clock.ts'
import { decodeDirectJob, encodeDirectJob } from './direct-job.ts'
import { runDirectJob } from './run-direct-job.ts'

const job = { id: '1', name: 'n', data: { a: 1 }, attempt: 1 }

test('runDirectJob() hands on the outcome', async () => {
  const clock = createFakeClock()
  const process = async (): Promise<{ to: 'completed' }> => ({ to: 'completed' })
  expect(await runDirectJob(job, { process, timeLimitMs: 10, clock })).toEqual({ to: 'completed' })
})

test('runDirectJob() takes what is thrown for a failed attempt', async () => {
  const clock = createFakeClock()
  const error = new Error('no')
  const rejects = (): Promise<never> => Promise.reject(error)
  const throws = (): never => {
    throw error
  }
  for (const process of [rejects, throws])
    expect(await runDirectJob(job, { process, timeLimitMs: 10, clock })).toEqual({
      to: 'failed',
      thrown: error,
    })
})

test('runDirectJob() takes what is no outcome for a failed attempt', async () => {
  const clock = createFakeClock()
  for (const answer of [undefined, null, 'completed', {}, { to: 'gone' }, []])
    expect(
      await runDirectJob(job, { process: async () => answer as never, timeLimitMs: 10, clock }),
    ).toEqual({ to: 'failed', thrown: expect.any(TypeError) as unknown })
})

test('runDirectJob() aborts the signal after the time limit and fails the attempt, whatever the job does', async () => {
  const clock = createFakeClock()
  let signal: AbortSignal | undefined
  const running = runDirectJob(job, {
    process: (_, control) => {
      signal = control.signal
      return new Promise(() => undefined)
    },
    timeLimitMs: 500,
    clock,
  })
  await clock.advance(499)
  expect(signal?.aborted).toBe(false)
  await clock.advance(1)
  expect(signal?.aborted).toBe(true)
  expect(await running).toMatchObject({
    to: 'failed',
    thrown: { message: 'Cannot finish job "n": the attempt took over 500 ms' },
  })
})

test('decodeDirectJob() reads what encodeDirectJob() wrote, and answers null for anything else', () => {
  const text = JSON.stringify(encodeDirectJob('n', null))
  expect(decodeDirectJob(JSON.parse(text))).toEqual({ name: 'n', data: null })
  for (const body of [
    null,
    'n',
    {},
    { name: 'n' },
    { data: 1 },
    { name: '', data: 1 },
    { ring: 'q' },
  ])
    expect(decodeDirectJob(body)).toBeNull()
  for (const name of ['', 'x'.repeat(257)])
    expect(() => encodeDirectJob(name, 1)).toThrow(RangeError)
})
