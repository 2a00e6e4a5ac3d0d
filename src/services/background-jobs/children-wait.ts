import { checkOptions } from '../../primitives/check-options.ts'
import { encodeChildren, encodeJson } from '../../runtime/ports/job-store/job-limits.ts'
import type { JobOutcome } from '../../runtime/ports/job-store/job-outcome.ts'
import type { NewJob } from '../../runtime/ports/job-store/job-store.ts'
import type { JobContext } from './define-job.ts'

/** How a handler ends its attempt by waiting for children. */
export interface ChildrenWait {
  readonly waitForChildren: JobContext['waitForChildren']
  /** What the attempt comes to by that; `null` while the handler has not asked for it. */
  readonly outcome: JobOutcome | null
  /** Lets pass what a handler ends with, but for what ended it here. */
  ends<Result>(run: () => Promise<Result>): Promise<Result | null>
}

/** @param options Makes of children what the job store takes */
export function createChildrenWait({
  layOutChildren,
}: {
  readonly layOutChildren: (
    children: Parameters<JobContext['waitForChildren']>[0],
  ) => Promise<readonly NewJob[]>
}): ChildrenWait {
  // Of this attempt: of a batch only the job that waits does. Made when it does, since an error
  // looks at the stack, which costs as much as the rest of a short attempt.
  let waiting: Error | null = null
  let outcome: JobOutcome | null = null
  return {
    get outcome() {
      return outcome
    },
    async waitForChildren(given, options = {}) {
      checkOptions('wait for children', options, [], ['data'])
      const children = await layOutChildren(given)
      encodeChildren(children)
      const { data } = options
      if (data !== undefined) encodeJson('data', data)
      outcome = { to: 'blocked', children, ...(data !== undefined && { data }) }
      waiting ??= new Error('The job waits for its children')
      throw waiting
    },
    async ends(run) {
      try {
        return await run()
      } catch (thrown) {
        if (waiting === null || thrown !== waiting) throw thrown
        return null
      }
    },
  }
}
