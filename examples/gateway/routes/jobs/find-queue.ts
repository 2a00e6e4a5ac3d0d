import type { JobQueue } from '@white-cross/reuse/infrastructure/background-jobs'
import { ProblemError } from '../../http/problem.ts'
import type { Call } from '../../http/route.ts'
import type { GatewaySaga } from '../../tenants/tenant-services.ts'

/** The queue in the path: of the names that the program has, so that no other is ever opened. */
export async function findQueue(call: Call): Promise<JobQueue> {
  const name = call.param('queue')
  const queue = (await call.services()).queues.find((one) => one.name === name)
  if (queue !== undefined) return queue
  throw new ProblemError(404, 'queue_not_found', 'There is no such queue')
}

/** The same for the saga in the path. */
export async function findSaga(call: Call): Promise<GatewaySaga> {
  const name = call.param('saga')
  const saga = (await call.services()).sagas.find(({ orchestrator }) => orchestrator.name === name)
  if (saga !== undefined) return saga
  throw new ProblemError(404, 'saga_not_found', 'There is no such saga')
}

/** What a 404 says of a job, a schedule or a saga. */
export function notFound(what: 'job' | 'schedule' | 'saga'): ProblemError {
  return new ProblemError(404, `${what}_not_found`, `There is no such ${what}`)
}
