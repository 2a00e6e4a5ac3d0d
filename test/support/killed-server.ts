/**
 * A server on a SQLite file that is made to be killed, for tests: `node killed-server.ts <jobs|sagas> <path> <ms>`. Its clock
 * is so many ms ahead of the platform's. At each step of its work it prints a line of JSON and goes on once it reads the
 * step's name on a line of standard input.
 */
import { createInterface } from 'node:readline'
import { createJobWorker } from '../../src/runtime/workers/job-worker.ts'
import { SagaOrchestrator } from '../../src/runtime/coordination/sagas/saga-orchestrator.ts'
import type { SagaContext } from '../../src/runtime/coordination/sagas/saga.ts'
import { systemClock, type Clock } from '../../src/runtime/ports/platform/clock.ts'
import { sqlite } from '../../src/runtime/backends/sqlite/index.ts'
import { defineJob, JobQueue } from '../../src/services/background-jobs/index.ts'

/** What the server prints. */
export interface ServerLine {
  readonly step: string
  /** The fencing token. */
  readonly fence: number
  /** The idempotency key, or the id of the job. */
  readonly key: string
}

const [, , what = '', path = '', ahead = ''] = process.argv
const programs = { jobs, sagas }
const clock: Clock = {
  now: () => systemClock.now() + Number(ahead),
  setTimer: systemClock.setTimer,
}
const backend = sqlite(path, { clock })
const forever = new AbortController().signal
const waiting = new Map<string, () => void>()
createInterface({ input: process.stdin }).on('line', (step) => waiting.get(step)?.())

await programs[what as keyof typeof programs]()

/** Says how far it has come, and waits until it is told to go on. */
async function reach(line: ServerLine): Promise<void> {
  const told = new Promise<void>((resolve) => void waiting.set(line.step, resolve))
  console.log(JSON.stringify(line))
  await told
}

/** Works a queue with all defaults: a job has begun, and is about to end. */
async function jobs(): Promise<void> {
  const queue = new JobQueue({
    name: 'work',
    backend,
    clock,
    jobs: {
      order: defineJob({
        async run({ id, token }) {
          await reach({ step: `${id} begins`, fence: token, key: id })
          await reach({ step: `${id} ends`, fence: token, key: id })
        },
      }),
    },
  })
  await queue.addBulk(
    ['a', 'b', 'c'].map((jobId) => ({
      name: 'order',
      data: null,
      // Each of them is there at more kills than a job survives by default.
      options: { jobId, attempts: 9, maxCrashes: 9 },
    })),
  )
  const onSettled = async (): Promise<void> => {
    const { completed } = await queue.counts()
    if (completed === 3) await reach({ step: 'all ended', fence: 0, key: '' })
  }
  await queue.run({ signal: forever, onSettled: () => void onSettled() })
}

/** Drives two sagas, one after the other: one succeeds, and one fails at its last step and is undone. */
async function sagas(): Promise<void> {
  const effect = async (did: string, { sagaId, fence, idempotencyKey }: SagaContext) => {
    const line = { fence, key: idempotencyKey }
    await reach({ step: `${sagaId}: ${did} begins`, ...line })
    // Here it has its effect.
    await reach({ step: `${sagaId}: ${did} ends`, ...line })
  }
  const step = (name: string) => ({
    name,
    execute: (context: SagaContext) => effect(name, context),
    compensate: (context: SagaContext) => effect(`undo ${name}`, context),
  })
  const orders = new SagaOrchestrator({ backend, clock, name: 'order' })
    .addStep(step('reserve'))
    .addStep(step('charge'))
    .addStep({
      ...step('ship'),
      async execute(context) {
        await effect('ship', context)
        if (context.sagaId === 'bad') throw Object.assign(new Error('No'), { retryable: false })
      },
    })
  void createJobWorker({
    waker: backend.waker,
    processor: orders.processor,
    jobStore: backend.jobStore.queue(orders.processor.queue),
    clock,
    onSettled: () => void next(),
  }).run({ signal: forever })
  await next()

  /** Begins what has not begun yet, which does nothing more for what has. */
  async function next(): Promise<void> {
    for (const id of ['good', 'bad']) {
      const saga = await orders.inspect(id)
      if (saga?.status === 'completed' || saga?.status === 'compensated') {
        if (id === 'bad') await reach({ step: `bad: ${saga.status}`, fence: 0, key: '' })
        continue
      }
      if (saga === null) await orders.start(null, { id })
      return
    }
  }
}
