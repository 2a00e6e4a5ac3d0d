/** The rig's store where it is Durable Objects, whose alarms run its jobs beside its other workers. */
import { env as bindings } from 'cloudflare:workers'
import {
  durableObjects,
  InfrastructureObject,
  jobRunner,
  type DispatchLimits,
} from '../../src/runtime/backends/durable-objects/index.ts'
import { systemClock, type Clock } from '../../src/runtime/ports/platform/clock.ts'
import { answerOfError, type RigAnswer, type RigCall } from './rig-calls.ts'
import type { RigFact } from './rig-journal.ts'
import { LEASE_MS, openRig } from './rig-queue.ts'

type RigObject = Readonly<Record<string, (...args: readonly unknown[]) => Promise<unknown>>>

interface Env {
  readonly RigInfrastructureObject: { getByName(name: string): RigObject }
  /** Writes what is posted to it into the journal. */
  readonly JOURNAL_URL: string
  /** By how many ms the wall clock was set forward before this workerd started. */
  readonly AHEAD_MS: string
}

// What the rig's configuration binds.
const env = bindings as Env
/** Objects, runner and Worker live in one isolate. */
let aheadMs = Number(env.AHEAD_MS)
const clock: Clock = { ...systemClock, now: () => systemClock.now() + aheadMs }

export class RigInfrastructureObject extends InfrastructureObject {
  protected override readonly clock = clock
  protected override readonly dispatchLimits: DispatchLimits = {
    jobsPerCall: 4,
    jobsPerQuickCall: 4,
    calls: 4,
    lease: LEASE_MS,
    timeLimit: 5000,
  }
}

async function note(fact: RigFact): Promise<void> {
  const response = await fetch(env.JOURNAL_URL, { method: 'POST', body: JSON.stringify(fact) })
  await response.body?.cancel()
}

const rig = openRig(durableObjects(env.RigInfrastructureObject), note, clock)

export const JobRunner = jobRunner(rig.queue, rig.sagas)

export default {
  /** `POST` calls an object, `PUT` sets the wall clock. */
  async fetch(request: Request): Promise<Response> {
    if (request.method === 'PUT') {
      aheadMs = Number(await request.text())
      return new Response()
    }
    // The processes of the rig send nothing else.
    const { object, method, args } = (await request.json()) as RigCall
    let answer: RigAnswer
    try {
      const stub = env.RigInfrastructureObject.getByName(object)
      answer = { answer: await stub[method]?.(...args) }
    } catch (error) {
      answer = answerOfError(error)
    }
    return Response.json(answer)
  },
}
