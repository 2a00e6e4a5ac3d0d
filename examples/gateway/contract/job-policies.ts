import * as z from 'zod/mini'
import { operation } from '../http/operation.ts'
import { lazily } from '../http/lazily.ts'
import { named } from './shapes.ts'

/** Whether something was changed: not where it stood otherwise already. */
export const Changed = lazily(() => named('Changed', z.object({ changed: z.boolean() })))

export const jobsRead = { scope: 'jobs:read' } as const
export const jobsWrite = { scope: 'jobs:write' } as const
export const jobsAct = { scope: 'jobs:write', audit: true } as const
export const queuePath = '/v1/jobs/queues/:queue'

/** An act on one job, or one schedule: whether it changed it. */
export function actOn(
  id: string,
  path: string,
  summary: string,
): ReturnType<typeof operation<z.ZodMiniType<Readonly<Record<string, never>>>>> {
  return operation({
    id,
    method: 'POST',
    path,
    summary,
    policy: jobsAct,
    shapes: () => ({ answers: { 200: Changed() } }),
  })
}
