import { durableObjects } from '../../src/runtime/backends/durable-objects/index.ts'
import { BackendError } from '../../src/runtime/ports/backend-error.ts'
import {
  expectEqual,
  expectRejection,
  expectTrue,
  type Law,
} from '../../src/runtime/ports/conformance.ts'
import { defineJob, JobQueue } from '../../src/services/background-jobs/index.ts'
import type { ClaimedJob, NewJob } from '../../src/runtime/ports/job-store/job-store.ts'
import {
  DONE,
  drained,
  handle,
  makeTables,
  many,
  sumOf,
  within,
  type ObjectBench,
} from './workerd-object-bench.ts'

/** What only Durable Objects promise of the ports: calls, errors, rows, sizes, shards. */
export const objectLaws: readonly Law<ObjectBench>[] = [
  {
    name: 'every method of the three ports is one call of one object',
    async run({ env }) {
      const calls: string[] = []
      const counting = {
        getByName: (name: string): object =>
          new Proxy(env.RunnerlessInfrastructureObject.getByName(name), {
            get(target, method) {
              calls.push(String(method))
              return Reflect.get(target, method) as unknown
            },
          }),
      }
      const prefix = `${crypto.randomUUID()}/`
      const { store, jobStore, rateLimits, waker } = durableObjects(counting, { prefix })
      const part = store.partition('p')
      const queue = jobStore.queue('q')
      const limit = { algorithm: 'gcra', name: 'l', limit: 1, windowMs: 1000 } as const
      await part.commit({ set: [{ key: 'k', value: 1 }] })
      await part.get('k')
      await part.list()
      await queue.add(many('n', 100))
      await queue.exchange({ claim: { limit: 100, leaseMs: 1000 } })
      await queue.get('x')
      await queue.list({ state: 'ready' })
      await queue.children('x')
      await queue.counts()
      await queue.command({ type: 'pause' })
      await rateLimits.consume('s', [limit, { ...limit, name: 'm' }])
      await rateLimits.settle('s', [limit], 'op')
      await rateLimits.reset('s', [limit])
      await waker.wake('q', 0)
      expectEqual(calls, [
        ...['commitEntries', 'getEntry', 'listEntries', 'addJobs', 'exchangeJobs', 'getJob'],
        ...['listJobs', 'listChildren', 'countJobs', 'commandJobs', 'consumeRateLimits'],
        ...['settleRateLimits', 'resetRateLimits'],
      ])
    },
  },
  {
    name: 'an object makes its tables with its first write, and reading one makes nothing',
    async run({ open, env }) {
      const { backend, prefix, queue } = open({ in: 'RunnerlessInfrastructureObject' })
      const object = (
        name: string,
      ): ReturnType<typeof env.RunnerlessInfrastructureObject.getByName> =>
        env.RunnerlessInfrastructureObject.getByName(prefix + name)
      const partition = backend.store.partition('p')
      expectEqual(await partition.get('k'), null)
      expectEqual(await partition.getMany(['k', 'l']), [null, null])
      expectEqual(await partition.list({ prefix: 'k' }), { entries: [], cursor: null })
      expectEqual((await partition.commit({ check: [{ key: 'k', version: 1 }] })).ok, false)
      expectEqual(await queue.get('j'), null)
      expectEqual(await queue.list({ state: 'dead' }), { jobs: [], cursor: null })
      expectEqual(await queue.children('j'), [])
      expectEqual(sumOf(await queue.counts()), 0)
      expectEqual(await queue.command({ type: 'retry', ids: ['j'] }), 0)
      expectEqual(await queue.command({ type: 'remove', ids: ['j'] }), 0)
      const claim = { limit: 10, leaseMs: 1000 }
      expectEqual((await queue.exchange({ claim })).claimed, [])
      await backend.rateLimits.reset('s', [{ name: 'n' }])
      const look = { algorithm: 'gcra', name: 'n', limit: 1, windowMs: 1000, cost: 0 } as const
      expectEqual((await backend.rateLimits.consume('s', [look]))[0]?.remaining, 1)
      expectEqual(await backend.rateLimits.settle('s', [look], 'op'), null)
      for (const name of ['store:p', 'jobs:work']) {
        expectEqual(await object(name).tables(), [], `tables of ${name}`)
        const { rows, alarms } = await object(name).meter()
        expectEqual([rows, alarms], [0, 0], `writes of ${name}`)
      }
      // Jobs and entries that are written now are found as ever.
      await partition.commit({ set: [{ key: 'k', value: 1 }] })
      await queue.add(many('n', 2))
      expectEqual((await partition.get('k'))?.value, 1)
      expectEqual((await queue.exchange({ claim })).claimed.length, 2)
      expectTrue((await object('store:p').tables()).length > 0, 'tables')
    },
  },
  {
    name: 'limits that nobody uses any more go with an alarm, which then is set no more',
    async run({ open, env }) {
      const { prefix } = open()
      const { rateLimits } = durableObjects(env.RunnerlessInfrastructureObject, {
        prefix,
        rateLimitShards: 1,
      })
      const object = env.RunnerlessInfrastructureObject.getByName(`${prefix}limits:0`)
      const brief = { algorithm: 'gcra', name: 'brief', limit: 1, windowMs: 1 } as const
      const long = { ...brief, name: 'long', windowMs: 3_600_000 }
      for (let index = 0; index < 20; index++) await rateLimits.consume(`s${index}`, [brief])
      await rateLimits.consume('s', [long])
      const { now, alarmAt } = await object.wakes()
      expectTrue(alarmAt !== null && alarmAt > now + 500_000, 'an alarm, but not soon')
      expectTrue((await object.meter()).alarms === 1, 'the alarm to be set once')
      await object.alarmNow()
      expectEqual(await object.limits(), 1, 'limits in use')
      const again = await object.wakes()
      expectTrue((again.alarmAt ?? 0) > again.now + 3_500_000, 'the alarm for when that is over')
      await rateLimits.reset('s', [long])
      await object.alarmNow()
      expectEqual([await object.limits(), (await object.wakes()).alarmAt], [0, null])
    },
  },
  {
    name: 'the results of children that would not fit into one message come in parts',
    async run({ open }) {
      const { queue } = open({ in: 'RunnerlessInfrastructureObject' })
      const result = `€${'x'.repeat(1_000_000)}`
      await queue.add([{ name: 'p', data: 1, id: 'p' }, ...many('c', 20, { parent: 'p' })])
      const { claimed } = await queue.exchange({ claim: { limit: 20, leaseMs: 60_000 } })
      for (const { id, token } of claimed)
        await queue.exchange({ settle: [{ id, token, outcome: { to: 'completed', result } }] })
      const children = await queue.children('p')
      expectEqual(
        children.map(({ id }) => id),
        claimed.map(({ id }) => id),
      )
      expectTrue(
        children.every((child) => child.result === result),
        'each result to be whole',
      )
    },
  },
  {
    name: 'errors of an object keep their type, and an object that stopped is backend_unavailable',
    async run({ open }) {
      const { queue } = open()
      await expectRejection(
        () => queue.list({ state: 'ready', limit: 1001 }),
        (error) => error instanceof RangeError && error.message.startsWith('Cannot list jobs'),
        'the RangeError that the object threw',
      )
      await expectRejection(
        () => queue.get('ABORT'),
        (error) => error instanceof BackendError && error.code === 'backend_unavailable',
        'an aborted object to be unavailable',
      )
      expectEqual(await queue.get('after that'), null)
    },
  },
  {
    name: 'a plain job is written at most three times: added, claimed, removed',
    async run({ open }) {
      const { queue, object } = open({ in: 'RunnerlessInfrastructureObject' })
      await makeTables(queue)
      const before = await object().meter()
      for (let batch = 0; batch < 4; batch++) await queue.add(many('n', 50))
      for (let batch = 0; batch < 4; batch++) {
        const { claimed } = await queue.exchange({ claim: { limit: 50, leaseMs: 60_000 } })
        const settle = claimed.map(({ id, token }) => ({ id, token, outcome: DONE }))
        expectEqual((await queue.exchange({ settle })).settled.length, 50)
      }
      const after = await object().meter()
      const perJob = (after.rows - before.rows) / 200
      expectTrue(perJob <= 3.1, `3 rows a job and a few for each batch, got ${perJob}`)
      expectTrue(after.alarms - before.alarms <= 2, `alarms to be set rarely, got ${after.alarms}`)
    },
  },
  {
    name: 'a job under a rate limit is written a bounded number of times, however many wait with it',
    async run({ open, env }) {
      const limit = { limit: 10, window: '50ms' } as const
      const costOf = async (count: number, both: boolean) => {
        const where = 'RunnerlessInfrastructureObject'
        const { backend, prefix, queue: store, object } = open({ in: where, rateLimitShards: 1 })
        await makeTables(store)
        const limits = env[where].getByName(`${prefix}limits:0`)
        const run = (): undefined => undefined
        const queue = new JobQueue({
          ...{ name: 'work', backend },
          ...(both && { rateLimit: { limit: 20, window: '50ms' } }),
          jobs: { limited: defineJob({ rateLimit: limit, run }) },
        })
        const before = (await object().meter()).rows
        let left = count
        const stop = new AbortController()
        let claims = 0
        queue.on(({ type }) => {
          if (type === 'active') claims++
          if (type === 'completed' && --left === 0) stop.abort()
        })
        const options = { removeOnComplete: true }
        await queue.addBulk(
          Array.from({ length: count }, (_, data) => ({ name: 'limited', data, options })),
        )
        await within(queue.run({ concurrency: 50, signal: stop.signal }), 'all jobs to run')
        const jobs = ((await object().meter()).rows - before) / count
        return { jobs, limits: (await limits.meter()).rows / count, claims: claims / count }
      }
      const [few, many] = [await costOf(30, false), await costOf(120, false)]
      const both = await costOf(60, true)
      expectTrue(many.claims <= 2.1, `2 claims a job, got ${many.claims}`)
      expectTrue(many.jobs <= 8, `8 rows a job, got ${many.jobs}`)
      expectTrue(many.limits <= 4, `4 rows of its limit a job, got ${many.limits}`)
      expectTrue(many.jobs <= few.jobs + 2, `no more of many, got ${many.jobs} and ${few.jobs}`)
      expectTrue(both.jobs <= 16, `16 rows a job under two limits, got ${both.jobs}`)
      expectTrue(both.limits <= 8, `8 rows of two limits a job, got ${both.limits}`)
    },
  },
  {
    name: 'jobs of groups and flows cost a few rows more, on which the tables of costs rest',
    async run({ open }) {
      const { queue, object } = open({ in: 'RunnerlessInfrastructureObject' })
      await makeTables(queue)
      const costOf = async (jobs: readonly NewJob[]): Promise<number> => {
        const before = await object().meter()
        await queue.add(jobs)
        for (let done = 0; done < jobs.length;) {
          const { claimed } = await queue.exchange({ claim: { limit: 50, leaseMs: 60_000 } })
          const settle = claimed.map(({ id, token }) => ({ id, token, outcome: DONE }))
          done += (await queue.exchange({ settle })).settled.length
        }
        const after = await object().meter()
        return (after.rows - before.rows) / jobs.length
      }
      const group = { key: 'g', limit: 50 }
      const costs = {
        admitted: await costOf(many('n', 50, { group })),
        held: await costOf(many('n', 50, { group: { ...group, limit: 1 } })),
        children: await costOf([
          { name: 'p', data: 1, id: 'p' },
          ...many('c', 49, { parent: 'p' }),
        ]),
      }
      expectEqual(
        Object.entries(costs).map(([kind, rows]) => [kind, Math.ceil(rows)]),
        [
          ['admitted', 5],
          ['held', 10],
          ['children', 7],
        ],
      )
    },
  },
  {
    name: 'an object that is stopped keeps everything, and runs again what ran',
    async run({ open, env }) {
      const { backend, queue, object, prefix } = open()
      await object().limitDispatch({ lease: 300 })
      const stop = (name: string): Promise<unknown> =>
        env.MeteredInfrastructureObject.getByName(prefix + name)
          .getJob('work', 'ABORT')
          .catch(() => undefined)
      const version = await backend.store.partition('p').commit({ set: [{ key: 'k', value: 1 }] })
      const limit = { algorithm: 'gcra', name: 'l', limit: 2, windowMs: 3_600_000 } as const
      const limits = durableObjects(env.MeteredInfrastructureObject, {
        prefix,
        rateLimitShards: 1,
      })
      await limits.rateLimits.consume('s', [limit])
      let runs = 0
      const started = Promise.withResolvers<void>()
      const again = Promise.withResolvers<void>()
      const name = handle(async () => {
        if (++runs > 1) again.resolve()
        else {
          started.resolve()
          await new Promise(() => {})
        }
        return DONE
      })
      await queue.add([{ name, data: 1, maxAttempts: 2 }])
      const [later] = (await queue.add(many('later', 1, { delayMs: 3_600_000 }))).jobs
      await within(started.promise, 'the job to start')
      for (const one of ['jobs:work', 'store:p', 'limits:0']) await stop(one)
      const entry = await backend.store.partition('p').get('k')
      expectEqual({ ok: true, version: entry?.version }, version)
      expectEqual((await limits.rateLimits.consume('s', [limit]))[0]?.remaining, 0)
      expectEqual((await queue.get(later?.id ?? ''))?.state, 'scheduled')
      await within(again.promise, 'the job to run again after its lease')
      await queue.command({ type: 'remove', ids: [later?.id ?? ''] })
      await drained(queue, object)
    },
  },
  {
    name: 'claims and lists that would not fit into one message come in parts',
    async run({ open }) {
      const { queue } = open({ in: 'RunnerlessInfrastructureObject' })
      const data = `€${'x'.repeat(1_000_000)}`
      for (let batch = 0; batch < 2; batch++) await queue.add(many('big', 10, {}, data))
      await expectRejection(
        () => queue.add(many('big', 20, {}, data)),
        (error) => error instanceof RangeError,
        'an add over the limit of a message to be refused',
      )
      let listed = 0
      for (let cursor: string | undefined; ;) {
        const page = await queue.list({ state: 'ready', ...(cursor !== undefined && { cursor }) })
        listed += page.jobs.length
        if (page.cursor === null) break
        cursor = page.cursor
      }
      expectEqual(listed, 20)
      const claimed: ClaimedJob[] = []
      while (claimed.length < 20) {
        const result = await queue.exchange({ claim: { limit: 40, leaseMs: 60_000 } })
        expectTrue(result.claimed.length > 0, 'each claim to give some')
        claimed.push(...result.claimed)
      }
      expectEqual(
        [new Set(claimed.map(({ id }) => id)).size, claimed.every(({ attempt }) => attempt === 1)],
        [20, true],
      )
    },
  },
]
