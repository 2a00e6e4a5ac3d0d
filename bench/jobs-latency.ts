import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineJob, JobQueue } from '@white-cross/reuse/infrastructure/background-jobs'
import { memory } from '@white-cross/reuse/infrastructure/runtime/memory'
import type { Backend } from '@white-cross/reuse/infrastructure/runtime/ports'
import { sqlite } from '@white-cross/reuse/infrastructure/runtime/sqlite'
import { measureAcrossProcesses } from './latency-across-processes.ts'
import { serveWorkers } from './serve-workers.ts'

const WARM_UP = 100
const SAMPLES = 1000
/** Between one job and the next, so that the worker has gone back to waiting. */
const REST_MS = 5
const TARGET_MS = 10

/** Measures how long an idle queue takes from the call of `add()` to the start of the handler. @returns Markdown */
export async function measure(machine: string): Promise<string> {
  const across = await measureAcrossProcesses({
    warmUp: WARM_UP,
    samples: SAMPLES,
    restMs: REST_MS,
  })
  const peer = row('BullMQ, another process', across.bullmq)
  const rows = [
    row('Timer, memory', await inProcess(memory())),
    row('Timer, SQLite FULL', await onSqlite()),
    row('Alarm, Durable Object', await onDurableObject()),
    row('Redis, another process', across.reuse),
  ]
  const reached = rows.every(({ p50 }) => p50 <= TARGET_MS)
  return [
    '## Jobs: from add to start',
    '',
    `${SAMPLES} jobs after ${WARM_UP} that warm up, each added ${REST_MS} ms after the one before has run; milliseconds from the call of \`add()\` to the start of the handler. Timer: \`queue.run()\` in the same Node process, waiting for the waker; SQLite in a file, WAL, synchronous=FULL. Alarm: one object in local workerd (\`workerd serve\`) with SQLite storage on disk, run through \`jobRunner()\`; measured from Node as the HTTP request that adds a job and is answered when it has started, so that this round trip is counted in. Another process: one process adds and another works, through Redis 7 on loopback with appendfsync everysec, \`redis(client, { subscriber })\` and BullMQ 6 by turns of 100 jobs, ioredis 6 on both sides; the handler's start is told on the machine's monotonic clock.`,
    '',
    '| waker, job store | p50 ms | p99 ms | most ms |',
    '|---|---:|---:|---:|',
    ...rows.map(({ text }) => text),
    peer.text,
    '',
    `Aim: p50 of at most ${TARGET_MS} ms on each of ours: ${reached ? 'reached' : 'missed'}.`,
    '',
    `Measured on ${machine}.`,
    '',
  ].join('\n')
}

async function onSqlite(): Promise<readonly number[]> {
  const folder = mkdtempSync(join(tmpdir(), 'reuse-bench-'))
  const backend = sqlite(join(folder, 'jobs.db'))
  try {
    return await inProcess(backend)
  } finally {
    backend.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

async function onDurableObject(): Promise<readonly number[]> {
  const entry = join(import.meta.dirname, 'workers/reuse.worker.ts')
  const served = await serveWorkers([{ name: 'reuse', entry }])
  try {
    return await sample(async () => {
      const addedAt = performance.now()
      const response = await fetch(`${served.url('reuse')}ping`)
      await response.arrayBuffer()
      if (!response.ok) throw new Error(`Cannot measure: ${response.status}, 200 expected`)
      return performance.now() - addedAt
    })
  } finally {
    await served.stop()
  }
}

async function inProcess(backend: Backend): Promise<readonly number[]> {
  let onStart = (): void => {}
  let onSettled = (): void => {}
  const queue = new JobQueue({
    name: 'latency',
    backend,
    jobs: { ping: defineJob({ run: () => onStart() }) },
    options: { removeOnComplete: true },
  })
  const stop = new AbortController()
  const running = queue.run({ signal: stop.signal, onSettled: () => onSettled() })
  const latencies = await sample(async () => {
    let startedAt = Number.NaN
    const settled = new Promise<void>((resolve) => {
      onStart = () => (startedAt = performance.now())
      onSettled = resolve
    })
    const addedAt = performance.now()
    await queue.add('ping', 1)
    await settled
    return startedAt - addedAt
  })
  stop.abort()
  await running
  return latencies
}

async function sample(once: () => Promise<number>): Promise<readonly number[]> {
  const latencies: number[] = []
  for (let index = -WARM_UP; index < SAMPLES; index++) {
    await new Promise((resolve) => setTimeout(resolve, REST_MS))
    const latency = await once()
    if (index >= 0) latencies.push(latency)
  }
  return latencies
}

function row(
  name: string,
  latencies: readonly number[],
): { readonly p50: number; readonly text: string } {
  const sorted = latencies.toSorted((a, b) => a - b)
  const at = (share: number): number =>
    sorted[Math.min(Math.ceil(sorted.length * share), sorted.length) - 1] ?? Number.NaN
  const figures = [at(0.5), at(0.99), at(1)].map((ms) => ms.toFixed(2))
  return { p50: at(0.5), text: `| ${name} | ${figures.join(' | ')} |` }
}
