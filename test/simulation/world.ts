import {
  JobQueue,
  type JobDefinitions,
  type JobToAdd,
} from '../../src/services/background-jobs/index.ts'
import type { JobFlow } from '../../src/services/background-jobs/job-flow.ts'
import type { Backend } from '../../src/runtime/ports/backend.ts'
import type { JobCommand } from '../../src/runtime/ports/job-store/job-store.ts'
import { createTimerWaker } from '../../src/runtime/workers/timer-waker.ts'
import { createSeededRandom } from '../../src/testing/seeded-random.ts'
import { createChance, type Chance } from './chance.ts'
import { createJobKinds } from './job-kinds.ts'
import { insist } from './insist.ts'
import type { Resident } from './resident.ts'
import type { SimulatedTime } from './simulated-time.ts'
import { createUnreliableProcess, NO_FAULTS, type FaultRates } from './unreliable-process.ts'

type Kinds = ReturnType<typeof createJobKinds>

/** Some workers, a client that insists on an answer, and an operator who does not, each a process of its own. */
export interface World {
  add(job: JobToAdd<Kinds>): void
  addFlow(flow: JobFlow<Kinds>): void
  command(command: JobCommand): void
  /** Kills a worker, stops one in order, or sets the clock of one. */
  disturb(): void
  /** Asks the residents for something, one of them. */
  ask(): void
  /** Adds a job every few seconds until all is healed. */
  schedule(): void
  /** From now on nothing goes wrong, and all workers are new. */
  heal(): void
  /** How many additions have not been answered. */
  unanswered(): number
  /** Stops the workers in order. */
  stop(): void
}

/** What a {@link World} is made of. */
export interface WorldParts {
  readonly seed: number
  readonly backend: Backend
  readonly time: SimulatedTime
  readonly chance: Chance
  readonly residents: readonly Resident[]
  readonly tell: (what: string) => void
}

export function createWorld(parts: WorldParts): World {
  const { seed, backend, time, chance, residents, tell } = parts
  const often = (): number => chance.pick([0, 0.02, 0.1, 0.25])
  let rates: FaultRates = {
    lost: often(),
    unanswered: often(),
    doubled: often(),
    late: often(),
    wake: chance.pick([0, 0.3, 0.9]),
  }
  const concurrency = chance.between(1, 6)
  const terms = {
    lease: 10_000,
    maxWait: chance.pick([1000, 5000, 60_000]),
    grace: chance.pick([0, 3000, 30_000]),
  }
  const waker = createTimerWaker(time)
  let processes = 0
  let deployed = false

  function startProcess() {
    const number = ++processes
    const process = createUnreliableProcess({
      time,
      backend,
      waker,
      chance: createChance(seed, 100 + number),
      rates: () => rates,
      tell,
    })
    const queueOf = <Jobs extends JobDefinitions>(jobs: Jobs): JobQueue<Jobs> =>
      new JobQueue({
        name: 'work',
        backend: process.backend,
        jobs,
        clock: process.clock,
        random: createSeededRandom(seed * 1000 + number),
        report: () => undefined,
      })
    return { number, process, queueOf }
  }

  function startWorker() {
    const { number, process, queueOf } = startProcess()
    const { fresh, ...older } = createJobKinds(process)
    const isOld = !deployed && chance.of(0.3)
    const abort = new AbortController()
    tell(`worker ${number} starts`)
    void queueOf(isOld ? older : { ...older, fresh }).run({
      ...terms,
      concurrency,
      signal: abort.signal,
    })
    const own = { ...terms, signal: abort.signal, seed: seed * 1000 + number }
    for (const resident of residents) resident.work(process, own)
    return { number, process, abort }
  }

  const workers = Array.from({ length: chance.between(2, 3) }, startWorker)
  const client = startProcess()
  const queue = client.queueOf(createJobKinds(client.process))
  let unanswered = 0

  async function insistOn(act: () => Promise<unknown>): Promise<void> {
    unanswered++
    await insist(client.process, act)
    unanswered--
  }

  return {
    add: ({ name, data, options }) => void insistOn(() => queue.add(name, data, options)),
    addFlow: (flow) => void insistOn(() => queue.addFlow(flow)),
    ask() {
      const [first, ...others] = residents
      if (first === undefined) return
      const resident = chance.pick([first, ...others])
      unanswered++
      void resident.ask(client.process).then(() => unanswered--)
    },
    command(command) {
      const { jobStore: own } = client.process.backend
      own
        .queue('work')
        .command(command)
        .catch(() => tell(`${command.type} failed`))
    },
    disturb() {
      const index = chance.between(0, workers.length - 1)
      const worker = workers[index]
      if (worker === undefined) return
      const what = chance.pick(['crash', 'crash', 'stop', 'skew', 'skew'])
      tell(`worker ${worker.number}: ${what}`)
      if (what === 'skew') worker.process.skew(chance.pick([-20_000, -3000, 0, 3000, 20_000]))
      else {
        if (what === 'crash') worker.process.crash()
        else worker.abort.abort()
        workers[index] = startWorker()
      }
    },
    schedule: () =>
      void insistOn(() => queue.schedule('tick', { every: '7s' }, { name: 'quick', data: null })),
    heal() {
      rates = NO_FAULTS
      void insistOn(() => queue.schedules.remove('tick'))
      deployed = true
      for (const [index, { process, abort }] of workers.entries()) {
        process.skew(0)
        abort.abort()
        workers[index] = startWorker()
      }
    },
    unanswered: () => unanswered,
    stop() {
      for (const { abort } of workers) abort.abort()
    },
  }
}
