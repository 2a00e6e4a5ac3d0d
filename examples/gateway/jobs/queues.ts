import { defineJob, JobQueue } from '@white-cross/reuse/infrastructure/background-jobs'
import {
  emailJob,
  pushJob,
  smsJob,
  type Notifications,
} from '@white-cross/reuse/infrastructure/notifications'
import type {
  Backend,
  Clock,
  Json,
  RandomSource,
  ServiceMetrics,
  TraceCarrier,
} from '@white-cross/reuse/infrastructure/runtime/ports'
import * as z from 'zod/mini'
import { DEFAULT_TENANT } from '../access/caller.ts'
import { sendSigned, type SignedSender } from './send-signed.ts'

/** What a tenant's queues and sagas are made of. */
export interface QueuesOptions {
  readonly backend: Backend
  readonly clock: Clock
  readonly random: RandomSource
  readonly metrics: ServiceMetrics
  readonly tracing: TraceCarrier
  /** `null` where nothing is kept. */
  readonly tenant: string | null
  readonly sender: SignedSender
  readonly notifications: Notifications
}

const Delivery = z.strictObject({
  url: z.string().check(z.maxLength(4000)),
  payload: z.custom<Json>((value) => value !== undefined, 'missing'),
})

/**
 * The queues of a tenant. `deliver` sends a signed request, as a webhook without an endpoint; the
 * others send messages. Kinds of your own go here.
 */
export function createQueues(options: QueuesOptions): readonly JobQueue[] {
  const { backend, clock, random, metrics, tracing, sender, notifications } = options
  const tenant = options.tenant ?? DEFAULT_TENANT
  const queue = new JobQueue({
    ...{ name: 'default', backend, clock, random, metrics, tracing },
    jobs: {
      deliver: defineJob({
        input: Delivery,
        run: ({ id, data }, { signal }) =>
          sendSigned(sender, tenant, { ...data, id: `job_${id}`, signal }),
      }),
      email: emailJob(notifications),
      sms: smsJob(notifications),
      push: pushJob(notifications),
    },
  })
  // Each kind checks its own data, whatever queue it is asked of.
  return [queue]
}
