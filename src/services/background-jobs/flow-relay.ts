import { BackendError } from '../../runtime/ports/backend-error.ts'
import { isInstance, readThrown } from '../../primitives/read-thrown.ts'
import { hasEnded } from '../../runtime/ports/job-store/job-state.ts'
import type { JobOutcome } from '../../runtime/ports/job-store/job-outcome.ts'
import type {
  ClaimedJob,
  FinishedChild,
  JobStore,
  NewJob,
} from '../../runtime/ports/job-store/job-store.ts'
import { encodeJobs } from '../../runtime/ports/job-store/job-limits.ts'
import type { Json } from '../../runtime/ports/json.ts'
import { REPORT, STAND_IN } from './flow-child.ts'
import type { FlowPart } from './job-flow.ts'

/**
 * Runs what stands for the children of other queues. Queues share no transaction, so two jobs carry
 * each such child, one in each queue:
 *
 * - The stand-in is a child of the flow. It adds the child to its queue, below a report; the ids
 *   are in its data, so that adding them again does nothing.
 * - The report is the child's parent in its own queue, and so is made ready in the very step in
 *   which the child ends, however it ends. It wakes the stand-in until that has ended.
 *
 * The stand-in then reads from the report how the child ended, and ends alike. Where one of the two
 * wakes is lost, the other looks again.
 */
export interface FlowRelay {
  run(job: ClaimedJob): Promise<JobOutcome>
}

/** What {@link createFlowRelay} needs. */
export interface FlowRelayOptions {
  readonly queue: string
  readonly jobStore: JobStore
  wake(queue: string, inMs: number | null): Promise<void>
}

/** A part of a flow that another queue is to keep. */
interface RemotePart {
  readonly queue: string
  /** The id of the report. */
  readonly report: string
  /** The child, below the report, and what is below the child. */
  readonly jobs: readonly NewJob[]
  /** How often the child has been retried from here. */
  readonly round: number
}

const DAY_MS = 86_400_000
const NAME_CHARACTERS = 256
/** The report wakes the stand-in long before; this is for one that is gone. */
const LOOK_MS = 300_000
const AGAIN_MS = 5000
const FIRST_WAKE_MS = 1000
const LAST_WAKE_MS = 60_000
/** Neither spends attempts but by workers that die. */
const KEPT = {
  priority: 0,
  maxAttempts: 1000,
  keepCompletedMs: 14 * DAY_MS,
  keepDeadMs: 14 * DAY_MS,
}

/** @returns The job that stands for a child of another queue */
export function standInOf(part: FlowPart): NewJob {
  const { queue, name, report, jobs } = part
  // What they break is said now, not once a worker adds them.
  encodeJobs([{ id: report, name: '-', data: null }, ...jobs])
  return {
    ...KEPT,
    name: `${STAND_IN} ${queue} ${name}`.slice(0, NAME_CHARACTERS).toWellFormed(),
    data: { queue, report, jobs: jsonOf(jobs), round: 0 },
  }
}

export function createFlowRelay({ queue: own, jobStore, wake }: FlowRelayOptions): FlowRelay {
  async function runStandIn(job: ClaimedJob): Promise<JobOutcome> {
    // Written by `standInOf`.
    const part = job.data as unknown as RemotePart
    const there = jobStore.queue(part.queue)
    const { jobs, wakeInMs } = await there.add(partOf(part, { queue: own, job: job.id, wakes: 0 }))
    await wake(part.queue, wakeInMs)
    const report = jobs[0]?.id ?? part.report
    const [child] = await there.children(report)
    if (child?.state === 'completed') return { to: 'completed', result: endOf(child) }
    if (child !== undefined) {
      const isSaid = roundOf(job.lastError) === part.round
      if (!isSaid || (await there.command({ type: 'retry', ids: [child.id] })) === 0)
        return { to: 'dead', error: failureOf(child, part) }
    }
    // One that has ended reported to somebody who waited before.
    await there.command({ type: 'retry', ids: [report] })
    await wake(part.queue, 0)
    const again: JobOutcome = { to: 'scheduled', delayMs: LOOK_MS, refund: true }
    if (child === undefined) return again
    const { report: id, jobs: below, round } = part
    return {
      ...again,
      data: { queue: part.queue, report: id, jobs: jsonOf(below), round: round + 1 },
    }
  }

  async function runReport({ data: json }: ClaimedJob): Promise<JobOutcome> {
    // Written by `runStandIn`.
    const data = json as { readonly queue: string; readonly job: string; readonly wakes: number }
    const home = jobStore.queue(data.queue)
    const standIn = await home.get(data.job)
    if (standIn === null || hasEnded(standIn.state)) return { to: 'completed' }
    const woken = await home.command({ type: 'promote', ids: [data.job] })
    if (woken > 0) await wake(data.queue, 0)
    const delayMs = Math.min(FIRST_WAKE_MS * 2 ** data.wakes, LAST_WAKE_MS)
    const wakes = Math.min(data.wakes + 1, 10)
    return { to: 'scheduled', delayMs, refund: true, data: { ...data, wakes } }
  }

  return {
    async run(job) {
      try {
        return await (job.name === REPORT ? runReport(job) : runStandIn(job))
      } catch (fault) {
        if (isInstance(fault, BackendError))
          return { to: 'scheduled', delayMs: AGAIN_MS, refund: true }
        const { message } = readThrown(fault)
        return { to: 'dead', error: { code: 'child_refused', message } }
      }
    },
  }
}

function partOf({ report, jobs: [child, ...below] }: RemotePart, data: Json): readonly NewJob[] {
  const top: NewJob = { ...KEPT, id: report, name: REPORT, data }
  // The report is about failures too.
  return child === undefined
    ? [top]
    : [top, { ...child, parent: report, onFailure: 'ignore' }, ...below]
}

function failureOf(child: FinishedChild, { queue, round }: RemotePart): Json {
  const message = `The child ${JSON.stringify(child.name)} in queue ${queue} is ${child.state}`
  return { code: 'child_failed', message, child: endOf(child), round }
}

function endOf({ id, name, state, result, error }: FinishedChild): Json {
  return { id, name, state, result, error }
}

function roundOf(error: Json): Json {
  return isObject(error) ? (error['round'] ?? null) : null
}

function isObject(json: Json): json is { readonly [key: string]: Json } {
  return typeof json === 'object' && json !== null && !Array.isArray(json)
}

/** Without the members that are undefined. */
function jsonOf(jobs: readonly NewJob[]): Json {
  const text = JSON.stringify(jobs)
  return JSON.parse(text) as Json
}
