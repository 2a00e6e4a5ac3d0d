import { expect, test } from 'vitest'
import { createFakeClock } from '../../testing/fake-clock.ts'
import { memory } from '../../runtime/backends/memory/index.ts'
import { defineJob } from './define-job.ts'
import { JobQueue } from './job-queue.ts'
import { scheduleJob } from './schedule-job.ts'

const thrower = {
  toString() {
    throw new Error('Shown')
  },
}
/** What plain JavaScript may hand over, by mistake or on purpose. */
const ODD: readonly unknown[] = [
  ...[null, NaN, -1, 1.5, Infinity, 2 ** 53, '', '5', 'x', '1h', '\ud800', true, false, 5n],
  ...[Symbol('s'), [], [1], {}, new Map([['a', 1]]), new Date(0), () => 1, thrower],
  ...[new Error('e'), /r/, Promise.resolve(1), Object.create(null)],
]

type Loose = (...args: readonly unknown[]) => unknown

function setUp() {
  const clock = createFakeClock()
  const backend = memory({ clock })
  const jobs = {
    plain: defineJob({ run: () => null }),
    grouped: defineJob({ concurrency: { limit: 2, key: String }, run: () => null }),
  }
  const queue = new JobQueue({ name: 'q', backend, jobs, clock, report: () => undefined })
  // As plain JavaScript has it.
  const loose = queue as unknown as Readonly<Record<keyof typeof queue, Loose>>
  const make = (options: object): unknown => new JobQueue({ name: 'q', backend, jobs, ...options })
  return { queue, loose, make }
}

const { queue, loose, make } = setUp()
const add = (options: unknown): unknown => loose.add('plain', 1, options)
const schedule = (rest: object): unknown =>
  scheduleJob(queue, { name: 'plain', every: '1h', data: 1, ...rest } as never)

/** Each call with what may be given to it, of {@link ODD}, by type or by itself. */
const CALLS: Readonly<Record<string, readonly [(odd: unknown) => unknown, readonly unknown[]]>> = {
  'add(name)': [(odd) => loose.add(odd, 1), []],
  'add(options)': [add, ['object']],
  'add lifo': [(lifo) => add({ lifo }), ['boolean']],
  'add attempts': [(attempts) => add({ attempts }), []],
  'add priority': [(priority) => add({ priority }), []],
  'add delay': [(delay) => add({ delay }), ['1h']],
  'add timeout': [(timeout) => add({ timeout }), ['1h']],
  'add trace': [(trace) => add({ trace }), []],
  'backoff type': [(type) => add({ backoff: { type } }), []],
  'deduplication extend': [(extend) => add({ deduplication: { id: 'd', extend } }), ['boolean']],
  'deduplication replace': [(replace) => add({ deduplication: { id: 'd', replace } }), ['boolean']],
  'deduplication keepLast': [
    (keepLastIfActive) => add({ deduplication: { id: 'd', keepLastIfActive } }),
    ['boolean'],
  ],
  removeOnComplete: [(removeOnComplete) => add({ removeOnComplete }), ['boolean', 'object']],
  'finished signal': [(signal) => loose.finished('none', { signal }), []],
  'redrive signal': [(signal) => loose.redrive({ signal }), []],
  'events signal': [(signal) => loose.events({ signal }), []],
  'run signal': [(signal) => loose.run({ signal }), []],
  'redrive(options)': [(odd) => loose.redrive(odd), ['object']],
  'drain onSettled': [(onSettled) => loose.drain({ onSettled }), ['function']],
  'drain onError': [(onError) => loose.drain({ onError }), ['function']],
  'drain(options)': [(odd) => loose.drain(odd), ['object']],
  'list cursor': [(cursor) => loose.list({ state: 'ready', cursor }), []],
  'group(name)': [(odd) => loose.group(odd), []],
  'group(key)': [(key) => loose.group('grouped', key), ['string', 'number', 'bigint', null]],
  'retry(id)': [(id) => loose.retry(id), ['string']],
  'change priority': [(priority) => loose.change('none', { priority }), []],
  'schedule options': [(options) => schedule({ options }), ['object', null]],
  'schedules.get': [(id) => queue.schedules.get(id as string), ['string']],
  'schedules.pause': [(id) => queue.schedules.pause(id as string), ['string']],
  'schedules.resume': [(id) => queue.schedules.resume(id as string), ['string']],
  'schedules.remove': [(id) => queue.schedules.remove(id as string), ['string']],
  'new JobQueue clock': [(clock) => make({ clock }), []],
  'new JobQueue random': [(random) => make({ random }), []],
  'new JobQueue report': [(report) => make({ report }), ['function']],
  'new JobQueue recordStacks': [(recordStacks) => make({ recordStacks }), ['boolean']],
  'new JobQueue jobs': [(jobs) => make({ jobs }), ['object']],
}

test.each(Object.keys(CALLS))(
  '%s takes what means something, and says of all else what it is',
  async (name) => {
    const [call, taken] = CALLS[name] ?? [() => undefined, []]
    for (const [index, odd] of ODD.entries()) {
      const label = `${name}, value ${index}`
      const isTaken = taken.includes(odd) || (odd !== null && taken.includes(typeof odd))
      let thrown: unknown
      try {
        await call(odd)
      } catch (error) {
        thrown = error
      }
      if (thrown === undefined) expect([label, isTaken]).toEqual([label, true])
      else {
        expect([label, thrown instanceof Error]).toEqual([label, true])
        expect(`${label}: ${(thrown as Error).message}`).toMatch(/: Cannot /)
      }
    }
  },
)
