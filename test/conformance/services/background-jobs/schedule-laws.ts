import { createCrashingBackend } from '../../../support/crashing-backend.ts'
import { BackendError } from '../../../../src/runtime/ports/backend-error.ts'
import type { Backend } from '../../../../src/runtime/ports/backend.ts'
import type { SchedulePage } from '../../../../src/services/background-jobs/schedules.ts'
import {
  expectEqual,
  expectRejection,
  expectTrue,
  type Law,
} from '../../../../src/runtime/ports/conformance.ts'
import {
  defineJob,
  scheduleJob,
  ScheduleError,
  type JobQueue,
} from '../../../../src/services/background-jobs/index.ts'
import { queueOn, type JobQueueHarness } from './job-queue-harness.ts'

const HOUR_MS = 3_600_000
const hourly = { name: 'tick', every: '1h', data: 1 } as const

/** What schedules promise in every state: across deploys, while they tick, paused, ended. */
export const scheduleLaws: readonly Law<JobQueueHarness>[] = [
  {
    name: 'a schedule with a limit, said again at each of four boots, runs no more often than that',
    async run(harness) {
      const { boot, ran } = await start(harness)
      for (let times = 0; times < 4; times++) {
        const queue = boot()
        await scheduleJob(queue, { ...hourly, options: { limit: 3 } })
        await hours(harness, queue, 5)
      }
      expectEqual(ran.length, 3)
      const said = await scheduleJob(boot(), { ...hourly, options: { limit: 3 } })
      expectEqual([said.ended, said.runs, said.nextRunAt, said.paused], [true, 3, null, false])
      expectEqual(await boot().schedules.list(), [])
      expectEqual((await boot().schedules.get('tick'))?.ended, true)
    },
  },
  {
    name: 'a schedule past its end, said again, is answered as ended',
    async run(harness) {
      const { boot, ran } = await start(harness)
      const options = { end: harness.clock.now() + 2.5 * HOUR_MS }
      await scheduleJob(boot(), { ...hourly, options })
      await hours(harness, boot(), 5)
      const runs = ran.length
      expectTrue(runs === 2 || runs === 3, `2 or 3 runs, not ${runs}`)
      for (let times = 0; times < 2; times++) {
        const said = await scheduleJob(boot(), { ...hourly, options })
        expectEqual([said.ended, said.nextRunAt], [true, null])
        await hours(harness, boot(), 2)
      }
      expectEqual(ran.length, runs)
    },
  },
  {
    name: 'a changed definition goes on counting runs, and takes effect with the next one',
    async run(harness) {
      const { boot, ran } = await start(harness)
      await scheduleJob(boot(), { ...hourly, options: { limit: 3 } })
      await hours(harness, boot(), 2)
      const changed = await scheduleJob(boot(), { ...hourly, data: 2, options: { limit: 3 } })
      expectEqual([changed.runs, changed.job.data], [2, 2])
      await hours(harness, boot(), 5)
      expectEqual(ran, [1, 1, 2])
      const more = await scheduleJob(boot(), { ...hourly, data: 2, options: { limit: 5 } })
      expectEqual([more.ended, more.runs], [false, 3])
      await hours(harness, boot(), 5)
      expectEqual(ran, [1, 1, 2, 2, 2])
      const less = await scheduleJob(boot(), { ...hourly, data: 2, options: { limit: 4 } })
      expectEqual([less.ended, less.runs], [true, 5])
    },
  },
  {
    name: 'a definition changed after an outage still runs what was missed, as misfire says',
    async run(harness) {
      for (const changed of [
        { ...hourly, data: 2 },
        { name: 'tick', cron: '59 23 31 12 *', data: 2 },
      ] as const) {
        const { boot, ran } = await start(harness)
        await scheduleJob(boot(), hourly)
        await harness.advance(5 * HOUR_MS)
        const said = await scheduleJob(boot(), changed)
        expectTrue((said.nextRunAt ?? Infinity) <= harness.clock.now(), 'a run to be due')
        await boot().drain()
        expectEqual(ran, [2])
      }
      const { boot, ran } = await start(harness)
      await scheduleJob(boot(), { ...hourly, options: { misfire: { all: true, max: 10 } } })
      await harness.advance(5 * HOUR_MS)
      await scheduleJob(boot(), {
        name: 'tick',
        cron: '59 23 31 12 *',
        data: 3,
        options: { misfire: { all: true, max: 10 } },
      })
      await boot().drain()
      expectEqual(ran, [3, 3, 3, 3, 3])
    },
  },
  {
    name: 'a paused schedule stays paused and runs nothing when it is changed, and can be removed',
    async run(harness) {
      const { boot, ran } = await start(harness)
      await scheduleJob(boot(), hourly)
      const { schedules } = boot()
      expectEqual([await schedules.pause('tick'), await schedules.pause('tick')], [true, false])
      expectEqual((await scheduleJob(boot(), hourly)).paused, true)
      const changed = await scheduleJob(boot(), { ...hourly, data: 2 })
      expectEqual([changed.paused, changed.nextRunAt], [true, null])
      await hours(harness, boot(), 3)
      expectEqual(ran, [])
      expectEqual([await schedules.resume('tick'), await schedules.resume('tick')], [true, false])
      await boot().drain()
      expectEqual(ran, [2])
      await schedules.pause('tick')
      expectEqual([await schedules.remove('tick'), await schedules.remove('tick')], [true, false])
      await hours(harness, boot(), 3)
      expectEqual([ran, await schedules.list()], [[2], []])
    },
  },
  {
    name: 'a schedule changed, paused or removed while its tick runs answers at once, and truly',
    async run(harness) {
      const acts: readonly [string, (queue: Tick) => Promise<unknown>, unknown, number][] = [
        ['pause', (queue) => queue.schedules.pause('tick'), true, 1],
        ['remove', (queue) => queue.schedules.remove('tick'), true, 1],
        [
          'change',
          async (queue) => (await scheduleJob(queue, { ...hourly, data: 2 })).job.data,
          2,
          3,
        ],
      ]
      for (const [what, act, answer, runs] of acts) {
        const { backend, boot, ran } = await start(harness)
        await scheduleJob(boot(), hourly)
        await harness.advance(HOUR_MS)
        // The tick has read the schedule and adds its run: what is said now comes before it has noted that.
        let said: unknown
        const interrupted = whileAdding(backend, async () => {
          said = await act(boot())
        })
        await queueOn(interrupted, harness, tickOf(ran)).drain()
        expectEqual(said, answer, what)
        await hours(harness, boot(), 2)
        expectEqual(ran.length, runs, `runs after ${what}`)
        const kept = await boot().schedules.get('tick')
        expectEqual(kept?.paused ?? null, what === 'remove' ? null : what === 'pause', what)
      }
    },
  },
  {
    name: 'a schedule whose tick is held by a worker that disappeared can be changed, paused and removed',
    async run(harness) {
      const { backend, boot, ran } = await start(harness)
      await scheduleJob(boot(), hourly)
      await harness.advance(HOUR_MS)
      const lease = { limit: 10, leaseMs: 86_400_000 }
      await backend.jobStore.queue('work.schedules').exchange({ claim: lease })
      const { schedules } = boot()
      expectEqual(await schedules.pause('tick'), true)
      expectEqual(await schedules.resume('tick'), true)
      await boot().drain()
      expectEqual(ran, [1])
      await backend.jobStore.queue('work.schedules').exchange({ claim: lease })
      expectEqual(await schedules.remove('tick'), true)
      await hours(harness, boot(), 30)
      expectEqual(ran, [1])
    },
  },
  {
    name: 'a tick whose worker died before it was noted runs once, also when its record is gone',
    async run(harness) {
      const { backend, boot, ran } = await start(harness)
      await scheduleJob(boot(), { ...hourly, options: { removeOnComplete: true } })
      await harness.advance(HOUR_MS)
      let dead = true
      let commits = 0
      const dying: Backend = {
        ...backend,
        store: {
          partition(name) {
            const partition = backend.store.partition(name)
            const commit: typeof partition.commit = async (change) => {
              // The first says what is being added, the second that it has been.
              if (dead && name.endsWith(':schedules') && ++commits > 1)
                throw new Error('The process is gone')
              return partition.commit(change)
            }
            return { ...partition, commit }
          },
        },
      }
      await queueOn(dying, harness, tickOf(ran)).drain()
      expectEqual([ran, (await boot().counts()).completed], [[1], 0])
      dead = false
      for (let minute = 0; minute < 10; minute++) {
        await harness.advance(60_000)
        await boot().drain()
      }
      expectEqual([ran, (await boot().schedules.get('tick'))?.runs], [[1], 1])
      await hours(harness, boot(), 1)
      expectEqual(ran, [1, 1])
    },
  },
  {
    name: 'a run whose adding was not answered and takes effect late is counted, whatever ticks follow',
    async run(harness) {
      for (const misfire of ['latest', 'skip', { all: true, max: 5 }] as const) {
        const { backend, boot, ran } = await start(harness)
        await scheduleJob(boot(), { ...hourly, options: { limit: 3, misfire } })
        await harness.advance(HOUR_MS)
        const { cutOff, arrive } = losingAdds(backend)
        await queueOn(cutOff, harness, tickOf(ran)).drain()
        expectEqual(ran, [])
        await harness.advance(HOUR_MS)
        await boot().drain()
        await arrive()
        await hours(harness, boot(), 6)
        const runs = (await boot().schedules.get('tick'))?.runs
        expectEqual([ran.length, runs], [3, 3], JSON.stringify(misfire))
      }
    },
  },
  {
    name: 'a schedule paused, changed or removed while an add of it is under way tells the truth once that arrives',
    async run(harness) {
      const acts: readonly [string, (queue: Tick) => Promise<unknown>, readonly number[]][] = [
        ['pause', (queue) => queue.schedules.pause('tick'), [1]],
        ['change', (queue) => scheduleJob(queue, { ...hourly, data: 2 }), [1, 2, 2]],
        ['remove', (queue) => queue.schedules.remove('tick'), [1]],
      ]
      for (const [what, act, expected] of acts) {
        const { backend, boot, ran } = await start(harness)
        await scheduleJob(boot(), { ...hourly, options: { removeOnComplete: true } })
        await harness.advance(HOUR_MS)
        const { cutOff, arrive } = losingAdds(backend)
        await queueOn(cutOff, harness, tickOf(ran)).drain()
        await act(boot())
        await boot().drain()
        await arrive()
        await hours(harness, boot(), 2)
        expectEqual(ran, expected, what)
        const runs = (await boot().schedules.get('tick'))?.runs
        expectEqual(runs, what === 'remove' ? undefined : expected.length, what)
      }
    },
  },
  {
    name: 'a tick runs once whichever of its writes the worker dies at, before or after it took effect',
    async run(harness) {
      for (const when of ['before', 'after'] as const) {
        let crashed = true
        for (let at = 1; crashed; at++) {
          expectTrue(at < 50, 'the writes of a tick to be few')
          const backend = await harness.open()
          const begun: string[] = []
          const jobs = {
            tick: defineJob({
              run: ({ id, crashes }) => void (crashes === 0 && begun.push(id)),
            }),
          }
          const all = new Set<string>()
          const boot = (on: Backend) => {
            const queue = queueOn(on, harness, jobs)
            queue.on((event) => void (event.type === 'active' && all.add(event.id)))
            return queue
          }
          const options = { limit: 2, removeOnComplete: true }
          await scheduleJob(boot(backend), { ...hourly, options })
          await harness.advance(HOUR_MS)
          const dying = createCrashingBackend(backend, at, when)
          await boot(dying.backend)
            .drain()
            .catch(() => undefined)
          crashed = dying.crashed()
          await hours(harness, boot(backend), 6)
          const where = `died ${when} write ${at}`
          expectEqual([all.size, new Set(begun).size === begun.length], [2, true], where)
          expectEqual((await boot(backend).schedules.get('tick'))?.runs, 2, where)
        }
      }
    },
  },
  {
    name: 'a worker whose clock is wrong by minutes, and which looks too early, leaves a new schedule its job',
    async run(harness) {
      for (const offMs of [-120_000, 120_000]) {
        const { backend, boot, ran } = await start(harness)
        const now = (): number => harness.clock.now() + offMs
        const early = queueOn(backend, { ...harness, clock: { ...harness.clock, now } }, tickOf([]))
        const interrupted = whileAdding(
          backend,
          // The process that makes the schedule stands still until its first tick is due.
          async () => {
            await harness.advance(HOUR_MS)
            await early.drain()
          },
          'work.schedules',
        )
        await scheduleJob(queueOn(interrupted, harness, tickOf(ran)), hourly)
        await harness.advance(60_000)
        await boot().drain()
        await hours(harness, boot(), 2)
        expectEqual(ran, [1, 1, 1])
      }
    },
  },
  {
    name: 'a schedule said at once by many boots is one',
    async run(harness) {
      const { boot, ran } = await start(harness)
      const said = await Promise.all([1, 2, 3, 4, 5].map(() => scheduleJob(boot(), hourly)))
      expectEqual(new Set(said.map(({ nextRunAt }) => nextRunAt)).size, 1)
      await hours(harness, boot(), 3)
      expectEqual(ran.length, 3)
    },
  },
  {
    name: 'scheduleJob() takes the longest id and name, and refuses longer ones at once',
    async run(harness) {
      for (const letter of ['x', '語']) {
        const { boot, ran } = await start(harness)
        const id = letter.repeat(256)
        await scheduleJob(boot(), { ...hourly, id })
        await scheduleJob(boot(), { ...hourly, id: `${letter.repeat(255)}y`, data: 2 })
        await hours(harness, boot(), 2)
        expectEqual(
          ran.map(Number).toSorted((a, b) => a - b),
          [1, 1, 2, 2],
        )
        expectEqual((await boot().schedules.get(id))?.id, id)
        expectEqual((await boot().schedules.list()).length, 2)
        await expectRejection(
          () => scheduleJob(boot(), { ...hourly, id: `${id}${letter}` }),
          (error) => error instanceof RangeError,
          'a longer id to be refused',
        )
      }
    },
  },
  {
    name: 'schedules are listed whole, and page by page',
    async run(harness) {
      const { boot } = await start(harness)
      const ids = Array.from({ length: 7 }, (_, index) => `s${index}`)
      for (const id of ids) await scheduleJob(boot(), { ...hourly, id })
      await boot().schedules.pause('s3')
      const { schedules } = boot()
      const listed = (await schedules.list()).map(({ id }) => id)
      expectEqual([listed.toSorted(), listed.at(-1)], [ids, 's3'])
      const paged: string[] = []
      let cursor: string | null = null
      do {
        const page: SchedulePage = await schedules.page({
          limit: 3,
          ...(cursor !== null && { cursor }),
        })
        expectEqual(page.schedules.length <= 3, true)
        paged.push(...page.schedules.map(({ id }) => id))
        cursor = page.cursor
      } while (cursor !== null)
      expectEqual(paged.toSorted(), ids)
      for (const options of [{ limit: 0 }, { limit: 1001 }, { cursor: '' }, { most: 3 } as object])
        await expectRejection(
          () => schedules.page(options),
          (error) => error instanceof RangeError || error instanceof TypeError,
          'an option to be refused',
        )
    },
  },
  {
    name: 'scheduleJob() refuses options that have no effect together',
    async run(harness) {
      const { boot } = await start(harness)
      const bad: readonly object[] = [
        { name: 'tick', data: 1 },
        { name: 'tick', data: 1, cron: '@daily', every: '1h' },
        { ...hourly, options: { timezone: 'Europe/Berlin' } },
        { ...hourly, options: { dst: { gap: 'skip' } } },
        { ...hourly, options: { misfire: 'none' } },
        { ...hourly, options: { overlap: 'no' } },
      ]
      for (const job of bad)
        await expectRejection(
          // A caller without types.
          () => scheduleJob(boot(), job as typeof hourly),
          (error) => error instanceof ScheduleError,
          `${JSON.stringify(job)} to be refused`,
        )
      expectEqual(await boot().schedules.list(), [])
    },
  },
]

type Tick = JobQueue<ReturnType<typeof tickOf>>

function tickOf(ran: unknown[]) {
  return { tick: defineJob({ run: ({ data }) => void ran.push(data) }) }
}

async function start(harness: JobQueueHarness) {
  const backend = await harness.open()
  // Laws count hours, and those before have left the clock anywhere.
  await harness.advance(HOUR_MS - (harness.clock.now() % HOUR_MS))
  const ran: unknown[] = []
  return { backend, ran, boot: (): Tick => queueOn(backend, harness, tickOf(ran)) }
}

async function hours(harness: JobQueueHarness, queue: Tick, count: number): Promise<void> {
  for (let hour = 0; hour < count; hour++) {
    await harness.advance(HOUR_MS)
    await queue.drain()
  }
}

/** A process whose adds to the queue `work` are not answered, and take effect when they arrive. */
function losingAdds(backend: Backend) {
  const late: (() => Promise<unknown>)[] = []
  const cutOff: Backend = {
    ...backend,
    jobStore: {
      queue(name) {
        const queue = backend.jobStore.queue(name)
        const add: typeof queue.add = (jobs) => {
          late.push(() => queue.add(jobs))
          return Promise.reject(new BackendError('backend_unavailable', 'No answer'))
        }
        return name === 'work' ? { ...queue, add } : queue
      },
    },
  }
  const arrive = async (): Promise<void> => {
    for (const add of late.splice(0)) await add()
  }
  return { cutOff, arrive }
}

/** A backend on which something happens once, while jobs are being added to the queue `work`. */
function whileAdding(backend: Backend, happen: () => Promise<void>, to = 'work'): Backend {
  let happened = false
  return {
    ...backend,
    jobStore: {
      queue(name) {
        const queue = backend.jobStore.queue(name)
        const add: typeof queue.add = async (jobs) => {
          const added = await queue.add(jobs)
          if (name === to && !happened) {
            happened = true
            await happen()
          }
          return added
        }
        return name === to ? { ...queue, add } : queue
      },
    },
  }
}
