import type { JobOptions, JobQueue } from '@white-cross/reuse/infrastructure/background-jobs'
import type { Json } from '@white-cross/reuse/infrastructure/runtime/ports'
import * as api from '../../contract/jobs.ts'
import { withoutUndefined } from '../../contract/shapes.ts'
import { route, type Answer, type Call, type Route } from '../../http/route.ts'
import { serve } from '../../http/serve.ts'
import { findQueue, notFound } from './find-queue.ts'

/** Jobs of a queue. */
export function jobRoutes(): readonly Route[] {
  return [
    route(api.addJob, async (call) => {
      const queue = await findQueue(call)
      const { name, data, options } = call.body
      return serve(async () => {
        const { id, added } = await queue.add(name, asJson(data), asOptions(options))
        return { status: 202, body: { id, added } }
      })
    }),
    route(api.addJobs, async (call) => {
      const queue = await findQueue(call)
      const jobs = call.body.jobs.map(({ name, data, options }) => ({
        ...{ name, data: asJson(data), options: asOptions(options) },
      }))
      return serve(async () => {
        const added = await queue.addBulk(jobs)
        return {
          status: 202,
          body: { jobs: added.map(({ id, added: isNew }) => ({ id, added: isNew })) },
        }
      })
    }),
    route(api.listJobs, async (call) => {
      const queue = await findQueue(call)
      return serve(async () => ({
        status: 200,
        body: await queue.list(withoutUndefined(call.query)),
      }))
    }),
    route(api.countJobs, async (call) => {
      const queue = await findQueue(call)
      return serve(async () => ({
        status: 200,
        body: await queue.count(withoutUndefined(call.query)),
      }))
    }),
    route(api.bulkJobs, async (call) => {
      const queue = await findQueue(call)
      const { action, limit, cursor, ...query } = withoutUndefined(call.body)
      const options = withoutUndefined({ limit, cursor })
      return serve(async () => ({ status: 200, body: await queue.bulk(action, query, options) }))
    }),
    route(api.getJob, async (call) => {
      const queue = await findQueue(call)
      const id = call.param('id')
      return serve(async () => {
        const job = await queue.get(id)
        if (job === null) throw notFound('job')
        return { status: 200, body: { ...job, logs: await queue.logs(id) } }
      })
    }),
    route(api.changeJob, async (call) => {
      const queue = await findQueue(call)
      // The queue checks what each may be.
      const changes = withoutUndefined(call.body) as Parameters<JobQueue['change']>[1]
      return serve(async () => {
        const changed = await queue.change(call.param('id'), changes)
        return { status: 200, body: { changed } }
      })
    }),
    route(api.removeJob, async (call) => {
      const queue = await findQueue(call)
      return serve(async () => {
        if (!(await queue.remove(call.param('id')))) throw notFound('job')
        return { status: 204 }
      })
    }),
    route(api.retryJob, (call) => change(call, (queue, id) => queue.retry(id))),
    route(api.cancelJob, (call) => change(call, (queue, id) => queue.cancel(id))),
    route(api.promoteJob, (call) => change(call, (queue, id) => queue.promote(id))),
  ]
}

async function change(
  call: Call,
  act: (queue: JobQueue, id: string) => Promise<boolean>,
): Promise<Answer> {
  const queue = await findQueue(call)
  const id = call.param('id')
  return serve(async () => {
    if ((await queue.get(id)) === null) throw notFound('job')
    return { status: 200, body: { changed: await act(queue, id) } }
  })
}

/** What came as JSON is JSON. */
export function asJson(data: unknown): Json {
  return (data ?? null) as Json
}

/** The queue checks every option, and refuses what it does not know. */
function asOptions(options: object | undefined): JobOptions {
  return options ?? {}
}
