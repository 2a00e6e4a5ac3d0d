import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expectEqual, expectTrue } from '../../src/runtime/ports/conformance.ts'
import type { NewJob, QueueCounts } from '../../src/runtime/ports/job-store/job-store.ts'
import { writeWorkerdConfig } from '../../tools/run-workerd.ts'
import { runSuites } from '../conformance/run-suites.ts'
import type { SuiteCase } from '../conformance/suite.ts'
import { serveWorkerd } from '../support/serve-workerd.ts'

const WORKER = join(import.meta.dirname, '../runtimes/kill.worker.ts')
const DEADLINE_MS = 30_000

const cases: SuiteCase[] = [
  {
    name: 'a job that ran when workerd was killed runs again, and those that waited run',
    async run() {
      await using place = await openPlace()
      const names = ['a', 'b', 'c', 'd', 'e', 'f']
      await place.add(jobsNamed(names))
      const { name } = await place.nextRun()
      await place.restart()
      place.endAllRuns()
      await place.completed(names.length)
      expectEqual([...place.attempts.keys()].toSorted(), names)
      expectTrue((place.attempts.get(name) ?? 0) >= 2, 'the job that ran to have run again')
    },
  },
  {
    name: 'a job accepted just before the kill runs when its time has come, without any call',
    async run() {
      await using place = await openPlace()
      await place.add(jobsNamed(['later']).map((job) => ({ ...job, delayMs: 1000 })))
      await place.restart()
      const run = await place.nextRun()
      expectEqual([run.name, run.attempt], ['later', 1])
      run.end()
      await place.completed(1)
    },
  },
  {
    name: 'after kill upon kill every job has completed, interrupted at most once by each',
    async run() {
      await using place = await openPlace()
      const names = Array.from({ length: 12 }, (_, index) => `n${index}`)
      await place.add(jobsNamed(names))
      const kills = 4
      for (let kill = 0; kill < kills; kill++) {
        for (let run = 0; run < 3; run++) (await place.nextRun()).end()
        await place.restart()
      }
      place.endAllRuns()
      await place.completed(names.length)
      expectEqual(place.attempts.size, names.length)
      const most = Math.max(...place.attempts.values())
      expectTrue(most <= kills + 1, `at most ${kills + 1} attempts of a job, got ${most}`)
    },
  },
]

/** A job that has told the witness that it runs, and waits for the answer. */
interface Run {
  readonly name: string
  readonly attempt: number
  end(): void
}

/** A Worker in `workerd serve` on one disk, and the witness that its jobs call. */
interface Place extends AsyncDisposable {
  /** The highest attempt of each job that has run. */
  readonly attempts: ReadonlyMap<string, number>
  add(jobs: readonly NewJob[]): Promise<void>
  /** The next job that begins to run. */
  nextRun(): Promise<Run>
  /** Answers every job that runs or will run. */
  endAllRuns(): void
  /** Kills workerd where it stands and starts it again on the same disk. */
  restart(): Promise<void>
  /** Resolves once that many jobs are completed and none is in another state. */
  completed(count: number): Promise<void>
}

async function openPlace(): Promise<Place> {
  const directory = await mkdtemp(join(tmpdir(), 'durable-objects-kill-'))
  const witness = await openWitness()
  const config = await writeWorkerdConfig({
    entry: WORKER,
    directory,
    texts: { WITNESS_URL: witness.url },
    listen: '127.0.0.1:0',
  })
  let server = await serveWorkerd(config)
  return {
    attempts: witness.attempts,
    nextRun: witness.nextRun,
    endAllRuns: witness.endAllRuns,
    async add(jobs) {
      const response = await fetch(server.url, { method: 'POST', body: JSON.stringify(jobs) })
      expectEqual(response.status, 200)
    },
    async restart() {
      await server.kill()
      server = await serveWorkerd(config)
    },
    async completed(count) {
      const until = Date.now() + DEADLINE_MS
      for (;;) {
        const response = await fetch(server.url)
        // The Worker answers with what the job store's counts() gave.
        const counts = (await response.json()) as QueueCounts
        const { completed, ready, scheduled, active, dead } = counts
        if (completed === count && ready + scheduled + active + dead === 0) return
        expectTrue(Date.now() < until, `${count} jobs completed, not ${JSON.stringify(counts)}`)
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
    },
    async [Symbol.asyncDispose]() {
      await server.kill()
      await witness.close()
      await rm(directory, { recursive: true, force: true, maxRetries: 3 })
    },
  }
}

/** A server that each job calls while it runs. */
async function openWitness() {
  const attempts = new Map<string, number>()
  const runs: Run[] = []
  let arrived = Promise.withResolvers<void>()
  let endsAll = false
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://witness')
    const name = pathname.slice(1)
    const attempt = Number(searchParams.get('attempt'))
    attempts.set(name, Math.max(attempt, attempts.get(name) ?? 0))
    runs.push({ name, attempt, end: () => void response.end() })
    if (endsAll) response.end()
    arrived.resolve()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  // A server that listens on a port has such an address.
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    attempts,
    async nextRun(): Promise<Run> {
      const signal = AbortSignal.timeout(DEADLINE_MS)
      const late = once(signal, 'abort')
      for (;;) {
        const run = runs.shift()
        if (run !== undefined) return run
        arrived = Promise.withResolvers()
        await Promise.race([arrived.promise, late])
        if (signal.aborted) throw new Error('Expected a job to run within 30 s')
      }
    },
    endAllRuns() {
      endsAll = true
      for (const { end } of runs) end()
    },
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function jobsNamed(names: readonly string[]): NewJob[] {
  return names.map((name) => ({ name, data: 1, maxAttempts: 10, keepCompletedMs: 3_600_000 }))
}

const suite = { subject: 'InfrastructureObject killed', adapter: 'durable-objects', cases }
const failed = await runSuites('node', [suite], console.log, process.argv[2])
process.exit(failed > 0 ? 1 : 0)
