import { checkOptions } from '../../primitives/check-options.ts'
import { encodeChildren, encodeJson } from '../../runtime/ports/job-store/job-limits.ts'
import type { JobOutcome } from '../../runtime/ports/job-store/job-outcome.ts'
import type { NewJob } from '../../runtime/ports/job-store/job-store.ts'
import type { JobContext } from './define-job.ts'

/** Makes of children what the job store takes. */
export type LayOutChildren = (
  children: Parameters<JobContext['waitForChildren']>[0],
) => Promise<readonly NewJob[]>

/**
 * How a handler ends its attempt by waiting for children. One of this attempt: of a batch only the
 * job that waits does.
 */
export class ChildrenWait {
  readonly #layOutChildren: LayOutChildren
  #outcome: JobOutcome | null = null
  /**
   * Made when it is thrown, since an error looks at the stack, which costs as much as the rest of a
   * short attempt.
   */
  #waiting: Error | null = null

  constructor(layOutChildren: LayOutChildren) {
    this.#layOutChildren = layOutChildren
  }

  /** What the attempt comes to by that; `null` while the handler has not asked for it. */
  get outcome(): JobOutcome | null {
    return this.#outcome
  }

  readonly waitForChildren: JobContext['waitForChildren'] = async (given, options = {}) => {
    checkOptions('wait for children', options, [], ['data'])
    const children = await this.#layOutChildren(given)
    encodeChildren(children)
    const { data } = options
    if (data !== undefined) encodeJson('data', data)
    this.#outcome = { to: 'blocked', children, ...(data !== undefined && { data }) }
    this.#waiting ??= new Error('The job waits for its children')
    throw this.#waiting
  }

  /** Whether that is what ended the handler here. */
  isThrown(thrown: unknown): boolean {
    return this.#waiting !== null && thrown === this.#waiting
  }
}
