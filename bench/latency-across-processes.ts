import { fork } from 'node:child_process'
import { defineJob, JobQueue } from '@white-cross/reuse/infrastructure/background-jobs'
import { redis } from '@white-cross/reuse/infrastructure/runtime/redis'
import { Queue } from 'bullmq'
import { Redis } from 'ioredis'
import type { LatencyReport } from './latency-worker.ts'
import { startRedis } from './redis-server.ts'

/** How often and how close jobs are added. */
export interface AcrossProcessesOptions {
  readonly warmUp: number
  readonly samples: number
  readonly restMs: number
}

/** Milliseconds from the call of `add()` to the start of the handler in another process. */
export interface AcrossProcesses {
  readonly reuse: readonly number[]
  readonly bullmq: readonly number[]
}

/** Jobs that one side gets before it is the other's turn. */
const TURN = 100

/** Adds jobs from this process to a worker in another, through one redis-server, by turns through the library and through BullMQ. */
export async function measureAcrossProcesses(
  options: AcrossProcessesOptions,
): Promise<AcrossProcesses> {
  const server = await startRedis()
  const address = { host: '127.0.0.1', port: server.port }
  const client = new Redis(address)
  const reuse = new JobQueue({
    name: 'latency',
    backend: redis(client),
    jobs: { ping: defineJob({ run: () => {} }) },
    options: { removeOnComplete: true },
  })
  const bullmq = new Queue('latency', { connection: address })
  const [reuseWorker, bullmqWorker] = await Promise.all([
    startWorker('reuse', server.port),
    startWorker('bullmq', server.port),
  ])
  const sides = [
    { latencies: [] as number[], worker: reuseWorker, add: () => reuse.add('ping', 1) },
    {
      latencies: [] as number[],
      worker: bullmqWorker,
      add: () => bullmq.add('ping', 1, { removeOnComplete: true }),
    },
  ] as const
  const total = options.warmUp + options.samples
  for (let done = 0; done < total; done += TURN) {
    for (const { latencies, worker, add } of sides) {
      for (let index = done; index < Math.min(done + TURN, total); index++) {
        await new Promise((resolve) => setTimeout(resolve, options.restMs))
        const settled = worker.next()
        const addedAt = process.hrtime.bigint()
        await add()
        latencies.push(Number((await settled) - addedAt) / 1e6)
      }
    }
  }
  reuseWorker.stop()
  bullmqWorker.stop()
  client.disconnect()
  await bullmq.close()
  await server.stop()
  const [ours, theirs] = sides.map(({ latencies }) => latencies.slice(options.warmUp))
  return { reuse: ours ?? [], bullmq: theirs ?? [] }
}

async function startWorker(kind: 'reuse' | 'bullmq', port: number) {
  const child = fork(new URL('./latency-worker.ts', import.meta.url), [kind, String(port)])
  let hear = (_message: LatencyReport): void => {}
  child.on('message', (message) => hear(message as LatencyReport))
  await new Promise<void>((resolve, reject) => {
    hear = () => resolve()
    child.once('exit', (code) =>
      reject(new Error(`Cannot measure: the worker of ${kind} ended with ${code}`)),
    )
  })
  return {
    /** @returns When the next job starts, in ns */
    next: () =>
      new Promise<bigint>((resolve) => {
        hear = (message) => {
          if (message !== 'ready') resolve(BigInt(message.startedAt))
        }
      }),
    stop: () => child.disconnect(),
  }
}
