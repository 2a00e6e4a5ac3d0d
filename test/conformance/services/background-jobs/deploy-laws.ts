import { expectEqual, expectTrue, type Law } from '../../../../src/runtime/ports/conformance.ts'
import { createJobWorker } from '../../../../src/runtime/workers/job-worker.ts'
import { defineJob, JobQueue } from '../../../../src/services/background-jobs/index.ts'
import { createSeededRandom } from '../../../../src/testing/index.ts'
import { nextTurn } from '../../../support/next-turn.ts'
import { queueOn, type JobQueueHarness } from './job-queue-harness.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 3_600_000

/** What queues promise while workers of two deploys work them side by side. */
export const deployLaws: readonly Law<JobQueueHarness>[] = [
  {
    name: 'a rolling deploy runs each job of a new kind once, though the old workers see them first',
    async run(harness) {
      const backend = await harness.open()
      const runs = new Map<unknown, number>()
      const attempts = new Set<number>()
      const newer = queueOn(backend, harness, {
        fresh: defineJob({
          run: ({ data, attempt }) => {
            runs.set(data, (runs.get(data) ?? 0) + 1)
            attempts.add(attempt)
          },
        }),
      })
      const older = queueOn(backend, harness, { stale: defineJob({ run: () => undefined }) })
      await newer.addBulk(
        Array.from({ length: 60 }, (_, data) => ({
          name: 'fresh' as const,
          data,
          options: { attempts: 1 },
        })),
      )
      // The old workers are as many, and always faster.
      for (let second = 0; second < 240 && runs.size < 60; second++) {
        await older.drain()
        if (second >= 5 && second % 2 === 0) await newer.drain({ concurrency: 4 })
        await harness.advance(1000)
      }
      const { parked, dead } = await newer.counts()
      expectEqual([runs.size, [...runs.values()].every((count) => count === 1)], [60, true])
      expectEqual([[...attempts], parked, dead], [[1], 0, 0])
    },
  },
  {
    name: 'a job that nobody knows is parked in the end, said once, and comes back by itself with its attempts',
    async run(harness) {
      const backend = await harness.open()
      const said: string[] = []
      const attempts: number[] = []
      const newer = queueOn(backend, harness, {
        fresh: defineJob({
          run: ({ attempt }) => {
            attempts.push(attempt)
            if (attempt === 1) throw new Error('again')
          },
        }),
      })
      const older = new JobQueue({
        name: newer.name,
        backend,
        clock: harness.clock,
        random: createSeededRandom(7),
        jobs: { stale: defineJob({ run: () => undefined }) },
        report: (message) => void said.push(message),
      })
      const backoff = { type: 'fixed', delay: 1000, jitter: 0 } as const
      const { id } = await newer.add('fresh', 1, { attempts: 2, backoff })
      await newer.drain()
      await harness.advance(1000)
      await older.drain()
      await newer.addBulk([
        { name: 'fresh', data: 2 },
        { name: 'fresh', data: 3 },
      ])
      expectEqual((await newer.get(id))?.state, 'scheduled')
      for (let waited = 0; waited < 16; waited++)
        for (let quarter = 0; quarter < 4; quarter++) {
          await harness.advance(15_000)
          await older.drain()
        }
      expectEqual([(await older.counts()).parked, (await older.counts()).scheduled], [3, 0])
      expectEqual(said.length, 2)
      expectTrue(/parked/.test(said[1] ?? ''), `it to be said that jobs are parked, not ${said[1]}`)
      await newer.drain()
      expectEqual(
        attempts.toSorted((a, b) => a - b),
        [1, 1, 1, 2],
      )
      expectEqual((await newer.get(id))?.state, 'completed')
      expectEqual((await newer.counts()).parked, 0)
    },
  },
  {
    name: 'a sweep takes up what another deploy has left, and leaves alone what is not known here',
    async run(harness) {
      const backend = await harness.open()
      const newer = queueOn(backend, harness, {
        fresh: defineJob({ run: () => undefined }),
        other: defineJob({ run: () => undefined }),
      })
      const middle = queueOn(backend, harness, { fresh: defineJob({ run: () => undefined }) })
      const older = queueOn(backend, harness, {})
      await newer.addBulk([
        { name: 'fresh', data: 1 },
        { name: 'other', data: 1 },
      ])
      await older.drain()
      await middle.sweep()
      const { ready, scheduled } = await newer.counts()
      expectEqual([ready, scheduled], [1, 1])
    },
  },
  {
    name: 'a person promotes a parked job with the attempts it has left, and it holds its deduplication id again',
    async run(harness) {
      const backend = await harness.open()
      const newer = queueOn(backend, harness, { fresh: defineJob({ run: () => undefined }) })
      const older = queueOn(backend, harness, {})
      const { id } = await newer.add('fresh', 1, { deduplication: { id: 'd' } })
      for (let waited = 0; waited < 64; waited++) {
        await older.drain()
        await harness.advance(15_000)
      }
      expectEqual((await newer.get(id))?.state, 'parked')
      expectEqual([await newer.promote(id), await newer.promote(id)], [true, false])
      expectEqual(await newer.add('fresh', 2, { deduplication: { id: 'd' } }), { id, added: false })
    },
  },
  {
    name: 'a limit that a deploy has changed counts what has started under the old one',
    async run(harness) {
      const backend = await harness.open()
      const runs: number[] = []
      const deploy = (limit: number) =>
        queueOn(backend, harness, {
          limited: defineJob({
            rateLimit: { limit, window: '1h' },
            run: ({ data }) => void runs.push(Number(data)),
          }),
        })
      await deploy(4).addBulk(
        Array.from({ length: 12 }, (_, data) => ({ name: 'limited' as const, data })),
      )
      await deploy(4).drain()
      expectEqual(runs.length, 4)
      await deploy(2).drain()
      expectEqual(runs.length, 4)
      for (let half = 0; half < 4; half++) {
        await harness.advance(HOUR_MS / 2)
        await deploy(2).drain()
      }
      expectTrue(runs.length <= 8, `two an hour after the first four, not ${runs.length} in all`)
      expectTrue(runs.length >= 6, `jobs to go on under the new limit, not ${runs.length} in all`)
    },
  },
  {
    name: 'a limit that a deploy has raised, or taken away, lets go what waited under the old one',
    async run(harness) {
      for (const rateLimit of [{ limit: 60, window: '1m' }, undefined] as const) {
        const backend = await harness.open()
        const order: number[] = []
        const run = ({ data }: { readonly data: unknown }) => void order.push(Number(data))
        const older = queueOn(backend, harness, {
          limited: defineJob({ rateLimit: { limit: 1, window: '1h' }, run }),
        })
        const numbers = Array.from({ length: 20 }, (_, data) => data)
        await older.addBulk(numbers.map((data) => ({ name: 'limited' as const, data })))
        await older.drain({ concurrency: 1 })
        expectEqual(order, [0])
        await harness.advance(MINUTE_MS)
        const newer = queueOn(backend, harness, {
          limited: defineJob({ ...(rateLimit !== undefined && { rateLimit }), run }),
        })
        for (let seconds = 0; seconds < 60; seconds += 5) {
          await newer.drain({ concurrency: 1 })
          await harness.advance(5000)
        }
        expectEqual(order, numbers)
        expectEqual((await newer.counts()).completed, 20)
      }
    },
  },
  {
    name: 'jobs that wait follow the concurrency of the newest deploy, with a key and without, whoever adds them',
    async run(harness) {
      for (const key of [undefined, (data: unknown) => String(data).slice(0, 1)])
        for (const limit of [1, 5]) {
          const backend = await harness.open()
          const names = key === undefined ? ['a'] : ['a', 'b']
          const running = new Map<string, number>()
          const most = new Map<string, number>()
          const done: unknown[] = []
          const deploy = (own: number) =>
            queueOn(backend, harness, {
              limited: defineJob({
                concurrency: { limit: own, ...(key !== undefined && { key }) },
                async run({ data }) {
                  const name = String(data).slice(0, 1)
                  const count = (running.get(name) ?? 0) + 1
                  running.set(name, count)
                  most.set(name, Math.max(most.get(name) ?? 0, count))
                  for (let turn = 0; turn < 10; turn++) await nextTurn(true)
                  running.set(name, (running.get(name) ?? 0) - 1)
                  done.push(data)
                },
              }),
            })
          const add = (own: number, from: number) =>
            deploy(own).addBulk(
              names.flatMap((name) =>
                Array.from({ length: 10 }, (_, at) => ({
                  name: 'limited' as const,
                  data: `${name}${from + at}`,
                })),
              ),
            )
          const older = deploy(2)
          // It has told its own limit before.
          await older.drain()
          await add(2, 0)
          const newer = deploy(limit)
          await newer.drain({ concurrency: 1 })
          most.clear()
          await add(2, 10)
          await Promise.all([older.drain(), newer.drain()])
          await older.drain()
          expectEqual(done.length, 20 * names.length)
          for (const name of names) {
            const count = most.get(name) ?? 0
            expectTrue(count <= limit, `${limit} jobs of ${name} at most at once, not ${count}`)
          }
        }
    },
  },
  {
    name: 'a worker that starts with another concurrency limit claims under it at once',
    async run(harness) {
      for (const keys of [['a'], ['a', 'b']])
        for (const limit of [1, 5]) {
          const backend = await harness.open()
          const open = new Set<() => void>()
          const stop = new AbortController()
          const deploy = (own: number) =>
            queueOn(backend, harness, {
              limited: defineJob({
                concurrency: { limit: own, key: (data: unknown) => String(data) },
                run: () => new Promise<void>((resolve) => open.add(resolve)),
              }),
            })
          await deploy(2).addBulk(
            Array.from({ length: 10 }, () => keys)
              .flat()
              .map((data) => ({ name: 'limited' as const, data })),
          )
          const newer = deploy(limit)
          const working = newer.run({ signal: stop.signal, onError: () => undefined })
          let seen = 0
          while (seen < 10 * keys.length) {
            const wanted = Math.min(limit * keys.length, 10 * keys.length - seen)
            // No time passes, but whatever is asked of the store is answered.
            for (let turn = 0; turn < 5000 && open.size < wanted; turn++) await harness.advance(0)
            for (let turn = 0; turn < 20; turn++) await harness.advance(0)
            expectEqual(open.size, wanted)
            seen += open.size
            const resolvers = [...open]
            open.clear()
            for (const resolve of resolvers) resolve()
          }
          stop.abort()
          await working
        }
    },
  },
  {
    name: 'limits of concurrency follow a new deploy at once, also one that takes them away, and an older worker only when no newer one is left',
    async run(harness) {
      const backend = await harness.open()
      const deploy = (limit: number | null) =>
        queueOn(backend, harness, {
          limited: defineJob({
            ...(limit !== null && { concurrency: { limit } }),
            run: () => undefined,
          }),
        })
      const admitted = async () => (await deploy(1).group('limited').read()).admitted
      const older = deploy(2)
      await older.pause()
      await older.drain()
      await older.addBulk(Array.from({ length: 10 }, () => ({ name: 'limited' as const, data: 0 })))
      expectEqual(await admitted(), 2)
      const newer = deploy(3)
      await newer.drain()
      expectEqual(await admitted(), 3)
      // Workers of the older deploy that start again, that go on, or that only sweep.
      await deploy(2).drain()
      await harness.advance(MINUTE_MS)
      await newer.drain()
      await older.drain()
      await harness.advance(2 * MINUTE_MS)
      await deploy(2).sweep()
      await newer.purge('ready')
      expectEqual(await admitted(), 3)
      // The newer one is rolled back.
      await harness.advance(3 * MINUTE_MS + 1)
      await deploy(2).drain()
      await newer.purge('ready')
      expectEqual(await admitted(), 2)
      await deploy(3).drain()
      expectEqual(await admitted(), 2)
      await deploy(6).drain()
      expectEqual(await admitted(), 4)
      await older.resume()
    },
  },
  {
    name: 'a worker without any job to do keeps its concurrency limit from an older one that starts again',
    async run(harness) {
      const backend = await harness.open()
      const deploy = (limit: number) =>
        queueOn(backend, harness, {
          limited: defineJob({ concurrency: { limit }, run: () => undefined }),
        })
      const settle = async (): Promise<void> => {
        for (let turn = 0; turn < 50; turn++) await harness.advance(0)
      }
      await deploy(5).drain()
      const stop = new AbortController()
      const working = deploy(2).run({ signal: stop.signal, onError: () => undefined })
      await settle()
      for (let minute = 0; minute < 10; minute++) {
        await harness.advance(MINUTE_MS)
        await settle()
      }
      await deploy(5).drain()
      stop.abort()
      await working
      const older = deploy(5)
      await older.pause()
      await older.addBulk(Array.from({ length: 8 }, () => ({ name: 'limited' as const, data: 0 })))
      expectEqual((await older.group('limited').read()).admitted, 2)
      await older.resume()
    },
  },
  {
    name: 'a limit of concurrency that a deploy takes away, or brings, is not turned over by a worker that has none, or had one',
    async run(harness) {
      const backend = await harness.open()
      const deploy = (limit: number | null) =>
        queueOn(backend, harness, {
          limited: defineJob({
            ...(limit !== null && { concurrency: { limit } }),
            run: () => undefined,
          }),
        })
      const fill = () =>
        deploy(4).addBulk(Array.from({ length: 8 }, () => ({ name: 'limited' as const, data: 0 })))
      const admitted = async () => (await deploy(1).group('limited').read()).admitted
      const plain = deploy(null)
      await plain.pause()
      await plain.drain()
      await deploy(4).drain()
      await deploy(null).drain()
      await fill()
      expectEqual(await admitted(), 4)
      await harness.advance(3 * MINUTE_MS + 1)
      // Now it is the newer one.
      await deploy(null).drain()
      expectEqual(await admitted(), 8)
      await deploy(4).drain()
      await deploy(null).purge('ready')
      await fill()
      expectEqual(await admitted(), 8)
      await plain.resume()
    },
  },
  {
    name: 'a worker that the platform starts runs nothing that it claimed under the limit of the deploy before',
    async run(harness) {
      for (const keys of [['a'], ['a', 'b']]) {
        const backend = await harness.open()
        const running = new Map<string, number>()
        const done: number[] = []
        let most = 0
        const deploy = (limit: number) =>
          queueOn(backend, harness, {
            limited: defineJob({
              concurrency: {
                limit,
                key: (data: unknown) => keys[Number(data) % keys.length] ?? '',
              },
              async run({ data, attempt }) {
                const key = keys[Number(data) % keys.length] ?? ''
                const count = (running.get(key) ?? 0) + 1
                running.set(key, count)
                most = Math.max(most, count)
                for (let turn = 0; turn < 5; turn++) await nextTurn(true)
                running.set(key, (running.get(key) ?? 0) - 1)
                done.push(Number(data))
                expectEqual(attempt, 1)
              },
            }),
          })
        await deploy(5).drain()
        await deploy(5).addBulk(
          Array.from({ length: 12 }, (_, data) => ({ name: 'limited' as const, data })),
        )
        const { processor, name } = deploy(1)
        // As a Durable Object's alarm does it: the store is asked before the code is.
        await createJobWorker({
          processor,
          jobStore: backend.jobStore.queue(name),
          clock: harness.clock,
        }).drain()
        expectEqual(most, 1)
        const all = Array.from({ length: 12 }, (_, data) => data)
        expectEqual(
          done.toSorted((a, b) => a - b),
          all,
        )
      }
    },
  },
]
