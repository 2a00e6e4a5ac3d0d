import { isWorkers } from '../../../runtime/ports/platform/log-console.ts'

/** Runs changes of a tenant, some at once; the others wait in line. */
export type TenantLanes = <Result>(tenant: string, change: () => Promise<Result>) => Promise<Result>

/**
 * What is changed at once is changed against one another, each change anew after every other: in
 * lanes that is a few times each, without them as often as there are others. On Workers all go at
 * once, where requests may not wait for one another's.
 *
 * @param most Changes of one tenant at once
 */
export function createTenantLanes(most: number): TenantLanes {
  const tenants = new Map<string, { running: number; readonly waiting: (() => void)[] }>()
  return async (tenant, change) => {
    if (isWorkers()) return change()
    const lanes = tenants.get(tenant) ?? { running: 0, waiting: [] }
    tenants.set(tenant, lanes)
    if (lanes.running < most) lanes.running++
    else await new Promise<void>((resolve) => lanes.waiting.push(resolve))
    try {
      return await change()
    } finally {
      const next = lanes.waiting.shift()
      // Who waits takes the lane over.
      if (next !== undefined) next()
      else if (--lanes.running === 0) tenants.delete(tenant)
    }
  }
}
