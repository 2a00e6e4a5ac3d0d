import * as z from 'zod/mini'
import { JOB_STATES } from '@white-cross/reuse/infrastructure/runtime/ports'
import { operation } from '../http/operation.ts'
import { actOn, Changed, jobsAct, jobsRead, jobsWrite, queuePath } from './job-policies.ts'
import { lazily } from '../http/lazily.ts'
import {
  AnyJson,
  described,
  Duration,
  Instant,
  InstantText,
  judgedByService,
  MostText,
  named,
  NextCursor,
  pageQuery,
  text,
} from './shapes.ts'

const JobState = lazily(() => z.enum(JOB_STATES))
const counts = lazily(() => Object.fromEntries(JOB_STATES.map((state) => [state, z.number()])))
const Queue = lazily(() =>
  named(
    'Queue',
    z.object({
      name: z.string(),
      paused: z.boolean(),
      counts: z.object(counts()),
      oldestAddedAt: z.nullable(Instant()),
      kinds: z.array(z.string()),
    }),
  ),
)
const JobOptions = lazily(() =>
  named(
    'JobOptions',
    z.object({
      attempts: z.optional(z.number()),
      maxCrashes: z.optional(z.number()),
      backoff: z.optional(
        z.union([
          Duration(),
          z.object({
            type: z.enum(['fixed', 'exponential']),
            delay: z.optional(Duration()),
            maxDelay: z.optional(Duration()),
            jitter: z.optional(z.number()),
          }),
        ]),
      ),
      delay: z.optional(Duration()),
      priority: z.optional(z.union([z.number(), z.enum(['critical', 'high', 'normal', 'low'])])),
      jobId: z.optional(z.string()),
      deduplication: z.optional(z.object({ id: z.string(), ttl: z.optional(Duration()) })),
      tags: z.optional(z.array(z.string())),
      lifo: z.optional(z.boolean()),
      timeout: z.optional(Duration()),
      removeOnComplete: z.optional(z.union([z.boolean(), z.number()])),
      removeOnFail: z.optional(z.union([z.boolean(), z.number()])),
    }),
  ),
)
const newJob = lazily(() => ({
  name: text(200),
  data: z.optional(AnyJson()),
  options: z.optional(judgedByService(JobOptions())),
}))
const NewJob = lazily(() => named('NewJob', z.strictObject(newJob())))
const AddedJob = lazily(() => named('AddedJob', z.object({ id: z.string(), added: z.boolean() })))
const job = lazily(() => ({
  id: z.string(),
  name: z.string(),
  state: JobState(),
  data: AnyJson(),
  options: AnyJson(),
  priority: z.number(),
  attempt: z.number(),
  maxAttempts: z.number(),
  crashes: z.optional(z.number()),
  token: z.number(),
  addedAt: Instant(),
  at: z.nullable(Instant()),
  progress: AnyJson(),
  result: AnyJson(),
  lastError: AnyJson(),
  tags: z.optional(z.array(z.string())),
  cancelRequested: z.boolean(),
}))
const Job = lazily(() => named('Job', z.object(job())))
const JobAction = lazily(() => z.enum(['retry', 'cancel', 'promote', 'remove']))
/** Which jobs are meant; the queue checks the texts. */
const fits = lazily(() => ({
  state: z.optional(JobState()),
  name: z.optional(text(400)),
  tag: z.optional(text(400)),
  idPrefix: z.optional(text(400)),
}))

function added<At extends z.ZodMiniType>(at: At): Record<'since' | 'until', z.ZodMiniOptional<At>> {
  return { since: z.optional(at), until: z.optional(at) }
}

export const listQueues = operation({
  id: 'jobs.queues.list',
  method: 'GET',
  path: '/v1/jobs/queues',
  summary: 'List queues with the counts of their states',
  policy: jobsRead,
  shapes: () => ({ answers: { 200: z.object({ queues: z.array(Queue()) }) } }),
})
export const getQueue = operation({
  id: 'jobs.queues.get',
  method: 'GET',
  path: queuePath,
  summary: 'Read a queue',
  policy: jobsRead,
  shapes: () => ({ answers: { 200: Queue() } }),
})
export const pauseQueue = operation({
  id: 'jobs.queues.pause',
  method: 'POST',
  path: `${queuePath}/pause`,
  summary: 'Hand out no more jobs; running ones go on',
  policy: jobsAct,
  shapes: () => ({ answers: { 200: Queue() } }),
})
export const resumeQueue = operation({
  id: 'jobs.queues.resume',
  method: 'POST',
  path: `${queuePath}/resume`,
  summary: 'Hand out jobs again',
  policy: jobsAct,
  shapes: () => ({ answers: { 200: Queue() } }),
})
export const redriveQueue = operation({
  id: 'jobs.queues.redrive',
  method: 'POST',
  path: `${queuePath}/redrive`,
  summary: 'Give many dead jobs all their attempts again',
  policy: jobsAct,
  bodyOptional: true,
  shapes: () => ({
    body: z.strictObject({
      state: z.optional(z.enum(['dead', 'cancelled', 'parked', 'completed'])),
      limit: z.optional(z.number().check(z.int(), z.gte(1), z.lte(1000))),
    }),
    answers: { 200: z.object({ redriven: z.number() }) },
  }),
})
export const addJob = operation({
  id: 'jobs.add',
  method: 'POST',
  path: `${queuePath}/jobs`,
  summary: 'Add a job; it is durable when this answers',
  policy: jobsWrite,
  shapes: () => ({ body: NewJob(), answers: { 202: AddedJob() } }),
})
export const addJobs = operation({
  id: 'jobs.add-bulk',
  method: 'POST',
  path: `${queuePath}/jobs/bulk`,
  summary: 'Add up to 1,000 jobs in one durable write, all or none',
  policy: jobsWrite,
  shapes: () => ({
    body: z.strictObject({ jobs: z.array(NewJob()).check(z.minLength(1), z.maxLength(1000)) }),
    answers: { 202: z.object({ jobs: z.array(AddedJob()) }) },
  }),
})
export const listJobs = operation({
  id: 'jobs.list',
  method: 'GET',
  path: `${queuePath}/jobs`,
  summary: 'List the jobs that fit all that is asked for; a page may be short and not the last',
  policy: jobsRead,
  shapes: () => ({
    query: z.strictObject({ ...fits(), ...added(InstantText()), ...pageQuery() }),
    answers: { 200: z.object({ jobs: z.array(Job()), cursor: NextCursor() }) },
  }),
})
export const countJobs = operation({
  id: 'jobs.count',
  method: 'GET',
  path: `${queuePath}/count`,
  summary: 'Count the jobs that fit, or those of them that an action would change',
  policy: jobsRead,
  shapes: () => ({
    query: z.strictObject({
      ...{ ...fits(), ...added(InstantText()) },
      action: z.optional(JobAction()),
      limit: z.optional(MostText()),
    }),
    answers: {
      200: described(z.object({ count: z.number(), complete: z.boolean() }), {
        description: 'Where it is not complete there are at least so many',
      }),
    },
  }),
})
export const bulkJobs = operation({
  id: 'jobs.bulk',
  method: 'POST',
  path: `${queuePath}/bulk`,
  summary: 'Retry, cancel, promote or remove all the jobs that fit; the cursor goes on',
  policy: jobsAct,
  shapes: () => ({
    body: z.strictObject({
      action: JobAction(),
      ...{ ...fits(), ...added(z.number()) },
      limit: z.optional(z.number().check(z.int(), z.gte(1), z.lte(100_000))),
      cursor: pageQuery().cursor,
    }),
    answers: {
      200: z.object({ matched: z.number(), changed: z.number(), cursor: NextCursor() }),
    },
  }),
})
export const getJob = operation({
  id: 'jobs.get',
  method: 'GET',
  path: `${queuePath}/jobs/:id`,
  summary: 'Read a job with its history: attempts, last error, result and log lines',
  policy: jobsRead,
  shapes: () => ({
    answers: { 200: named('JobDetails', z.object({ ...job(), logs: z.array(z.string()) })) },
  }),
})
export const changeJob = operation({
  id: 'jobs.change',
  method: 'PATCH',
  path: `${queuePath}/jobs/:id`,
  summary: 'Change the data, the delay or the priority of a job that waits',
  policy: jobsAct,
  shapes: () => ({
    body: z.strictObject({
      data: z.optional(AnyJson()),
      delay: z.optional(Duration()),
      priority: z.optional(z.union([z.number(), text(20)])),
    }),
    answers: { 200: Changed() },
  }),
})
export const removeJob = operation({
  id: 'jobs.remove',
  method: 'DELETE',
  path: `${queuePath}/jobs/:id`,
  summary: 'Remove a job that is not running',
  policy: jobsAct,
  shapes: () => ({ answers: { 204: null } }),
})
export const retryJob = actOn(
  'jobs.retry',
  `${queuePath}/jobs/:id/retry`,
  'Give a job that has ended all its attempts again',
)
export const cancelJob = actOn(
  'jobs.cancel',
  `${queuePath}/jobs/:id/cancel`,
  'Cancel a job that waits, or ask a running one to stop',
)
export const promoteJob = actOn(
  'jobs.promote',
  `${queuePath}/jobs/:id/promote`,
  'Make a delayed or parked job ready now',
)
export const signingSecret = operation({
  id: 'jobs.signing-secret',
  method: 'GET',
  path: '/v1/jobs/signing-secret',
  summary:
    'What the requests of `deliver` jobs and `http` sagas are signed with (Standard Webhooks)',
  policy: jobsWrite,
  shapes: () => ({ answers: { 200: z.object({ secret: z.string() }) } }),
})
