import {
  createJob,
  type AddedJob,
  defineJob,
  JobQueue,
  type RunningJob,
  scheduleJob,
} from '@white-cross/reuse/infrastructure/background-jobs'
import { memory } from '@white-cross/reuse/infrastructure/runtime/memory'
import { z } from 'zod'
import { proven, type Equals } from './equals.ts'

const email = z.object({ to: z.email(), copies: z.number().default(1) })
const queue = new JobQueue({
  name: 'email',
  backend: memory(),
  jobs: {
    'send-email': defineJob({
      input: email,
      run: ({ data }) => proven<Equals<typeof data, { to: string; copies: number }>>(),
    }),
    'no-schema': { run: () => {} },
  },
})

// What comes in may leave out what the schema fills in.
await createJob(queue, { name: 'send-email', data: { to: 'a@example.com' } })
await createJob(queue, { name: 'no-schema', data: ['any', { JSON: null }] })
const added = await queue.add('send-email', { to: 'a@example.com', copies: 2 }, { attempts: 3 })
proven<Equals<(typeof added)['id'], AddedJob['id']>>()
await added.finished({ signal: AbortSignal.timeout(1000) })

// @ts-expect-error the queue knows no such job
await createJob(queue, { name: 'send-emial', data: { to: 'a@example.com' } })
// @ts-expect-error the schema asks for `to`
await createJob(queue, { name: 'send-email', data: {} })
// @ts-expect-error `to` is a text
await createJob(queue, { name: 'send-email', data: { to: 1 } })
// @ts-expect-error a function is not JSON
await createJob(queue, { name: 'no-schema', data: () => 1 })
await queue.add('send-email', { to: '' }, { removeOnComplete: 100, removeOnFail: false })
await queue.add('send-email', { to: '' }, { removeOnComplete: { age: '1h' } })
await queue.add('send-email', { to: '' }, { removeOnFail: { count: 9 }, removeOnComplete: true })
// @ts-expect-error an age is a duration
await queue.add('send-email', { to: '' }, { removeOnFail: { age: 'a week' } })
// @ts-expect-error attempts are counted
await createJob(queue, { name: 'send-email', data: { to: '' }, options: { attempts: 'three' } })
// @ts-expect-error backoff is one of three
await queue.add('send-email', { to: '' }, { backoff: { type: 'sometimes', delay: 1 } })

interface Line {
  readonly sku: string
}
interface Order {
  readonly total: number
  readonly lines: readonly Line[]
  readonly note?: string
}
declare const order: Order
const orders = new JobQueue({
  name: 'orders',
  backend: memory(),
  jobs: {
    pay: defineJob({ run: async ({ data }: RunningJob<Order>) => data.total }),
    note: defineJob({ run: ({ data }) => void data }),
  },
})

// What has no schema takes interfaces too, and refuses what JSON cannot carry.
await orders.add('note', order)
await orders.add('pay', order, { attempts: 3 })
await createJob(orders, { name: 'note', data: order, options: { attempts: 3 } })
await scheduleJob(orders, { name: 'note', data: order, every: '1h' })
await orders.schedule('hourly', { every: '1h' }, { name: 'note', data: order })
// @ts-expect-error a Date is no JSON
await orders.add('note', { at: new Date() })
// @ts-expect-error nor is a map
await createJob(orders, { name: 'note', data: new Map<string, string>() })
// @ts-expect-error a schema decides
await queue.add('send-email', order)

// Any queue is a JobQueue, as a parameter and in a list.
function sweepAll(queues: readonly JobQueue[]): Promise<unknown> {
  return Promise.all(queues.map((one) => one.sweep()))
}
const all: JobQueue[] = [queue, orders]
await sweepAll(all)
await sweepAll([queue])
