import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { JobPage, JobRecord } from '../../src/runtime/ports/job-store/job-store.ts'
import type { Backend } from '../../src/runtime/ports/backend.ts'
import { JOB_STATES } from '../../src/runtime/ports/job-store/job-state.ts'
import {
  scheduleJob,
  type AddedJob,
  type FleetEvent,
} from '../../src/services/background-jobs/index.ts'
import { openRigBackend, type RigStore } from './rig-backend.ts'
import { createWallClockFile, openSteppedClock, setWallClock } from './rig-clock.ts'
import { openJournal, readJournal } from './rig-journal.ts'
import { auditRig } from './rig-audit.ts'
import {
  planRig,
  type PlannedFlow,
  type PlannedJob,
  type PlanOptions,
  type RigAct,
} from './rig-plan.ts'
import { openRig, type Rig } from './rig-queue.ts'
import { startStore } from './rig-store.ts'
import { startWorkers } from './rig-workers.ts'

export interface RigOptions extends Omit<PlanOptions, 'killsStore' | 'stepsClock'> {
  readonly backend: RigStore['type']
  /** Whether the folder with the journal stays. It stays where something was found. */
  readonly keep: boolean
}

const NARRATED_EACH_MS = 5000
const SAMPLED_EACH_MS = 200
/** How long after the last job was added everything is to have ended. */
const REST_MS = 180_000
const RETRY_MS = 200
/** Events that one reader reads before another goes on from its cursor. */
const READ_AT_ONCE = 997

type Flow = Parameters<Rig['queue']['addFlow']>[0]

/** @returns The faults that were found, each a sentence */
export async function runRig(
  options: RigOptions,
  say: (line: string) => void,
): Promise<readonly string[]> {
  const { seed, jobs, kills, minutes, backend: type } = options
  const again = `npm run crash-rig -- --backend ${type} --seed ${seed} --jobs ${jobs} --kills ${kills} --minutes ${minutes}`
  say(`\n${again}`)
  const plan = planRig({ ...options, killsStore: type !== 'sqlite', stepsClock: true })
  const folder = mkdtempSync(join(tmpdir(), 'crash-rig-'))
  const journalPath = join(folder, 'journal')
  const clockPath = join(folder, 'clock')
  createWallClockFile(clockPath)
  const journal = openJournal(journalPath)
  const store = await startStore(type, folder, journal)
  const workers = startWorkers(
    options.workers,
    [JSON.stringify(store.place), journalPath, clockPath],
    journal,
  )
  const clock = openSteppedClock(clockPath)
  const { backend, close } = openRigBackend(store.place, clock)
  const { queue, sagas } = openRig(backend, () => undefined, clock)
  await queue.recordEvents({ keep: 100_000 })
  const samples: ReadonlyMap<string, number>[] = []
  const events: FleetEvent[] = []
  const stopReading = new AbortController()
  const reading = readEvents(queue, events, stopReading.signal)
  const failing = new Map<string, boolean>()
  const counted = { kill: 0, stop: 0, 'kill-store': 0, 'step-clock': 0 }
  let aheadMs = 0
  let faults: readonly string[] = []

  async function perform(act: RigAct): Promise<void> {
    switch (act.type) {
      case 'add':
        return addJobs(act.jobs)
      case 'flow':
        return addFlow(act.flow)
      case 'saga':
        failing.set(act.id, act.fails)
        return untilAnswered(() => sagas.start(act.fails ? 'fails' : null, { id: act.id }))
      case 'schedule': {
        const options = { limit: act.limit }
        const data = { workMs: 5, failures: 0, key: '', next: 0 }
        return untilAnswered(() =>
          scheduleJob(queue, { name: 'tick', id: act.id, every: '1s', data, options }),
        )
      }
      case 'cancel': {
        const { jobs: waiting } = await answered(() =>
          queue.list({ state: 'scheduled', limit: 20 }),
        )
        const chosen = waiting.find(({ name, id }) => name === 'work' && !id.startsWith('flow'))
        if (chosen !== undefined) await answered(() => queue.cancel(chosen.id))
        return
      }
      case 'kill':
        counted.kill++
        return workers.kill(act.worker)
      case 'stop':
        counted.stop++
        return workers.stop(act.worker, act.forMs)
      case 'kill-store':
        counted['kill-store']++
        return store.kill(act.forMs)
      case 'step-clock':
        counted['step-clock']++
        aheadMs += act.byMs
        journal.note({ what: 'clock', byMs: act.byMs })
        setWallClock(clockPath, aheadMs)
        return store.setClock?.(aheadMs)
    }
  }

  async function addJobs(planned: readonly PlannedJob[]): Promise<void> {
    const added = await answered(() => queue.addBulk(planned.map(toJob)))
    added.forEach((answer, index) => noteAdded(answer, planned[index]))
  }

  function noteAdded({ id, added }: AddedJob, planned: PlannedJob | undefined): void {
    if (planned === undefined) return
    const { kind, unique } = planned
    if (added || planned.id === id)
      journal.note({ what: 'added', id, kind, ...(unique !== undefined && added && { unique }) })
  }

  async function addFlow(flow: PlannedFlow): Promise<void> {
    await answered(() => queue.addFlow(toFlow(flow)))
    const note = ({ id, kind, children }: PlannedFlow): void => {
      journal.note({ what: 'added', id, kind, children: children.map((child) => child.id) })
      for (const child of children) note(child)
    }
    note(flow)
  }

  async function sample(): Promise<void> {
    const { jobs: active } = await queue.list({ state: 'active', limit: 1000 })
    const counts = new Map<string, number>()
    for (const { data } of active) {
      const { key } = data as { readonly key: string }
      if (key !== '') counts.set(key, (counts.get(key) ?? 0) + 1)
    }
    samples.push(counts)
  }

  async function narrate(startedAt: number): Promise<void> {
    const counts = await queue.counts()
    const seconds = Math.round((performance.now() - startedAt) / 1000)
    const waiting = counts.ready + counts.scheduled + counts.held + counts.blocked
    const { kill, stop, 'kill-store': storeKills, 'step-clock': steps } = counted
    say(
      `${String(seconds).padStart(4)} s  ended ${counts.completed + counts.dead + counts.cancelled}, running ${counts.active}, waiting ${waiting} | killed ${kill}, stopped ${stop}, store killed ${storeKills}, clock set ${steps} (now ${aheadMs / 1000} s)`,
    )
  }

  async function isAtRest(): Promise<boolean> {
    const { ready, scheduled, active, held, blocked, parked } = await queue.counts()
    if (ready + scheduled + active + held + blocked + parked > 0) return false
    if ((await queue.schedules.list()).length > 0) return false
    for (const id of failing.keys()) {
      const saga = await sagas.inspect(id)
      if (
        saga?.status !== 'completed' &&
        saga?.status !== 'compensated' &&
        saga?.status !== 'stuck'
      )
        return false
    }
    return true
  }

  const startedAt = performance.now()
  const timers = [
    setInterval(() => void narrate(startedAt).catch(() => undefined), NARRATED_EACH_MS),
    setInterval(() => void sample().catch(() => undefined), SAMPLED_EACH_MS),
  ]
  try {
    const working: Promise<void>[] = []
    for (const { atMs, act } of plan.acts) {
      await wait(atMs - (performance.now() - startedAt))
      working.push(perform(act))
    }
    await Promise.all(working)
    await store.settled()
    const restBy = performance.now() + REST_MS
    let rests = false
    while (!rests && performance.now() < restBy) {
      rests = await answered(isAtRest)
      if (!rests) await wait(RETRY_MS)
    }
    await narrate(startedAt)
    const records = await answered(() => readRecords(queue))
    while (!(await hasReadAll(backend, events))) await wait(RETRY_MS)
    stopReading.abort()
    await reading
    const ended = [...failing].toSorted(([a], [b]) => numberIn(a) - numberIn(b))
    const remains = {
      plan,
      notes: readJournal(journalPath),
      records,
      sagas: await Promise.all(
        ended.map(async ([id, fails]) => ({
          fails,
          saga: await answered(() => sagas.inspect(id)),
        })),
      ),
      events,
      samples,
    }
    const { faults: found, figures } = auditRig(remains)
    const slow = await workers.end()
    faults = [
      ...(rests
        ? []
        : [
            `not everything had ended ${REST_MS / 1000} s after the last was added: ${JSON.stringify(await queue.counts())}`,
          ]),
      ...found,
      ...slow,
    ]
    say(
      Object.entries(figures)
        .map(([name, value]) => `${name} ${value}`)
        .join(', '),
    )
  } finally {
    stopReading.abort()
    for (const timer of timers) clearInterval(timer)
    close()
    await workers.killAll()
    await store.stop()
    journal.close()
  }
  for (const fault of faults.slice(0, 40)) say(`FAULT  ${fault}`)
  if (faults.length > 40) say(`and ${faults.length - 40} more`)
  if (faults.length > 0 || options.keep) say(`The journal is in ${folder}`)
  else rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
  say(faults.length === 0 ? 'Every promise was kept' : `${faults.length} faults. Again: ${again}`)
  return faults
}

/** Reads as another process would: stopping now and then, and going on from its cursor. */
async function readEvents(
  queue: Rig['queue'],
  events: FleetEvent[],
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const since = events.at(-1)?.cursor ?? 'oldest'
    let read = 0
    for await (const event of queue.events({ since, signal })) {
      events.push(event)
      if (++read === READ_AT_ONCE) break
    }
  }
}

async function hasReadAll(backend: Backend, events: readonly FleetEvent[]): Promise<boolean> {
  const { latest } = await answered(() => backend.jobStore.queue('rig').events({ limit: 1 }))
  return events.at(-1)?.cursor === latest
}

async function readRecords(queue: Rig['queue']): Promise<readonly JobRecord[]> {
  const records: JobRecord[] = []
  for (const state of JOB_STATES) {
    let cursor: string | null = ''
    while (cursor !== null) {
      const page: JobPage = await queue.list({
        state,
        limit: 1000,
        ...(cursor !== '' && { cursor }),
      })
      records.push(...page.jobs)
      cursor = page.cursor
    }
  }
  return records
}

function toJob({ id, kind, data, delayMs, priority, unique }: PlannedJob) {
  return {
    name: kind,
    data: { ...data },
    options: {
      delay: delayMs,
      priority,
      ...(id !== null && { jobId: id }),
      ...(unique !== undefined && { deduplication: { id: unique } }),
    },
  }
}

function toFlow({ children, ignores, ...job }: PlannedFlow): Flow {
  const { options, ...rest } = toJob(job)
  const { delay: _delay, ...others } = options
  return {
    ...rest,
    options: others,
    children: children.map(toFlow),
    onFailure: ignores ? 'ignore' : 'fail',
  }
}

/** Asks until the store answers: it may be gone for a while. */
async function answered<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
  for (let failures = 0; ; failures++) {
    try {
      return await ask()
    } catch (error) {
      if (failures === 100) throw error
      await wait(RETRY_MS)
    }
  }
}

async function untilAnswered(ask: () => Promise<unknown>): Promise<void> {
  await answered(ask)
}

function numberIn(id: string): number {
  return Number(id.split('-')[1])
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(ms, 0)))
}
