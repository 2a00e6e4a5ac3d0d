import { env } from 'cloudflare:workers'
import { systemClock } from '../../src/runtime/ports/platform/clock.ts'
import { readWebhook } from '../../src/services/webhooks/receiving/read-webhook.ts'
import { snsWebhook } from '../../src/services/webhooks/schemes/sns/sns.ts'
import { WebhookVerificationError } from '../../src/services/webhooks/webhook-verification-error.ts'
import { TOPIC } from '../support/sns-fixture.ts'

/** What tools/run-workerd.ts binds. */
interface Env {
  /** Stands for SNS: hears of each certificate that is asked for, and answers with it. */
  readonly VENDOR_URL: string
}

/** One scheme for all requests, as applications have it. */
const scheme = snsWebhook({
  topicArns: [TOPIC],
  fetch: (url, init) => fetch(`${(env as Env).VENDOR_URL}${new URL(url).pathname}`, init),
  // Waits are a fifth of what they are: one second, for a request that nobody answers.
  clock: {
    now: systemClock.now,
    setTimer: (wake, delayMs) => systemClock.setTimer(wake, delayMs / 5),
  },
})

export default {
  /** Receives a message of SNS. */
  async fetch(request: Request): Promise<Response> {
    try {
      const { id } = await readWebhook(request, { scheme, tolerance: 'accept-any-age' })
      return new Response(id)
    } catch (error) {
      if (!(error instanceof WebhookVerificationError)) throw error
      return new Response(error.code, { status: error.status })
    }
  },
}
