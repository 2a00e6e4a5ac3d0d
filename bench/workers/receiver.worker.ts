import { env } from 'cloudflare:workers'
import { JobQueue } from '@white-cross/reuse/infrastructure/background-jobs'
import {
  durableObjects,
  InfrastructureObject,
  type DurableObjectNamespaceLike,
} from '@white-cross/reuse/infrastructure/runtime/durable-objects'
import { handleWebhooks, webhookJob } from '@white-cross/reuse/infrastructure/webhooks'

export { InfrastructureObject }

/** Also what the bench signs with. */
const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'

// The configuration binds every exported object under its name.
const { InfrastructureObject: namespace } = env as {
  readonly InfrastructureObject: DurableObjectNamespaceLike
}
const backend = durableObjects(namespace)
const handlers = { 'order.paid': async () => undefined }
// Nothing runs the jobs here: what is measured ends with the answer to the sender.
const queue = new JobQueue({ name: 'received', backend, jobs: { webhook: webhookJob(handlers) } })

const verify = handleWebhooks(handlers, { secrets: SECRET })
const dedupe = handleWebhooks(handlers, { secrets: SECRET, store: backend.store })
const enqueue = handleWebhooks(handlers, { secrets: SECRET, store: backend.store, queue })

export default {
  async fetch(request: Request): Promise<Response> {
    switch (new URL(request.url).pathname) {
      case '/verify':
        return verify(request)
      case '/dedupe':
        return dedupe(request)
      case '/enqueue':
        return enqueue(request)
      default:
        await request.arrayBuffer()
        return new Response(null, { status: 200 })
    }
  },
}
