import * as z from 'zod/mini'
import { JOB_STATES } from '@white-cross/reuse/infrastructure/runtime/ports'
import { operation } from '../http/operation.ts'
import {
  AnyJson,
  Duration,
  Instant,
  judgedByService,
  Limit,
  named,
  NextCursor,
  pageQuery,
  text,
} from './shapes.ts'

const JobState = z.enum(JOB_STATES)
const counts = Object.fromEntries(JOB_STATES.map((state) => [state, z.number()]))
const Queue = named(
  'Queue',
  z.object({
    name: z.string(),
    paused: z.boolean(),
    counts: z.object(counts),
    oldestAddedAt: z.nullable(Instant),
    kinds: z.array(z.string()),
  }),
)
const JobOptions = named(
  'JobOptions',
  z.object({
    attempts: z.optional(z.number()),
    maxCrashes: z.optional(z.number()),
    backoff: z.optional(
      z.union([
        Duration,
        z.object({
          type: z.enum(['fixed', 'exponential']),
          delay: z.optional(Duration),
          maxDelay: z.optional(Duration),
          jitter: z.optional(z.number()),
        }),
      ]),
    ),
    delay: z.optional(Duration),
    priority: z.optional(z.union([z.number(), z.enum(['critical', 'high', 'normal', 'low'])])),
    jobId: z.optional(z.string()),
    deduplication: z.optional(z.object({ id: z.string(), ttl: z.optional(Duration) })),
    lifo: z.optional(z.boolean()),
    timeout: z.optional(Duration),
    removeOnComplete: z.optional(z.union([z.boolean(), z.number()])),
    removeOnFail: z.optional(z.union([z.boolean(), z.number()])),
  }),
)
const newJob = {
  name: text(200),
  data: z.optional(AnyJson),
  options: z.optional(judgedByService(JobOptions)),
}
const NewJob = named('NewJob', z.strictObject(newJob))
const AddedJob = named('AddedJob', z.object({ id: z.string(), added: z.boolean() }))
const job = {
  id: z.string(),
  name: z.string(),
  state: JobState,
  data: AnyJson,
  options: AnyJson,
  priority: z.number(),
  attempt: z.number(),
  maxAttempts: z.number(),
  crashes: z.optional(z.number()),
  token: z.number(),
  addedAt: Instant,
  at: z.nullable(Instant),
  progress: AnyJson,
  result: AnyJson,
  lastError: AnyJson,
  cancelRequested: z.boolean(),
}
const Job = named('Job', z.object(job))
const Changed = named('Changed', z.object({ changed: z.boolean() }))
const Schedule = named(
  'Schedule',
  z.object({
    id: z.string(),
    schedule: z.looseObject({ kind: z.enum(['cron', 'every']) }),
    misfire: AnyJson,
    overlap: AnyJson,
    job: z.object({ name: z.string(), data: AnyJson }),
    paused: z.boolean(),
    ended: z.boolean(),
    nextRunAt: z.nullable(Instant),
    runs: z.number(),
  }),
)
const Saga = named(
  'Saga',
  z.object({
    id: z.string(),
    version: z.number(),
    input: AnyJson,
    status: z.enum(['running', 'compensating', 'completed', 'compensated', 'stuck']),
    steps: z.array(z.looseObject({ name: z.string(), state: z.string(), attempts: z.number() })),
    cause: z.nullable(z.looseObject({ step: z.string() })),
    stuck: z.nullable(z.looseObject({ during: z.string() })),
  }),
)

const read = { scope: 'jobs:read' } as const
const write = { scope: 'jobs:write' } as const
const act = { scope: 'jobs:write', audit: true } as const
const queue = '/v1/jobs/queues/:queue'

/** An act on one job, or one schedule: whether it changed it. */
function actOn(
  id: string,
  path: string,
  summary: string,
): ReturnType<typeof operation<z.ZodMiniType<Readonly<Record<string, never>>>>> {
  return operation({ id, method: 'POST', path, summary, policy: act, answers: { 200: Changed } })
}

export const listQueues = operation({
  id: 'jobs.queues.list',
  method: 'GET',
  path: '/v1/jobs/queues',
  summary: 'List queues with the counts of their states',
  policy: read,
  answers: { 200: z.object({ queues: z.array(Queue) }) },
})
export const getQueue = operation({
  id: 'jobs.queues.get',
  method: 'GET',
  path: queue,
  summary: 'Read a queue',
  policy: read,
  answers: { 200: Queue },
})
export const pauseQueue = operation({
  id: 'jobs.queues.pause',
  method: 'POST',
  path: `${queue}/pause`,
  summary: 'Hand out no more jobs; running ones go on',
  policy: act,
  answers: { 200: Queue },
})
export const resumeQueue = operation({
  id: 'jobs.queues.resume',
  method: 'POST',
  path: `${queue}/resume`,
  summary: 'Hand out jobs again',
  policy: act,
  answers: { 200: Queue },
})
export const redriveQueue = operation({
  id: 'jobs.queues.redrive',
  method: 'POST',
  path: `${queue}/redrive`,
  summary: 'Give many dead jobs all their attempts again',
  policy: act,
  body: z.strictObject({
    state: z.optional(z.enum(['dead', 'cancelled', 'parked', 'completed'])),
    limit: z.optional(z.number().check(z.int(), z.gte(1), z.lte(1000))),
  }),
  bodyOptional: true,
  answers: { 200: z.object({ redriven: z.number() }) },
})
export const addJob = operation({
  id: 'jobs.add',
  method: 'POST',
  path: `${queue}/jobs`,
  summary: 'Add a job; it is durable when this answers',
  policy: write,
  body: NewJob,
  answers: { 202: AddedJob },
})
export const addJobs = operation({
  id: 'jobs.add-bulk',
  method: 'POST',
  path: `${queue}/jobs/bulk`,
  summary: 'Add up to 1,000 jobs in one durable write, all or none',
  policy: write,
  body: z.strictObject({ jobs: z.array(NewJob).check(z.minLength(1), z.maxLength(1000)) }),
  answers: { 202: z.object({ jobs: z.array(AddedJob) }) },
})
export const listJobs = operation({
  id: 'jobs.list',
  method: 'GET',
  path: `${queue}/jobs`,
  summary: 'List the jobs in one state',
  policy: read,
  query: z.strictObject({ state: JobState, ...pageQuery }),
  answers: { 200: z.object({ jobs: z.array(Job), cursor: NextCursor }) },
})
export const getJob = operation({
  id: 'jobs.get',
  method: 'GET',
  path: `${queue}/jobs/:id`,
  summary: 'Read a job with its history: attempts, last error, result and log lines',
  policy: read,
  answers: { 200: named('JobDetails', z.object({ ...job, logs: z.array(z.string()) })) },
})
export const changeJob = operation({
  id: 'jobs.change',
  method: 'PATCH',
  path: `${queue}/jobs/:id`,
  summary: 'Change the data, the delay or the priority of a job that waits',
  policy: act,
  body: z.strictObject({
    data: z.optional(AnyJson),
    delay: z.optional(Duration),
    priority: z.optional(z.union([z.number(), text(20)])),
  }),
  answers: { 200: Changed },
})
export const removeJob = operation({
  id: 'jobs.remove',
  method: 'DELETE',
  path: `${queue}/jobs/:id`,
  summary: 'Remove a job that is not running',
  policy: act,
  answers: { 204: null },
})
export const retryJob = actOn(
  'jobs.retry',
  `${queue}/jobs/:id/retry`,
  'Give a job that has ended all its attempts again',
)
export const cancelJob = actOn(
  'jobs.cancel',
  `${queue}/jobs/:id/cancel`,
  'Cancel a job that waits, or ask a running one to stop',
)
export const promoteJob = actOn(
  'jobs.promote',
  `${queue}/jobs/:id/promote`,
  'Make a delayed or parked job ready now',
)
export const listSchedules = operation({
  id: 'jobs.schedules.list',
  method: 'GET',
  path: `${queue}/schedules`,
  summary: 'List schedules',
  policy: read,
  query: z.strictObject({ limit: z.optional(Limit), cursor: z.optional(text(2000)) }),
  answers: { 200: z.object({ schedules: z.array(Schedule), cursor: NextCursor }) },
})
export const putSchedule = operation({
  id: 'jobs.schedules.put',
  method: 'PUT',
  path: `${queue}/schedules/:id`,
  summary: 'Add a job again and again, by cron or every so often; the same again changes nothing',
  policy: act,
  body: named(
    'NewSchedule',
    z.strictObject({
      name: text(200),
      data: z.optional(AnyJson),
      cron: z.optional(text(256)),
      every: z.optional(Duration),
      options: z.optional(
        judgedByService(
          z.object({
            timezone: z.optional(z.string()),
            start: z.optional(Instant),
            end: z.optional(Instant),
            limit: z.optional(z.number()),
            misfire: z.optional(AnyJson),
            overlap: z.optional(AnyJson),
          }),
        ),
      ),
    }),
  ),
  answers: { 200: Schedule },
})
export const getSchedule = operation({
  id: 'jobs.schedules.get',
  method: 'GET',
  path: `${queue}/schedules/:id`,
  summary: 'Read a schedule',
  policy: read,
  answers: { 200: Schedule },
})
export const removeSchedule = operation({
  id: 'jobs.schedules.remove',
  method: 'DELETE',
  path: `${queue}/schedules/:id`,
  summary: 'Remove a schedule',
  policy: act,
  answers: { 204: null },
})
export const pauseSchedule = actOn(
  'jobs.schedules.pause',
  `${queue}/schedules/:id/pause`,
  'Pause a schedule',
)
export const resumeSchedule = actOn(
  'jobs.schedules.resume',
  `${queue}/schedules/:id/resume`,
  'Let a schedule run again',
)
export const signingSecret = operation({
  id: 'jobs.signing-secret',
  method: 'GET',
  path: '/v1/jobs/signing-secret',
  summary:
    'What the requests of `deliver` jobs and `http` sagas are signed with (Standard Webhooks)',
  policy: write,
  answers: { 200: z.object({ secret: z.string() }) },
})
export const listSagas = operation({
  id: 'sagas.list',
  method: 'GET',
  path: '/v1/sagas',
  summary: 'List the sagas that can be started',
  policy: read,
  answers: { 200: z.object({ sagas: z.array(z.object({ name: z.string() })) }) },
})
export const startSaga = operation({
  id: 'sagas.start',
  method: 'POST',
  path: '/v1/sagas/:saga/runs',
  summary: 'Start a saga: one durable write; with an id that is known nothing more is begun',
  policy: write,
  body: z.strictObject({ id: z.optional(text(200)), input: z.optional(AnyJson) }),
  answers: { 202: z.object({ id: z.string() }) },
})
export const getSaga = operation({
  id: 'sagas.get',
  method: 'GET',
  path: '/v1/sagas/:saga/runs/:id',
  summary: 'Read a saga with its steps',
  policy: read,
  answers: { 200: Saga },
})
export const listStuckSagas = operation({
  id: 'sagas.stuck',
  method: 'GET',
  path: '/v1/sagas/:saga/stuck',
  summary: 'List sagas that wait for a person',
  policy: read,
  query: z.strictObject({ limit: z.optional(Limit) }),
  answers: { 200: z.object({ sagas: z.array(z.looseObject({ id: z.string() })) }) },
})
export const retrySaga = operation({
  id: 'sagas.retry',
  method: 'POST',
  path: '/v1/sagas/:saga/runs/:id/retry',
  summary: 'Let a stuck saga try its step again',
  policy: act,
  answers: { 202: Saga },
})
export const skipSagaStep = operation({
  id: 'sagas.skip',
  method: 'POST',
  path: '/v1/sagas/:saga/runs/:id/skip',
  summary: 'Let a stuck saga go on without its step: a person has dealt with it',
  policy: act,
  body: z.strictObject({ reason: z.string().check(z.minLength(1), z.maxLength(500)) }),
  answers: { 202: Saga },
})
