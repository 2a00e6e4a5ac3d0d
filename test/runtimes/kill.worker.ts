import { env } from 'cloudflare:workers'
import {
  durableObjects,
  InfrastructureObject,
  jobRunner,
  type DispatchLimits,
  type DurableObjectNamespaceLike,
} from '../../src/runtime/backends/durable-objects/index.ts'
import type { NewJob } from '../../src/runtime/ports/job-store/job-store.ts'

export class KilledInfrastructureObject extends InfrastructureObject {
  protected override readonly dispatchLimits: DispatchLimits = {
    jobsPerCall: 2,
    jobsPerQuickCall: 2,
    calls: 2,
    lease: 2000,
    timeLimit: 30_000,
  }
}

/** What tools/run-workerd.ts binds. */
interface Env {
  readonly KilledInfrastructureObject: DurableObjectNamespaceLike
  /** Hears of each job that runs, and answers when it may end. */
  readonly WITNESS_URL: string
}

export const JobRunner = jobRunner({
  queue: 'work',
  async process({ name, attempt }) {
    const response = await fetch(`${(env as Env).WITNESS_URL}/${name}?attempt=${attempt}`)
    return { to: 'completed', result: response.status }
  },
})

export default {
  /** `POST` adds the jobs of the body, any other method answers with the counts. */
  async fetch(request: Request, { KilledInfrastructureObject }: Env): Promise<Response> {
    const queue = durableObjects(KilledInfrastructureObject).jobStore.queue('work')
    if (request.method !== 'POST') return Response.json(await queue.counts())
    // The scenario sends them.
    return Response.json(await queue.add((await request.json()) as NewJob[]))
  },
}
