import type { JobQueue } from '@white-cross/reuse/infrastructure/background-jobs'
import * as api from '../../contract/jobs.ts'
import { route, type Route } from '../../http/route.ts'
import { serve } from '../../http/serve.ts'
import { findQueue } from './find-queue.ts'

/** Queues of jobs. */
export function queueRoutes(): readonly Route[] {
  return [
    route(api.listQueues, async (call) => {
      const { queues } = await call.services()
      return { status: 200, body: { queues: await Promise.all(queues.map(shown)) } }
    }),
    route(api.getQueue, async (call) => ({
      status: 200,
      body: await shown(await findQueue(call)),
    })),
    route(api.pauseQueue, async (call) => {
      const queue = await findQueue(call)
      await queue.pause()
      return { status: 200, body: await shown(queue) }
    }),
    route(api.resumeQueue, async (call) => {
      const queue = await findQueue(call)
      await queue.resume()
      return { status: 200, body: await shown(queue) }
    }),
    route(api.redriveQueue, async (call) => {
      const queue = await findQueue(call)
      const { state = 'dead', limit = 1000 } = call.body
      return serve(async () => ({
        status: 200,
        // Who asks waits for it: so many, and at once.
        body: { redriven: await queue.redrive({ state, limit, perSecond: Infinity }) },
      }))
    }),
  ]
}

async function shown(queue: JobQueue): Promise<object> {
  const [{ paused, ...counts }, oldestAddedAt] = await Promise.all([
    queue.counts(),
    queue.oldestAddedAt(),
  ])
  return { name: queue.name, paused, counts, oldestAddedAt, kinds: queue.kinds }
}
