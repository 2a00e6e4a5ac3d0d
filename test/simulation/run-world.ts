// Read before any world begins: a module that is read at first use takes real time, by which the
// order of things in a world would depend on how busy the machine is.
import '../../src/services/background-jobs/schedules.ts'
import '../../src/services/background-jobs/working-parts.ts'
import type { Backend } from '../../src/runtime/ports/backend.ts'
import { createTimerWaker } from '../../src/runtime/workers/timer-waker.ts'
import type { Clock } from '../../src/runtime/ports/platform/clock.ts'
import { createChance } from './chance.ts'
import { createJobMix } from './job-mix.ts'
import { chooseResidents } from './choose-residents.ts'
import { createLine } from './line.ts'
import { createStoreWitness } from './store-witness.ts'
import { createSimulatedTime } from './simulated-time.ts'
import { createUnreliableProcess, NO_FAULTS } from './unreliable-process.ts'
import { createWorld } from './world.ts'

/** Where a world is put. */
export interface WorldHarness {
  open(): Promise<Backend>
  readonly clock: Clock
  advance(ms: number): Promise<void>
  /** The job store's clock where it goes on by itself as well, as a server's does. Default: `clock`. */
  readonly storeNow?: () => number
}

/** What makes one world. */
export interface WorldOptions {
  readonly seed: number
  readonly harness: WorldHarness
  /** The share of calls after which every record is compared, 0 to 1. */
  readonly curiosity: number
}

const STEPS = 40
/** Nothing is longer in the network. */
const LATEST_CALL_MS = 15_000
/** No world needs longer to its end once nothing goes wrong any more. */
const PATIENCE_MS = 1_200_000

/**
 * Lives through one world: workers, a client and an operator in a bad network, and then, without faults, to its end.
 *
 * @returns All that the job store was asked and answered
 * @throws Error that tells the seed, what must not have happened, and what came before it
 */
export async function runWorld(options: WorldOptions): Promise<readonly string[]> {
  const { seed, harness, curiosity } = options
  const backend = await harness.open()
  const line = createLine()
  const time = createSimulatedTime(harness, line.quiet)
  const startedAt = time.now()
  const { storeNow = time.now } = harness
  const aheadMs = storeNow() - startedAt
  const trace: string[] = []
  const objections: string[] = []
  const tell = (what: string): void => void trace.push(`${time.now() - startedAt} ms: ${what}`)
  const curious = createChance(seed, 1)
  const witness = createStoreWitness(backend.jobStore.queue('work'), {
    now: time.now,
    // A clock that goes on by itself is read in whole milliseconds.
    latest: () => storeNow() - aheadMs + (storeNow === time.now ? 0 : 1),
    aheadMs,
    isCurious: () => curious.of(curiosity),
    object: (what) => void objections.push(what),
    tell,
  })

  const chance = createChance(seed, 2)
  const mix = createJobMix(chance)
  const lined = line.through({
    ...backend,
    jobStore: {
      queue: (name) => (name === 'work' ? witness.queue : backend.jobStore.queue(name)),
    },
  })
  const residents = chooseResidents({
    observer: createUnreliableProcess({
      ...{ time, backend: lined, waker: createTimerWaker(time), tell },
      ...{ chance: createChance(seed, 4), rates: () => NO_FAULTS },
    }),
    chance: createChance(seed, 3),
    exactTime: storeNow === time.now,
    object: (what) => void objections.push(what),
    tell,
  })
  const world = createWorld({ seed, backend: lined, time, chance, residents, tell })
  let step = 0

  function judge(): void {
    if (objections[0] !== undefined) throw new Error(`Expected ${objections[0]}`)
  }

  async function freeze(): Promise<void> {
    tell('world: all processes stand still')
    for (const resident of residents) resident.stoodStill()
    await time.freeze(chance.pick([2000, 12_000, 30_000]))
    for (const resident of residents) resident.stoodStill()
  }

  async function goWrong(): Promise<void> {
    if (chance.of(0.3)) world.schedule()
    for (; step < STEPS; step++) {
      for (let more = chance.pick([0, 0, 1, 2, 3]); more > 0; more--) world.add(mix.job())
      if (chance.of(0.15)) world.addFlow(mix.flow())
      const command = chance.of(0.25) ? mix.command(witness.jobs) : null
      if (command !== null) world.command(command)
      if (chance.of(0.15)) world.disturb()
      if (chance.of(0.3)) world.ask()
      if (chance.of(0.05)) await freeze()
      await time.advance(chance.pick([0, 10, 500, 2000, 4000, 9000]))
      judge()
    }
  }

  async function comeToAnEnd(): Promise<void> {
    world.heal()
    await time.advance(LATEST_CALL_MS)
    world.command({ type: 'resume' })
    for (const until = time.now() + PATIENCE_MS; ; step++) {
      const parked = [...witness.jobs.values()].filter(({ ended }) => ended === 'parked')
      for (const { id } of parked) world.command({ type: 'retry', ids: [id] })
      await time.advance(10_000)
      let left = (await line.inLine(witness.audit)) + world.unanswered() + parked.length
      for (const resident of residents) left += await resident.left()
      judge()
      if (left === 0) break
      if (time.now() > until) throw new Error(`Expected everything to end, ${left} have not`)
    }
    for (const resident of residents) await resident.audit()
    judge()
  }

  try {
    await goWrong()
    await comeToAnEnd()
    world.stop()
    await time.advance(60_000)
    return trace
  } catch (error) {
    const what = error instanceof Error ? error.message : String(error)
    const before = trace.slice(-15).join('\n')
    throw new Error(`${what}, at seed ${seed}, step ${step}:\n${before}`, { cause: error })
  }
}
