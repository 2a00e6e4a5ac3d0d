import { expect, test } from 'vitest'
import { createFakeClock, type FakeClock } from '../../testing/fake-clock.ts'
import type { ClaimedJob } from '../ports/job-store/job-store.ts'
import type { JobOutcome } from '../ports/job-store/job-outcome.ts'
import type { JobControl } from '../ports/job-store/job-processor.ts'
import { createRunningJobs, type RunningJobs } from './running-jobs.ts'

const LEASE_MS = 9000

interface Started {
  readonly control: JobControl
  readonly end: (outcome: JobOutcome) => void
}

interface Fixture {
  readonly clock: FakeClock
  readonly running: RunningJobs
  readonly started: Started[]
  readonly news: string[]
}

function setUp(): Fixture {
  const clock = createFakeClock()
  const started: Started[] = []
  const news: string[] = []
  const running = createRunningJobs({
    processor: {
      queue: 'q',
      process: (_, control) => new Promise((end) => void started.push({ control, end })),
    },
    clock,
    leaseMs: LEASE_MS,
    onNews: (kind) => news.push(kind),
  })
  return { clock, running, started, news }
}

function job(id: string, token = 1): ClaimedJob {
  return {
    id,
    name: 'n',
    data: null,
    options: null,
    token,
    attempt: 1,
    maxAttempts: 3,
    addedAt: 0,
    priority: 0,
    lastError: null,
  }
}

test('report() has each outcome once, unless it is put back, and then in its order', async () => {
  const { clock, running, started, news } = setUp()
  running.start(job('a'), clock.now())
  running.start(job('b'), clock.now())
  started[0]?.end({ to: 'completed', result: 1 })
  await clock.advance(0)
  const lost = running.report(clock.now())
  started[1]?.end({ to: 'completed', result: 2 })
  await clock.advance(0)
  lost.putBack()
  expect(running.endedCount).toBe(2)
  expect(running.report(clock.now()).settle.map(({ id }) => id)).toEqual(['a', 'b'])
  expect([running.report(clock.now()).settle, running.count, news]).toEqual([
    [],
    0,
    ['outcome', 'outcome'],
  ])
})

test('report() renews the leases that are due, a third of their time after they began', async () => {
  const { clock, running } = setUp()
  running.start(job('a'), clock.now())
  await clock.advance(1000)
  running.start(job('b'), clock.now())
  expect(running.renewAt() - clock.now()).toBe(2000)
  await clock.advance(2000)
  const report = running.report(clock.now())
  expect(report.extend).toEqual([{ id: 'a', token: 1, leaseMs: LEASE_MS }])
  report.taken(['extended'])
  expect(running.renewAt() - clock.now()).toBe(1000)
  expect(running.leaseUntil() - clock.now()).toBe(7000)
})

test('progress that is told while a report is on its way stands in the next one', async () => {
  const { clock, running, started } = setUp()
  running.start(job('a'), clock.now())
  started[0]?.control.progress(1)
  const first = running.report(clock.now())
  started[0]?.control.progress(2)
  first.taken(['extended'])
  const second = running.report(clock.now())
  expect([first, second].map(({ extend }) => extend[0]?.progress)).toEqual([1, 2])
  second.taken(['extended'])
  expect(running.report(clock.now()).extend).toEqual([])
})

test('jobs that are lost, cancelled, given back or claimed anew hear of it, and say no more', async () => {
  const { clock, running, started } = setUp()
  for (const id of ['lost', 'cancelled', 'late', 'again']) running.start(job(id), clock.now())
  running.start(job('again', 2), clock.now())
  const codes = (): unknown[] =>
    started.map(({ control }): unknown => control.signal.reason).map((reason) => reason ?? null)
  expect(codes()[3]).toMatchObject({ code: 'lease_lost' })
  await clock.advance(3000)
  const report = running.report(clock.now())
  expect(report.extend.map(({ id, token }) => `${id} ${token}`)).toEqual([
    'lost 1',
    'cancelled 1',
    'late 1',
    'again 2',
  ])
  report.taken(['lost', 'cancelled', 'extended', 'extended'])
  running.dropLost(clock.now())
  expect([running.count, codes()[0], codes()[1], codes()[2]]).toMatchObject([
    3,
    { code: 'lease_lost' },
    { code: 'cancelled' },
    null,
  ])
  await clock.advance(LEASE_MS)
  running.dropLost(clock.now())
  expect([running.count, running.renewAt(), running.leaseUntil()]).toEqual([0, Infinity, Infinity])
  expect(codes()[2]).toMatchObject({ code: 'lease_lost' })
  running.start(job('stopped'), clock.now())
  running.giveBack()
  for (const { end } of started) end({ to: 'completed' })
  await clock.advance(0)
  expect(running.report(clock.now()).settle).toEqual([
    { id: 'stopped', token: 1, outcome: { to: 'scheduled', delayMs: 0, refund: true } },
  ])
})

test('a value that is no JSON or too long is refused as progress where it is told', async () => {
  const { clock, running, started } = setUp()
  running.start(job('a'), clock.now())
  expect(() => started[0]?.control.progress('x'.repeat(2_000_000))).toThrow(RangeError)
  expect(running.report(clock.now()).extend).toEqual([])
})
