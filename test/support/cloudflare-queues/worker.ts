import { Redis } from '@upstash/redis'
import {
  queuesConsumer,
  queuesDirect,
  queuesDirectConsumer,
  queuesWaker,
  type MessageBatchLike,
  type QueueLike,
} from '../../../src/runtime/engines/cloudflare-queues/index.ts'
import type { Json } from '../../../src/runtime/ports/json.ts'
import { redis } from '../../../src/runtime/backends/redis/index.ts'
import {
  defineJob,
  JobQueue,
  RetryLaterError,
} from '../../../src/services/background-jobs/index.ts'

/** What wrangler.toml and the scenario bind. */
interface Env {
  readonly WAKES: QueueLike
  readonly JOBS: QueueLike
  readonly UPSTASH_URL: string
  readonly UPSTASH_TOKEN: string
}

/** What one call of the Worker asks for. */
interface Call {
  readonly name: string
  readonly data: Json
  readonly delayMs?: number
}

/** Everything of one invocation: clients may not be shared between requests. */
function createApp(env: Env) {
  const client = new Redis({ url: env.UPSTASH_URL, token: env.UPSTASH_TOKEN, retry: false })
  // Where the scenario reads what happened.
  const note = (line: string): Promise<unknown> => client.rpush('seen', `> ${line}`)
  const jobStore = redis(client)
  const waker = queuesWaker({ queue: env.WAKES })
  const backend = { ...jobStore, waker: { ...jobStore.waker, wake: waker.wake } }
  const emailQueue = new JobQueue({
    name: 'email',
    backend,
    jobs: {
      send: defineJob({
        run: async ({ data, attempt }) => {
          await note(`ran ${JSON.stringify(data)} attempt ${attempt}`)
          if (data === 'flaky' && attempt < 3) throw new RetryLaterError(300)
        },
      }),
    },
  })
  return {
    emailQueue,
    backend,
    note,
    wakes: queuesConsumer({ backend, workers: [emailQueue] }),
    jobs: queuesDirectConsumer({
      process: async ({ name, data, attempt }) => {
        await note(`direct ${name} ${JSON.stringify(data)} attempt ${attempt}`)
        if (name === 'throws') throw new Error('on purpose')
        if (name === 'waits' && attempt < 3) return { to: 'scheduled', delayMs: 1000 }
        if (name === 'dies') return { to: 'dead', error: { message: 'hopeless' } }
        return { to: 'completed' }
      },
      onDead: async ({ name }, error) => void (await note(`dead ${name} ${JSON.stringify(error)}`)),
    }),
  }
}

export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    const { emailQueue, backend } = createApp(env)
    // Only the scenario calls.
    const { name, data, delayMs = 0 } = (await request.json()) as Call
    try {
      switch (new URL(request.url).pathname) {
        case '/add':
          return Response.json(await emailQueue.add('send', data, { delay: delayMs }))
        case '/wake':
          await backend.waker.wake(name, delayMs)
          return Response.json({})
        case '/send':
          await queuesDirect({ queue: env.JOBS }).send(name, data, { delay: delayMs })
          return Response.json({})
        default:
          return new Response(null, { status: 404 })
      }
    } catch (error) {
      const { name: kind, message } = error instanceof Error ? error : new Error(String(error))
      return Response.json({ kind, message }, { status: 422 })
    }
  },

  async queue(batch: MessageBatchLike & { readonly queue: string }, env: Env): Promise<void> {
    const { wakes, jobs, note } = createApp(env)
    if (batch.queue === 'wakes') return wakes(batch)
    if (batch.queue === 'jobs') return jobs(batch)
    for (const { body } of batch.messages) await note(`buried ${JSON.stringify(body)}`)
  },
}
