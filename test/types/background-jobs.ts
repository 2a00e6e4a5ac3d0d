import {
  createJob,
  type AddedJob,
  defineJob,
  JobQueue,
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
