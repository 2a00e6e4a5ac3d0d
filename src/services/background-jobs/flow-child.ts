import type { FinishedChild } from '../../runtime/ports/job-store/job-store.ts'
import type { Json } from '../../runtime/ports/json.ts'

/** What a child of a flow came to. */
export type FlowChild = FinishedChild

/** How jobs are called that stand for children of other queues. */
export const STAND_IN = '@reuse/child'
/** What a job is called that reports how such a child has ended. */
export const REPORT = '@reuse/report'

/** Whether a job of that name is one of the two that carry a child of another queue. */
export function isRelayed(name: string): boolean {
  return name === REPORT || name.startsWith(`${STAND_IN} `)
}

/** @returns What a child came to, where a stand-in says it of another queue's */
export function flowChildOf(child: FinishedChild): FlowChild {
  if (!child.name.startsWith(`${STAND_IN} `)) return child
  const [, queue = '', ...name] = child.name.split(' ')
  const said = child.state === 'completed' ? child.result : childOf(child.error)
  if (!isObject(said)) return { ...child, queue, name: name.join(' ') }
  // Written by `flow-relay.ts`.
  return { ...(said as unknown as FinishedChild), queue }
}

function childOf(error: Json): Json {
  return isObject(error) ? (error['child'] ?? null) : null
}

function isObject(json: Json): json is { readonly [key: string]: Json } {
  return typeof json === 'object' && json !== null && !Array.isArray(json)
}
