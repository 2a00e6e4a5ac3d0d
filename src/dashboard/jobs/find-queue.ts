import type { DashboardQueue, DashboardSaga } from '../dashboard-services.ts'
import type { Call } from '../http/call.ts'
import { MissingPageError } from '../http/missing-page-error.ts'

/** The queue that the path names. @throws MissingPageError */
export function findQueue(call: Call): DashboardQueue {
  const name = call.param('queue')
  const queue = call.services.queues?.find((one) => one.name === name)
  if (queue !== undefined) return queue
  throw new MissingPageError('There is no such queue.')
}

/** The saga that the path names. @throws MissingPageError */
export function findSaga(call: Call): DashboardSaga {
  const name = call.param('saga')
  const saga = call.services.sagas?.find((one) => one.name === name)
  if (saga !== undefined) return saga
  throw new MissingPageError('There is no such saga.')
}
