import { env } from 'cloudflare:workers'
import { defineJob, JobQueue } from '@white-cross/reuse/infrastructure/background-jobs'
import {
  durableObjects,
  InfrastructureObject,
  jobRunner,
  type DispatchLimits,
  type DurableObjectNamespaceLike,
} from '@white-cross/reuse/infrastructure/runtime/durable-objects'
import type { Json } from '@white-cross/reuse/infrastructure/runtime/ports'
import { answer, work } from './tally.ts'

export { InfrastructureObject }

/** Hands over more jobs at a time than by default. */
export class WideInfrastructureObject extends InfrastructureObject {
  protected override readonly dispatchLimits: DispatchLimits = {
    jobsPerCall: 100,
    jobsPerQuickCall: 100,
    calls: 4,
    lease: 10_000,
    timeLimit: 30_000,
  }
}

/** The configuration binds every exported object under its name. */
type Bindings = Readonly<
  Record<'InfrastructureObject' | 'WideInfrastructureObject', DurableObjectNamespaceLike>
>

const BULK = 500
const PING_LIMIT_MS = 30_000

/** Told when the job `ping` has started. */
let onPing = (): void => {}

const jobs = {
  send: defineJob({ run: work }),
  ping: defineJob({ run: () => onPing() }),
}
const bindings = env as Bindings
const queue = new JobQueue({
  name: 'burn',
  backend: durableObjects(bindings.InfrastructureObject),
  jobs,
  options: { removeOnComplete: true },
})
const wideQueue = new JobQueue({
  name: 'burn-wide',
  backend: durableObjects(bindings.WideInfrastructureObject),
  jobs,
  options: { removeOnComplete: true },
})

export const JobRunner = jobRunner(queue, wideQueue)

export default {
  async fetch(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url)
    if (pathname === '/ping') return ping()
    return burn(request, pathname === '/wide' ? wideQueue : queue)
  },
}

function burn(request: Request, burning: typeof queue): Promise<Response> {
  return answer(
    request,
    async ({ count, payload }) => {
      // What came as JSON is JSON.
      const data = payload as Json
      const all = Array.from({ length: count }, () => ({ name: 'send' as const, data }))
      for (let start = 0; start < count; start += BULK)
        await burning.addBulk(all.slice(start, start + BULK))
    },
    async () => {
      const { ready, scheduled, active } = await burning.counts()
      return ready + scheduled + active === 0
    },
  )
}

/** Adds one job, and answers when it has started. */
async function ping(): Promise<Response> {
  const started = new Promise<void>((resolve) => {
    onPing = resolve
  })
  // A request that waits for nothing but another one would be taken for hung: the time limit keeps it alive.
  const late = new Promise<'late'>((resolve) => {
    setTimeout(resolve, PING_LIMIT_MS, 'late')
  })
  await queue.add('ping', 1)
  const outcome = await Promise.race([started, late])
  return new Response(null, { status: outcome === 'late' ? 504 : 204 })
}
