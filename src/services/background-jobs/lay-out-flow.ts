import { checkOptions } from '../../primitives/check-options.ts'
import type { NewJob } from '../../runtime/ports/job-store/job-store.ts'
import { QueuedChild, type FlowLayout, type JobFlow } from './job-flow.ts'
import type { JobDefinitions } from './job-to-add.ts'

const ADD = 'add flow'

/**
 * Lays a tree out as a list, each parent before its children.
 *
 * @throws TypeError when a child is of a queue of another backend
 */
export async function layOutFlow<Jobs extends JobDefinitions>(
  flow: JobFlow<Jobs>,
  layout: FlowLayout<Jobs>,
  parent?: string,
): Promise<readonly NewJob[]> {
  checkOptions(ADD, flow, ['name'], ['data', 'options', 'children', 'onFailure'])
  const { name, data, options, children = [], onFailure = 'fail' } = flow
  if (onFailure !== 'fail' && onFailure !== 'ignore')
    throw new RangeError(`Cannot ${ADD}: onFailure is no known word, fail or ignore expected`)
  const checked = await layout.newJob({ name, data, ...(options !== undefined && { options }) })
  const id = checked.id ?? (children.length > 0 ? layout.newId() : undefined)
  const own: NewJob = {
    ...checked,
    ...(id !== undefined && { id }),
    ...(parent !== undefined && { parent }),
    onFailure,
  }
  return [own, ...(await layOutChildren(children, layout, id))]
}

/** Lays out the children of a job; those of one that is there already name no parent. */
export async function layOutChildren<Jobs extends JobDefinitions>(
  children: readonly (JobFlow<Jobs> | QueuedChild)[],
  layout: FlowLayout<Jobs>,
  parent?: string,
): Promise<readonly NewJob[]> {
  const given: unknown = children
  if (!Array.isArray(given)) throw new TypeError(`Cannot ${ADD}: children are no list`)
  const below = await Promise.all(
    children.map((child) =>
      child instanceof QueuedChild
        ? child.jobsUnder(parent, layout)
        : layOutFlow(child, layout, parent),
    ),
  )
  return below.flat()
}
