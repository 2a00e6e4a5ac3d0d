import { defineJob, JobQueue } from '@white-cross/reuse/infrastructure/background-jobs'
import { redis } from '@white-cross/reuse/infrastructure/runtime/redis'
import { Worker } from 'bullmq'
import { Redis } from 'ioredis'

/** What this process says to the one that adds: that it is ready, or when a job started, on the clock that processes of one machine share. */
export type LatencyReport = 'ready' | { readonly startedAt: string }

const [kind, port] = process.argv.slice(2)
let startedAt = 0n
const start = (): void => void (startedAt = process.hrtime.bigint())
const report = (message: LatencyReport): void => void process.send?.(message)
const settle = (): void => report({ startedAt: String(startedAt) })

process.on('disconnect', () => process.exit())

if (kind === 'bullmq') {
  const connection = { host: '127.0.0.1', port: Number(port), maxRetriesPerRequest: null }
  const worker = new Worker('latency', async () => start(), { connection })
  worker.on('completed', settle)
  await worker.waitUntilReady()
  report('ready')
} else {
  const connect = (): Redis => new Redis({ host: '127.0.0.1', port: Number(port) })
  const backend = redis(connect(), { subscriber: connect() })
  const queue = new JobQueue({
    name: 'latency',
    backend,
    jobs: { ping: defineJob({ run: start }) },
    options: { removeOnComplete: true },
  })
  const isStanding = new Promise<void>((resolve) => void backend.waker.onWake('latency', resolve))
  void queue.run({ signal: new AbortController().signal, onSettled: settle })
  await isStanding
  report('ready')
}
