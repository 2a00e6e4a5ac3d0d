import { scheduleJob, type ScheduledJob } from '@white-cross/reuse/infrastructure/background-jobs'
import * as api from '../../contract/schedules.ts'
import { withoutUndefined } from '../../contract/shapes.ts'
import { route, type Route } from '../../http/route.ts'
import { serve } from '../../http/serve.ts'
import { asJson } from './jobs.ts'
import { findQueue, notFound } from './find-queue.ts'

/** Jobs that are added again and again. */
export function scheduleRoutes(): readonly Route[] {
  return [
    route(api.listSchedules, async (call) => {
      const { schedules } = await findQueue(call)
      return serve(async () => ({
        status: 200,
        body: await schedules.page(withoutUndefined(call.query)),
      }))
    }),
    route(api.putSchedule, async (call) => {
      const queue = await findQueue(call)
      const { data, ...rest } = withoutUndefined(call.body)
      // The schedule checks what goes together.
      const job = { ...rest, data: asJson(data), id: call.param('id') } as unknown as ScheduledJob<
        Record<string, never>
      >
      return serve(async () => ({ status: 200, body: await scheduleJob(queue, job as never) }))
    }),
    route(api.getSchedule, async (call) => {
      const { schedules } = await findQueue(call)
      const schedule = await schedules.get(call.param('id'))
      if (schedule === null) throw notFound('schedule')
      return { status: 200, body: schedule }
    }),
    route(api.removeSchedule, async (call) => {
      const { schedules } = await findQueue(call)
      if (!(await schedules.remove(call.param('id')))) throw notFound('schedule')
      return { status: 204 }
    }),
    route(api.pauseSchedule, async (call) => {
      const { schedules } = await findQueue(call)
      const id = call.param('id')
      if ((await schedules.get(id)) === null) throw notFound('schedule')
      return { status: 200, body: { changed: await schedules.pause(id) } }
    }),
    route(api.resumeSchedule, async (call) => {
      const { schedules } = await findQueue(call)
      const id = call.param('id')
      if ((await schedules.get(id)) === null) throw notFound('schedule')
      return { status: 200, body: { changed: await schedules.resume(id) } }
    }),
  ]
}
