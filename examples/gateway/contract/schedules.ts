import * as z from 'zod/mini'
import { operation } from '../http/operation.ts'
import { actOn, jobsAct, jobsRead, queuePath } from './job-policies.ts'
import { lazily } from '../http/lazily.ts'
import {
  AnyJson,
  Duration,
  Instant,
  judgedByService,
  Limit,
  named,
  NextCursor,
  text,
} from './shapes.ts'

const Schedule = lazily(() =>
  named(
    'Schedule',
    z.object({
      id: z.string(),
      schedule: z.looseObject({ kind: z.enum(['cron', 'every']) }),
      misfire: AnyJson(),
      overlap: AnyJson(),
      job: z.object({ name: z.string(), data: AnyJson() }),
      paused: z.boolean(),
      ended: z.boolean(),
      nextRunAt: z.nullable(Instant()),
      runs: z.number(),
    }),
  ),
)

export const listSchedules = operation({
  id: 'jobs.schedules.list',
  method: 'GET',
  path: `${queuePath}/schedules`,
  summary: 'List schedules',
  policy: jobsRead,
  shapes: () => ({
    query: z.strictObject({ limit: z.optional(Limit()), cursor: z.optional(text(2000)) }),
    answers: { 200: z.object({ schedules: z.array(Schedule()), cursor: NextCursor() }) },
  }),
})
export const putSchedule = operation({
  id: 'jobs.schedules.put',
  method: 'PUT',
  path: `${queuePath}/schedules/:id`,
  summary: 'Add a job again and again, by cron or every so often; the same again changes nothing',
  policy: jobsAct,
  shapes: () => ({
    body: named(
      'NewSchedule',
      z.strictObject({
        name: text(200),
        data: z.optional(AnyJson()),
        cron: z.optional(text(256)),
        every: z.optional(Duration()),
        options: z.optional(
          judgedByService(
            z.object({
              timezone: z.optional(z.string()),
              start: z.optional(Instant()),
              end: z.optional(Instant()),
              limit: z.optional(z.number()),
              misfire: z.optional(AnyJson()),
              overlap: z.optional(AnyJson()),
            }),
          ),
        ),
      }),
    ),
    answers: { 200: Schedule() },
  }),
})
export const getSchedule = operation({
  id: 'jobs.schedules.get',
  method: 'GET',
  path: `${queuePath}/schedules/:id`,
  summary: 'Read a schedule',
  policy: jobsRead,
  shapes: () => ({ answers: { 200: Schedule() } }),
})
export const removeSchedule = operation({
  id: 'jobs.schedules.remove',
  method: 'DELETE',
  path: `${queuePath}/schedules/:id`,
  summary: 'Remove a schedule',
  policy: jobsAct,
  shapes: () => ({ answers: { 204: null } }),
})
export const pauseSchedule = actOn(
  'jobs.schedules.pause',
  `${queuePath}/schedules/:id/pause`,
  'Pause a schedule',
)
export const resumeSchedule = actOn(
  'jobs.schedules.resume',
  `${queuePath}/schedules/:id/resume`,
  'Let a schedule run again',
)
