import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { sqlite } from '@white-cross/reuse/infrastructure/runtime/sqlite'
import { demoQueue } from './queue.ts'

const JOBS = 10_000
const PRIORITIES = ['critical', 'high', 'normal', 'low'] as const
/** After how many jobs the worker is killed. */
const KILLS = [3000, 6500]

const folder = mkdtempSync(join(tmpdir(), 'reuse-jobs-demo-'))
const file = join(folder, 'jobs.db')
const backend = sqlite(file)
const queue = demoQueue(backend)
const runs = new Map<string, number>()
let worker: ChildProcess | undefined

try {
  for (let start = 0; start < JOBS; start += 1000) {
    await queue.addBulk(
      Array.from({ length: 1000 }, (_, index) => ({
        name: 'work' as const,
        data: start + index,
        options: { priority: PRIORITIES[index % PRIORITIES.length] ?? 'normal' },
      })),
    )
  }
  console.log(`${JOBS} jobs added, with four priorities, each batch of 1,000 in one durable write`)

  for (const killAfter of [...KILLS, Infinity]) {
    const killed = await workUntil(killAfter)
    if (killed)
      console.log(`\nWorker killed (SIGKILL) after ${runs.size} jobs; another one takes over`)
  }

  const counts = await queue.counts()
  const again = [...runs.values()].filter((times) => times > 1).length
  console.log(
    `\nCompleted ${counts.completed}, waiting ${counts.ready + counts.scheduled}, running ${counts.active}, dead ${counts.dead}`,
  )
  console.log(
    `Jobs that ran: ${runs.size}; twice, since their worker was killed before it could say so: ${again}`,
  )
  const reconciled = counts.completed === JOBS && runs.size === JOBS && again <= KILLS.length * 32
  console.log(reconciled ? 'Reconciled: every job was done, none was lost' : 'NOT reconciled')
  process.exitCode = reconciled ? 0 : 1
} finally {
  worker?.kill('SIGKILL')
  backend.close()
  rmSync(folder, { recursive: true, force: true })
}

/** Runs one worker until it is killed after `killAfter` jobs, or until every job has completed. */
async function workUntil(killAfter: number): Promise<boolean> {
  const script = fileURLToPath(new URL('worker.ts', import.meta.url))
  const child = spawn(process.execPath, [...process.execArgv, script, file], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  worker = child
  const ended: Promise<unknown[]> = once(child, 'exit')
  createInterface({ input: child.stdout }).on('line', (line) => {
    const id = line.split(' ')[0] ?? ''
    runs.set(id, (runs.get(id) ?? 0) + 1)
    drawProgress()
    if (runs.size >= killAfter) child.kill('SIGKILL')
  })
  const look = setInterval(() => {
    void queue.counts().then(({ completed }) => completed === JOBS && child.kill('SIGTERM'))
  }, 100)
  const [, signal] = await ended
  clearInterval(look)
  return signal === 'SIGKILL'
}

function drawProgress(): void {
  const done = Math.floor((runs.size / JOBS) * 40)
  const bar = `[${'#'.repeat(done)}${' '.repeat(40 - done)}] ${runs.size}/${JOBS}`
  if (process.stdout.isTTY) process.stdout.write(`\r${bar}`)
  else if (runs.size % 1000 === 0) console.log(bar)
}
