import { isDeepStrictEqual } from 'node:util'
import type {
  ClaimedJob,
  FinishedChild,
  JobCommand,
  JobRecord,
  NewJob,
  QueueStore,
} from '../../src/runtime/ports/job-store/job-store.ts'
import type { JobOutcome } from '../../src/runtime/ports/job-store/job-outcome.ts'
import { JOB_STATES } from '../../src/runtime/ports/job-store/job-state.ts'
import { createSeededRandom } from '../../src/testing/seeded-random.ts'

/** Two queues to which the same things happen. */
export interface StoreTwins {
  readonly real: QueueStore
  readonly model: QueueStore
  /** Lets both clocks advance. */
  advance(ms: number): Promise<void>
  /** How far instants of the two may lie apart, in ms, less than a minute. Default 0. */
  readonly toleranceMs?: number
}

const HOUR_MS = 3_600_000
const STEPS = 50
const IDS = Array.from({ length: 8 }, (_, index) => `j${index}`)

const OUTCOMES: readonly JobOutcome[] = [
  { to: 'completed' },
  { to: 'completed', result: { ok: [] } },
  { to: 'completed', result: 1 },
  { to: 'dead', error: 'broken' },
  { to: 'cancelled' },
  { to: 'scheduled', delayMs: 0 },
  { to: 'scheduled', delayMs: 3 * HOUR_MS, error: { again: true } },
  { to: 'scheduled', delayMs: 0, refund: true, data: { changed: true } },
  { to: 'parked', error: 'nobody' },
]

/**
 * Does the same random things to both queues, which must be empty, and looks for a difference after each.
 *
 * @throws Error that names seed and step when there is one
 */
export async function compareJobStores(seed: number, twins: StoreTwins): Promise<void> {
  const random = createSeededRandom(seed * 7919)
  const { toleranceMs = 0 } = twins
  const sides = [createSide(twins.real), createSide(twins.model)] as const
  const [, model] = sides
  let serial = 0
  for (const { queue } of sides) await queue.command({ type: 'record', keep: 300 })

  const chance = (share: number): boolean => random.fraction() < share
  const some = <Value>(values: readonly Value[]): Value[] => values.filter(() => chance(0.4))
  function pick<Value>(values: readonly Value[]): Value {
    const value = values[Math.floor(random.fraction() * values.length)]
    if (value === undefined) throw new Error('Cannot pick from nothing')
    return value
  }

  function makeJobs(): NewJob[] {
    const earlier: string[] = []
    return Array.from({ length: pick([1, 2, 3, 6]) }, () => {
      const id = chance(0.6) ? pick(IDS) : undefined
      const parent = earlier.length > 0 && chance(0.5) ? pick(earlier) : undefined
      if (id !== undefined) earlier.push(id)
      return {
        // A name of its own for each: so the two sides' made ids can be told to be of the same job.
        name: `n${++serial}`,
        data: { of: serial },
        priority: pick([0, 0, 7]),
        lifo: chance(0.3),
        delayMs: pick([0, 0, 0, 2 * HOUR_MS]),
        maxAttempts: pick([1, 2, 5]),
        ...(serial % 2 === 0 && { maxCrashes: (serial / 2) % 3 }),
        keepCompletedMs: pick([0, 4 * HOUR_MS]),
        keepDeadMs: pick([0, 4 * HOUR_MS, 9 * HOUR_MS]),
        ...(chance(0.3) && { keepCompletedCount: pick([1, 2, 4]) }),
        ...(chance(0.3) && { keepDeadCount: pick([1, 2, 4]) }),
        replace: chance(0.3),
        ...(id !== undefined && { id }),
        ...(parent !== undefined && { parent, onFailure: pick(['fail', 'ignore'] as const) }),
        ...(chance(0.4) && { group: { key: pick(['g', 'h']), limit: pick([1, 1, 2, 3]) } }),
        ...(chance(0.4) && {
          deduplication: {
            id: pick(['d', 'e']),
            ...pick([
              {},
              { ttlMs: 6 * HOUR_MS },
              { ttlMs: 6 * HOUR_MS, extend: true },
              { keepLast: true },
              { keepLast: true },
            ]),
          },
        }),
      }
    })
  }

  function makeCommand(step: number): (side: Side) => JobCommand {
    const chosen = [...some(IDS), ...some([...model.ids.keys()].slice(-6))]
    const type = pick([
      'promote',
      'retry',
      'cancel',
      'remove',
      'pause',
      'resume',
      'resume',
      'purge',
      'record',
      'group',
      'group',
    ])
    const state = pick(JOB_STATES.filter((one) => one !== 'active'))
    const limit = pick([1, 3])
    const control = pick<{ key: string; paused?: boolean; limit?: number | null }>([
      { key: pick(['g', 'h']), paused: chance(0.5) },
      { key: pick(['g', 'h']), limit: pick([1, 2, 4, null]) },
      { key: pick(['g', 'h']), paused: false, limit: pick([1, null, null]) },
    ])
    const keep = pick([0, 5, 300, 300])
    return (side) => {
      if (type === 'pause' || type === 'resume') return { type }
      if (type === 'group') return { type, ...control }
      if (type === 'record') return { type, keep }
      if (type === 'purge') return { type, state, limit }
      const ids = chosen.map((name) => side.ids.get(name) ?? name)
      if (type === 'promote')
        return step % 2 === 0
          ? { type, ids, anew: limit === 1 }
          : {
              type: 'change',
              ids,
              ...(step % 3 > 0 && { data: { changed: step } }),
              ...(step % 5 > 1 && { delayMs: [0, 2 * HOUR_MS][Math.floor(step / 2) % 2] ?? 0 }),
              priority: [0, 3, 7][step % 3] ?? 0,
            }
      return { type: type as 'cancel', ids }
    }
  }

  function makeOutcome(dies: boolean): JobOutcome {
    if (dies) return { to: 'dead', error: 'all' }
    if (chance(0.8)) return pick(OUTCOMES)
    const data = chance(0.3) ? { data: { waited: serial } } : {}
    return { to: 'blocked', children: makeJobs(), ...data }
  }

  function makeStep(step: number): (side: Side) => Promise<unknown> {
    const act = pick(['add', 'add', 'exchange', 'exchange', 'exchange', 'command', 'mend'])
    if (act === 'add') {
      const jobs = makeJobs()
      return (side) => side.add(jobs)
    }
    if (act === 'mend') {
      const ids = chance(0.5) ? IDS : IDS.toReversed()
      return (side) => side.queue.command({ type: 'retry', ids })
    }
    if (act === 'command') {
      const command = makeCommand(step)
      return (side) => side.queue.command(command(side))
    }
    // Mostly jobs that were claimed, though perhaps no longer are.
    const latest = [...model.tokens.keys()].slice(-8)
    // Sometimes whole flows die, for commands to mend them.
    const dies = chance(0.25)
    const settling = (dies ? latest : some(latest)).map((key) => ({
      key,
      outcome: makeOutcome(dies),
    }))
    const extending = some([...model.tokens.keys()].slice(-4))
    const limit = pick([0, 1, 3, 8])
    const leaseMs = pick([HOUR_MS, 2 * HOUR_MS])
    return async (side) => {
      const hold = (key: string) => ({
        id: side.ids.get(key) ?? key,
        token: side.tokens.get(key) ?? 0,
      })
      const asked = {
        settle: settling.map(({ key, outcome }) => ({ ...hold(key), outcome })),
        extend: extending.map((key) => ({ ...hold(key), leaseMs, progress: { step } })),
        ...(limit > 0 && { claim: { limit, leaseMs } }),
      }
      const answer = await orNull(side.queue.exchange(asked))
      if (answer === null) return null
      return { ...answer, claimed: answer.claimed.map(side.claimed) }
    }
  }

  for (let step = 0; step < STEPS; step++) {
    // Instants of different steps are at least a minute apart, whatever whole hours are added to them.
    await twins.advance(60_000 + pick([0, 0, HOUR_MS, 5 * HOUR_MS]))
    const take = makeStep(step)
    for (const look of [take, (side: Side) => side.look()]) {
      const [real, expected] = [await look(sides[0]), await look(sides[1])]
      if (!isAlike(real, expected, toleranceMs))
        throw new Error(
          `The jobStores differ at seed ${seed}, step ${step}:\n${JSON.stringify(real)}\n${JSON.stringify(expected)}`,
        )
    }
  }
}

interface Side {
  readonly queue: QueueStore
  /** The ids that the job store made, by the name that the job was added with. */
  readonly ids: ReadonlyMap<string, string>
  /** The latest claim of each job, by its own id or its key in `ids`. */
  readonly tokens: ReadonlyMap<string, number>
  add(jobs: readonly NewJob[]): Promise<unknown>
  /** Notes a claim, and answers what must be the same on both sides. */
  claimed(job: ClaimedJob): unknown
  /** All that can be seen of the queue. */
  look(): Promise<unknown>
}

function createSide(queue: QueueStore): Side {
  const ids = new Map<string, string>()
  const keys = new Map<string, string>()
  const tokens = new Map<string, number>()

  function keyOf(id: string, name: string): string {
    const known = IDS.includes(id) ? id : keys.get(id)
    if (known !== undefined) return known
    keys.set(id, name)
    ids.set(name, id)
    return name
  }

  function seen<Job extends ClaimedJob | JobRecord>({ id, token: _token, ...job }: Job): unknown {
    return { ...job, key: keyOf(id, job.name) }
  }

  const childSeen = ({ id, ...child }: FinishedChild): unknown => ({
    ...child,
    key: keyOf(id, child.name),
  })

  return {
    queue,
    ids,
    tokens,
    async add(jobs) {
      const answer = await orNull(queue.add(jobs))
      if (answer === null) return null
      const added = answer.jobs.map(({ id, ...rest }, index) => ({
        ...rest,
        key: keyOf(id, jobs[index]?.name ?? ''),
      }))
      return { ...answer, jobs: added }
    },
    claimed(job) {
      tokens.set(keyOf(job.id, job.name), job.token)
      return seen(job)
    },
    async look() {
      const states = []
      for (const state of JOB_STATES)
        states.push((await queue.list({ state })).jobs.map((job) => seen(job)))
      const children = []
      for (const id of IDS) children.push((await queue.children(id)).map(childSeen))
      // Numbers differ, and times are of each store's own clock.
      const groups = [await queue.group('g'), await queue.group('h')]
      const { events, recording } = await queue.events({ limit: 1000 })
      const told = events.map(({ id, name, type, attempt }) => ({
        ...{ key: keyOf(id, name), name, type, attempt },
      }))
      return { states, children, counts: await queue.counts(), recording, told, groups }
    },
  }
}

/** @returns `null` where a flow goes in a circle */
function orNull<Answer>(answer: Promise<Answer>): Promise<Answer | null> {
  return answer.catch((error: unknown) => {
    if (error instanceof RangeError) return null
    throw error
  })
}

/** Equal but for instants, which may lie `toleranceMs` apart. */
function isAlike(real: unknown, model: unknown, toleranceMs: number): boolean {
  if (toleranceMs === 0) return isDeepStrictEqual(real, model)
  if (typeof real === 'number' && typeof model === 'number')
    return (
      real === model ||
      (Math.max(real, model) > 60_000 - toleranceMs && Math.abs(real - model) <= toleranceMs)
    )
  if (typeof real !== 'object' || typeof model !== 'object' || real === null || model === null)
    return real === model
  const [inReal, inModel] = [Object.entries(real), Object.entries(model)]
  return (
    inReal.length === inModel.length &&
    inModel.every(([key, value]) => isAlike(Reflect.get(real, key), value, toleranceMs))
  )
}
