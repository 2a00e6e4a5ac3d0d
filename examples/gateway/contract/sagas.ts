import * as z from 'zod/mini'
import { operation } from '../http/operation.ts'
import { jobsAct, jobsRead, jobsWrite } from './job-policies.ts'
import { lazily } from '../http/lazily.ts'
import { AnyJson, Limit, named, text } from './shapes.ts'

const Saga = lazily(() =>
  named(
    'Saga',
    z.object({
      id: z.string(),
      version: z.number(),
      input: AnyJson(),
      status: z.enum(['running', 'compensating', 'completed', 'compensated', 'stuck']),
      steps: z.array(z.looseObject({ name: z.string(), state: z.string(), attempts: z.number() })),
      cause: z.nullable(z.looseObject({ step: z.string() })),
      stuck: z.nullable(z.looseObject({ during: z.string() })),
    }),
  ),
)

export const listSagas = operation({
  id: 'sagas.list',
  method: 'GET',
  path: '/v1/sagas',
  summary: 'List the sagas that can be started',
  policy: jobsRead,
  shapes: () => ({
    answers: { 200: z.object({ sagas: z.array(z.object({ name: z.string() })) }) },
  }),
})
export const startSaga = operation({
  id: 'sagas.start',
  method: 'POST',
  path: '/v1/sagas/:saga/runs',
  summary: 'Start a saga: one durable write; with an id that is known nothing more is begun',
  policy: jobsWrite,
  shapes: () => ({
    body: z.strictObject({ id: z.optional(text(200)), input: z.optional(AnyJson()) }),
    answers: { 202: z.object({ id: z.string() }) },
  }),
})
export const getSaga = operation({
  id: 'sagas.get',
  method: 'GET',
  path: '/v1/sagas/:saga/runs/:id',
  summary: 'Read a saga with its steps',
  policy: jobsRead,
  shapes: () => ({ answers: { 200: Saga() } }),
})
export const listStuckSagas = operation({
  id: 'sagas.stuck',
  method: 'GET',
  path: '/v1/sagas/:saga/stuck',
  summary: 'List sagas that wait for a person',
  policy: jobsRead,
  shapes: () => ({
    query: z.strictObject({ limit: z.optional(Limit()) }),
    answers: { 200: z.object({ sagas: z.array(z.looseObject({ id: z.string() })) }) },
  }),
})
export const retrySaga = operation({
  id: 'sagas.retry',
  method: 'POST',
  path: '/v1/sagas/:saga/runs/:id/retry',
  summary: 'Let a stuck saga try its step again',
  policy: jobsAct,
  shapes: () => ({ answers: { 202: Saga() } }),
})
export const skipSagaStep = operation({
  id: 'sagas.skip',
  method: 'POST',
  path: '/v1/sagas/:saga/runs/:id/skip',
  summary: 'Let a stuck saga go on without its step: a person has dealt with it',
  policy: jobsAct,
  shapes: () => ({
    body: z.strictObject({ reason: z.string().check(z.minLength(1), z.maxLength(500)) }),
    answers: { 202: Saga() },
  }),
})
