import { createSeededRandom } from '../../src/testing/index.ts'

/** What one run of the rig does and when, all following from its seed. */
export interface RigPlan {
  /** In order; `atMs` from the start. */
  readonly acts: readonly { readonly atMs: number; readonly act: RigAct }[]
  readonly endsMs: number
  readonly schedules: readonly { readonly id: string; readonly limit: number }[]
  readonly sagas: number
  readonly jobs: number
}

export type RigAct =
  | { readonly type: 'add'; readonly jobs: readonly PlannedJob[] }
  | { readonly type: 'flow'; readonly flow: PlannedFlow }
  | { readonly type: 'saga'; readonly id: string; readonly fails: boolean }
  | { readonly type: 'schedule'; readonly id: string; readonly limit: number }
  | { readonly type: 'cancel' }
  | { readonly type: 'kill'; readonly worker: number }
  | { readonly type: 'stop'; readonly worker: number; readonly forMs: number }
  | { readonly type: 'kill-store'; readonly forMs: number }
  | { readonly type: 'step-clock'; readonly byMs: number }

/** What a job of the rig carries. */
export interface RigData {
  readonly workMs: number
  /** Attempts that fail before one may succeed. */
  readonly failures: number
  /** Of its group. */
  readonly key: string
  /** Jobs that follow it, one after the other. */
  readonly next: number
}

export type RigKind =
  | 'work'
  | 'keyed'
  | 'limited'
  | 'unique'
  | 'chain'
  | 'hopeless'
  | 'later'
  | 'batch'
  | 'parent'
  | 'tick'

export interface PlannedJob {
  readonly id: string | null
  readonly kind: RigKind
  readonly data: RigData
  readonly delayMs: number
  readonly priority: number
  readonly unique?: string
}

export interface PlannedFlow extends PlannedJob {
  readonly id: string
  readonly ignores: boolean
  readonly children: readonly PlannedFlow[]
}

/** What a run is told. */
export interface PlanOptions {
  readonly seed: number
  readonly jobs: number
  readonly kills: number
  readonly minutes: number
  readonly workers: number
  /** Whether the store is a server that can be killed by itself. */
  readonly killsStore: boolean
  /** Whether the wall clock can be set. */
  readonly stepsClock: boolean
}

const BATCH = 25
/** A chain counts as this many. */
const CHAIN = 3
/** Flows are trees of this many. */
const FLOW = 5

export function planRig(options: PlanOptions): RigPlan {
  const random = createSeededRandom(options.seed)
  const upTo = (most: number): number => Math.floor(random.fraction() * most)
  const endsMs = options.minutes * 60_000
  const acts: { readonly atMs: number; readonly act: RigAct }[] = []
  const at = (atMs: number, act: RigAct): void => void acts.push({ atMs: Math.floor(atMs), act })

  let made = 0
  const nextId = (kind: string): string => `${kind}-${made++}`
  const dataOf = (): RigData => ({
    workMs: upTo(15) === 0 ? 2000 + upTo(2500) : upTo(40),
    failures: upTo(6) === 0 ? 1 + upTo(2) : 0,
    key: '',
    next: 0,
  })

  function plannedJob(): PlannedJob {
    const kind = pick(upTo(100))
    const data = dataOf()
    const key = kind === 'keyed' ? { key: `key-${upTo(6)}` } : {}
    const next = kind === 'chain' ? { next: CHAIN - 1 } : {}
    return {
      // An id of one's own makes adding repeatable; others are made by the store.
      id: kind === 'chain' || upTo(3) > 0 ? nextId(kind) : null,
      kind,
      data: { ...data, ...key, ...next, ...(kind === 'limited' && { workMs: upTo(10) }) },
      delayMs: upTo(4) === 0 ? upTo(4000) : 0,
      priority: [1, 10, 100, 1000][upTo(4)] ?? 100,
      ...(kind === 'unique' && { unique: `unique-${upTo(8)}` }),
    }
  }

  function plannedFlow(depth: number): PlannedFlow {
    const leaf = depth === 0
    const hopeless = leaf && upTo(5) === 0
    return {
      id: nextId('flow'),
      kind: leaf ? (hopeless ? 'hopeless' : 'work') : 'parent',
      data: dataOf(),
      delayMs: 0,
      priority: 100,
      ignores: hopeless,
      children: leaf ? [] : [plannedFlow(depth - 1), plannedFlow(0)],
    }
  }

  for (let count = 0; count < options.jobs;) {
    const atMs = (count / options.jobs) * endsMs
    if (upTo(3) === 0) {
      at(atMs, { type: 'flow', flow: plannedFlow(2) })
      count += FLOW
      continue
    }
    const jobs = Array.from({ length: Math.min(BATCH, options.jobs - count) }, plannedJob)
    at(atMs, { type: 'add', jobs })
    count += jobs.reduce((sum, { data }) => sum + 1 + data.next, 0)
    if (upTo(4) === 0) at(atMs + upTo(500), { type: 'cancel' })
  }

  const schedules = [0, 1, 2].map((number) => ({
    id: `tick-${number}`,
    limit: Math.max(3, Math.floor(endsMs / 1000 / (2 + number))),
  }))
  for (const { id, limit } of schedules) at(upTo(1000), { type: 'schedule', id, limit })
  const sagas = Math.max(4, Math.floor(options.jobs / 60))
  for (let saga = 0; saga < sagas; saga++)
    at(upTo(endsMs), { type: 'saga', id: `saga-${saga}`, fails: upTo(3) === 0 })

  // Not before the workers have begun.
  const fault = (): number => 1500 + upTo(Math.max(endsMs - 1500, 1))
  const { kills, workers } = options
  for (let kill = 0; kill < kills; kill++) at(fault(), { type: 'kill', worker: upTo(workers) })
  for (let stop = 0; stop < Math.ceil(kills / 4); stop++)
    at(fault(), { type: 'stop', worker: upTo(workers), forMs: 300 + upTo(4500) })
  if (options.killsStore)
    for (let kill = 0; kill < Math.ceil(kills / 5); kill++)
      at(fault(), { type: 'kill-store', forMs: upTo(4000) })
  if (options.stepsClock) {
    let aheadMs = 0
    for (let step = 0; step < Math.ceil(kills / 4); step++) {
      const byMs = (upTo(2) === 0 ? -1 : 1) * (2000 + upTo(20_000))
      aheadMs += byMs
      at(fault(), { type: 'step-clock', byMs })
    }
    // What waits for a time that was taken away need not wait for long.
    if (aheadMs < 0) at(endsMs, { type: 'step-clock', byMs: -aheadMs })
  }
  acts.sort((a, b) => a.atMs - b.atMs)
  return { acts, endsMs, schedules, sagas, jobs: options.jobs }
}

function pick(percent: number): RigKind {
  if (percent < 45) return 'work'
  if (percent < 65) return 'keyed'
  if (percent < 78) return 'limited'
  if (percent < 86) return 'unique'
  if (percent < 92) return 'chain'
  if (percent < 94) return 'later'
  if (percent < 97) return 'batch'
  return 'hopeless'
}
