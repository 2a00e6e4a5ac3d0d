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

/** What an exchange that claimed nothing answers. */
function answered(...extended: ('extended' | 'cancelled' | 'lost')[]) {
  return { extended, claimed: [] }
}

test('report() has each outcome once, unless it is put back, and then in its order', async () => {
  const { clock, running, started, news } = setUp()
  running.start([job('a'), job('b')])
  started[0]?.end({ to: 'completed', result: 1 })
  await clock.advance(0)
  const lost = running.report(false)
  started[1]?.end({ to: 'completed', result: 2 })
  await clock.advance(0)
  lost.putBack()
  expect(running.endedCount).toBe(2)
  expect(running.report(false).settle.map(({ id }) => id)).toEqual(['a', 'b'])
  expect([running.report(false).settle, running.count, news]).toEqual([
    [],
    0,
    ['outcome', 'outcome'],
  ])
})

test('report() renews the leases that are due, a third of their time after they began', async () => {
  const { clock, running } = setUp()
  running.start([job('a')])
  await clock.advance(1000)
  running.start([job('b')])
  expect(running.renewInMs()).toBe(2000)
  await clock.advance(2000)
  const report = running.report(false)
  expect(report.extend).toEqual([{ id: 'a', token: 1, leaseMs: LEASE_MS }])
  report.taken(answered('extended'), true)
  expect(running.renewInMs()).toBe(1000)
})

test('a lease counts from before the request that took or renewed it', async () => {
  const { clock, running, started } = setUp()
  const claim = running.report(true)
  await clock.advance(1000)
  claim.taken({ extended: [], claimed: [job('a')] }, true)
  await clock.advance(2000)
  const renewal = running.report(false)
  await clock.advance(1000)
  renewal.taken(answered('extended'), true)
  await clock.advance(LEASE_MS - 1001)
  expect(started[0]?.control.signal.aborted).toBe(false)
  await clock.advance(1)
  expect(started[0]?.control.signal.reason).toMatchObject({ code: 'lease_lost' })
})

test('claimed jobs are given back where they are not to start, or their lease has ended', async () => {
  const { clock, running, started } = setUp()
  running.report(true).taken({ extended: [], claimed: [job('a')] }, false)
  const late = running.report(true)
  expect(late.settle).toEqual([
    { id: 'a', token: 1, outcome: { to: 'scheduled', delayMs: 0, refund: true } },
  ])
  await clock.advance(LEASE_MS)
  late.taken({ extended: [], claimed: [job('b')] }, true)
  expect([started.length, running.endedCount]).toEqual([0, 1])
  const report = running.report(false)
  expect([report.ended, report.settle.map(({ id }) => id)]).toEqual([[], ['b']])
})

test('progress that is told while a report is on its way stands in the next one', async () => {
  const { running, started } = setUp()
  running.start([job('a')])
  started[0]?.control.progress(1)
  const first = running.report(false)
  started[0]?.control.progress(2)
  first.taken(answered('extended'), true)
  const second = running.report(false)
  expect([first, second].map(({ extend }) => extend[0]?.progress)).toEqual([1, 2])
  second.taken(answered('extended'), true)
  expect(running.report(false).extend).toEqual([])
})

test('jobs that are lost, cancelled, given back or claimed anew hear of it, and say no more', async () => {
  const { clock, running, started, news } = setUp()
  running.start(['lost', 'cancelled', 'late', 'again'].map((id) => job(id)))
  running.start([job('again', 2)])
  const codes = (): unknown[] =>
    started.map(({ control }): unknown => control.signal.reason).map((reason) => reason ?? null)
  expect(codes()[3]).toMatchObject({ code: 'lease_lost' })
  await clock.advance(3000)
  const report = running.report(false)
  expect(report.extend.map(({ id, token }) => `${id} ${token}`)).toEqual([
    'lost 1',
    'cancelled 1',
    'late 1',
    'again 2',
  ])
  report.taken(answered('lost', 'cancelled', 'extended', 'extended'), true)
  expect([running.count, codes()[0], codes()[1], codes()[2]]).toMatchObject([
    3,
    { code: 'lease_lost' },
    { code: 'cancelled' },
    null,
  ])
  await clock.advance(LEASE_MS)
  expect([running.count, running.renewInMs(), news]).toEqual([0, Infinity, ['lost']])
  expect(codes()[2]).toMatchObject({ code: 'lease_lost' })
  running.start([job('stopped')])
  running.giveBack()
  for (const { end } of started) end({ to: 'completed' })
  await clock.advance(0)
  expect(running.report(false).settle).toEqual([
    { id: 'stopped', token: 1, outcome: { to: 'scheduled', delayMs: 0, refund: true } },
  ])
})

test('a value that is no JSON or too long is refused as progress where it is told', async () => {
  const { running, started } = setUp()
  running.start([job('a')])
  expect(() => started[0]?.control.progress('x'.repeat(2_000_000))).toThrow(RangeError)
  expect(running.report(false).extend).toEqual([])
})

test('no timer stays behind when nothing runs', async () => {
  const timers = new Set<() => void>()
  const clock = createFakeClock()
  const running = createRunningJobs({
    processor: { queue: 'q', process: async () => ({ to: 'completed' }) },
    clock: {
      ...clock,
      setTimer(wake, delayMs) {
        const cancel = clock.setTimer(() => {
          timers.delete(cancel)
          wake()
        }, delayMs)
        timers.add(cancel)
        return () => {
          timers.delete(cancel)
          cancel()
        }
      },
    },
    leaseMs: LEASE_MS,
    onNews: () => undefined,
  })
  running.report(true).taken({ extended: [], claimed: [] }, true)
  running.report(true).putBack()
  running.start([])
  running.start([job('a'), job('b')])
  await clock.advance(0)
  expect([running.count, timers.size]).toEqual([0, 0])
})

test('renewInMs() is about jobs: a claim that is on its way for long has none to renew', async () => {
  const { clock, running } = setUp()
  const claim = running.report(true)
  await clock.advance(LEASE_MS / 3)
  expect(running.renewInMs()).toBe(Infinity)
  claim.taken({ extended: [], claimed: [job('a')] }, true)
  expect(running.renewInMs()).toBe(0)
})

test('a report beside another one tells outcomes alone: an older progress never comes last', async () => {
  const { clock, running, started } = setUp()
  running.start([job('a')])
  started[0]?.control.progress({ done: 0.1 })
  await clock.advance(LEASE_MS / 3)
  expect(running.report(true, false).extend).toEqual([])
  expect(running.report(true).extend).toMatchObject([{ id: 'a', progress: { done: 0.1 } }])
})
