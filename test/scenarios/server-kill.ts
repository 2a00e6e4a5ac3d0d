import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { expectEqual, expectTrue } from '../../src/runtime/ports/conformance.ts'
import { systemClock } from '../../src/runtime/ports/platform/clock.ts'
import { sqlite, type SqliteBackend } from '../../src/runtime/backends/sqlite/index.ts'
import { runSuites } from '../conformance/run-suites.ts'
import type { SuiteCase } from '../conformance/suite.ts'
import type { ServerLine } from '../support/killed-server.ts'

const PROGRAM = join(import.meta.dirname, '../support/killed-server.ts')
const DEADLINE_MS = 30_000
/** How long a job waits at most for another worker, once its own was killed. */
const REDELIVERY_MS = 15_000
/** After this the lease of a killed saga's driver is over at its default, too. */
const SAGA_LEASE_MS = REDELIVERY_MS
const UNDONE = ['reserve', 'charge', 'ship', 'undo ship', 'undo charge', 'undo reserve']
const STEPS = [
  ...UNDONE.slice(0, 3).map((step) => `good: ${step}`),
  ...UNDONE.map((step) => `bad: ${step}`),
]

const cases: readonly SuiteCase[] = [
  {
    name: 'jobs of a killed worker are due within 15 s at all defaults, run again under a greater token, and those that completed do not',
    async run() {
      const completed = new Map<string, number>()
      let kills = 0
      const lines = await killEverywhere('jobs', 'all ended', async (backend, soFar) => {
        kills++
        const queue = backend.jobStore.queue('work')
        const { wakeInMs } = await queue.exchange({})
        expectTrue(
          wakeInMs !== null && wakeInMs <= REDELIVERY_MS,
          `a wake within ${REDELIVERY_MS} ms, not in ${wakeInMs}`,
        )
        for (const key of ['a', 'b', 'c'])
          if ((await queue.get(key))?.state === 'completed' && !completed.has(key))
            completed.set(key, soFar.length)
        return wakeInMs
      })
      expectEqual(kills, 6, 'kills')
      for (const key of ['a', 'b', 'c']) {
        const own = lines.filter((line) => line.key === key)
        const begun = own.filter(({ step }) => step.endsWith('begins')).map(({ fence }) => fence)
        expectTrue(begun.length >= 2, `${key} to run again, not ${begun.length} times`)
        expectAscending(begun)
        const after = completed.get(key) ?? lines.length
        expectEqual(lines.slice(after).filter((line) => line.key === key).length, 0)
      }
    },
  },
  {
    name: 'sagas go on where a killed server stood: no step that was done is made again, and compensations come in reverse order',
    async run() {
      const lines = await killEverywhere('sagas', 'bad: compensated', async () => SAGA_LEASE_MS)
      const begun = lines.filter(({ step }) => step.endsWith(' begins'))
      const order = begun.map(({ step }) => step.replace(' begins', ''))
      expectEqual(
        order.filter((step, index) => step !== order[index - 1]),
        STEPS,
        'the steps in order, each until it was done',
      )
      expectEqual(new Set(begun.map(({ key }) => key)).size, STEPS.length, 'keys')
      for (const saga of ['good', 'bad'])
        expectAscending(begun.filter(({ step }) => step.startsWith(saga)).map(({ fence }) => fence))
      for (const step of STEPS) {
        // Killed before its effect, killed after it, and done.
        const own = begun.filter((line) => line.step === `${step} begins`)
        const ended = lines.filter((line) => line.step === `${step} ends`)
        expectEqual([own.length, ended.length], [3, 2], `the attempts and effects of ${step}`)
        expectEqual(new Set([...own, ...ended].map(({ key }) => key)).size, 1, `keys of ${step}`)
      }
    },
  },
]

/**
 * Runs the server on a new file and kills it at each step, when it comes there for the first time.
 *
 * @param last The step at which all is done
 * @param afterKill Looks at what the killed server left. Answers how far the clock of the next one is ahead of it
 * @returns What all servers printed
 */
async function killEverywhere(
  what: 'jobs' | 'sagas',
  last: string,
  afterKill: (backend: SqliteBackend, lines: readonly ServerLine[]) => Promise<number>,
): Promise<readonly ServerLine[]> {
  const folder = mkdtempSync(join(tmpdir(), 'server-kill-'))
  const path = join(folder, 'server.db')
  const lines: ServerLine[] = []
  const killedAt = new Set<string>()
  let aheadMs = 0
  try {
    for (;;) {
      await liveUntil(what, path, aheadMs, (line) => {
        lines.push(line)
        const isNew = !killedAt.has(line.step)
        killedAt.add(line.step)
        return isNew
      })
      if (lines.at(-1)?.step === last) return lines
      const now = aheadMs
      const clock = { ...systemClock, now: () => systemClock.now() + now }
      const backend = sqlite(path, { clock })
      aheadMs += await afterKill(backend, lines)
      backend.close()
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Lets one server go on from step to step until `isEnd` says that it is to be killed. */
async function liveUntil(
  what: string,
  path: string,
  aheadMs: number,
  isEnd: (line: ServerLine) => boolean,
): Promise<void> {
  const server = spawn(
    process.execPath,
    [...process.execArgv, PROGRAM, what, path, String(aheadMs)],
    {
      stdio: ['pipe', 'pipe', 'inherit'],
      // Each starts as quickly as the second one.
      env: { ...process.env, NODE_COMPILE_CACHE: join(dirname(path), 'compiled') },
    },
  )
  const stop = (): void => void server.kill('SIGKILL')
  process.once('exit', stop)
  const closed = once(server, 'close')
  const late = setTimeout(stop, DEADLINE_MS)
  let ended = false
  for await (const text of createInterface({ input: server.stdout })) {
    // What it had printed already when it was killed is not looked at: it never went on from there.
    if (ended) continue
    // Printed by our own program.
    const line = JSON.parse(text) as ServerLine
    ended = isEnd(line)
    if (ended) stop()
    else server.stdin.write(`${line.step}\n`)
  }
  await closed
  clearTimeout(late)
  process.off('exit', stop)
  if (!ended)
    throw new Error(`Expected a step within ${DEADLINE_MS} ms, exit code ${server.exitCode}`)
}

function expectAscending(numbers: readonly number[]): void {
  expectTrue(
    numbers.every((number, index) => index === 0 || number > (numbers[index - 1] ?? 0)),
    `ascending tokens, not ${numbers.join()}`,
  )
}

const suite = { subject: 'Server killed', adapter: 'sqlite', cases }
const failed = await runSuites('node', [suite], console.log, process.argv[2])
process.exit(failed > 0 ? 1 : 0)
