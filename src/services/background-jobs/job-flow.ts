import type { Backend } from '../../runtime/ports/backend.ts'
import type { NewJob } from '../../runtime/ports/job-store/job-store.ts'
import type { JobDefinitions, JobToAdd } from './job-to-add.ts'

/**
 * A job that runs once its children have finished; a tree of them is added in one durable write.
 */
export interface JobFlow<Jobs extends JobDefinitions> extends JobToAdd<Jobs> {
  /**
   * Of the same queue, or of another one of the same backend, as its `child()` makes them. At most
   * 1,000 jobs in the whole tree, and in each part of it that another queue keeps.
   */
  readonly children?: readonly (JobFlow<Jobs> | QueuedChild)[]
  /**
   * What this job's failure does to the job above it: it fails too, or goes on without. Default
   * `fail`.
   */
  readonly onFailure?: 'fail' | 'ignore'
}

/** How one queue lays out the jobs that it is given. */
export interface FlowLayout<Jobs extends JobDefinitions> {
  readonly queue: string
  /** Keeps the jobs of the queue, and of others that may be part of the flow. */
  readonly backend: Pick<Backend, 'jobStore'>
  /** Checks one job and fills in its defaults. */
  newJob(job: JobToAdd<Jobs>): Promise<NewJob>
  /** Names jobs that children refer to and that have no `jobId`. */
  newId(): string
}

/** A part of a flow that another queue is to keep. */
export interface FlowPart {
  readonly queue: string
  /** The name of the child. */
  readonly name: string
  /** The id of what reports how it ended. */
  readonly report: string
  /** The child, below the report, and what is below the child. */
  readonly jobs: readonly NewJob[]
}

/**
 * A child that another queue is to keep, with its own children: what `queue.child()` answers.
 *
 * @example
 * const label: QueuedChild = images.child({ name: 'label', data: { order: 7 } })
 * await orders.addFlow({ name: 'ship', data: { order: 7 }, children: [label] })
 */
export class QueuedChild {
  /** The queue that is to keep it. */
  readonly queue: string
  readonly name: string
  readonly onFailure: 'fail' | 'ignore'
  readonly #backend: object
  readonly #layOut: (parent: string) => Promise<readonly NewJob[]>

  /** Made by `queue.child()`. */
  constructor(
    { queue, backend }: Pick<FlowLayout<JobDefinitions>, 'queue' | 'backend'>,
    { name, onFailure = 'fail' }: Pick<JobFlow<JobDefinitions>, 'name' | 'onFailure'>,
    layOut: (parent: string) => Promise<readonly NewJob[]>,
  ) {
    this.queue = queue
    this.name = name
    this.onFailure = onFailure
    this.#backend = backend
    this.#layOut = layOut
  }

  /**
   * @returns What the queue that keeps the parent is to add
   * @throws TypeError when the two queues are of different backends
   */
  async jobsUnder<Jobs extends JobDefinitions>(
    parent: string | undefined,
    { queue, backend, newId }: FlowLayout<Jobs>,
  ): Promise<readonly NewJob[]> {
    const { name, onFailure } = this
    if (this.#backend !== backend)
      throw new TypeError(
        `Cannot add child ${JSON.stringify(name)}: queue ${this.queue} is of another backend than queue ${queue}, the same one expected`,
      )
    const { standInOf } = await import('./working-parts.ts')
    const report = newId()
    const jobs = await this.#layOut(report)
    const standIn = standInOf({ queue: this.queue, name, report, jobs })
    return [{ ...standIn, onFailure, ...(parent !== undefined && { parent }) }]
  }
}
