import { Hono } from 'hono'
import {
  NotificationError,
  type Notifications,
} from '@white-cross/reuse/infrastructure/notifications'
import { PaymentError, type Payments } from '@white-cross/reuse/infrastructure/payments'
import { ProblemError } from '../problem.ts'

/** Who takes the webhooks of providers. */
export interface IncomingWebhooks {
  readonly notifications?: Notifications
  readonly payments?: Payments
}

/**
 * `POST /:provider`: takes the webhooks of a provider, which have a signature and no API key. One
 * that nothing verifies is answered as what is not there.
 */
export function incomingWebhookRoutes({ notifications, payments }: IncomingWebhooks): Hono {
  return new Hono().all('/:provider', async (c) => {
    const provider = c.req.param('provider')
    // Neither reads the body before it knows the provider.
    const takers = [
      () => payments?.handleWebhook(c.req.raw, { provider }),
      () => notifications?.handleWebhook(provider, c.req.raw),
    ]
    for (const take of takers) {
      try {
        const answer = await take()
        if (answer !== undefined) return answer
      } catch (error) {
        // Whoever has read it knows the provider: what is wrong then is not for another to try.
        if (!isUnknownProvider(error) || c.req.raw.bodyUsed) throw error
      }
    }
    throw new ProblemError(404, 'not_found', 'No webhooks of this provider are taken here')
  })
}

function isUnknownProvider(error: unknown): boolean {
  return (
    (error instanceof NotificationError && error.code === 'invalid_request') ||
    // `configuration`: there is a provider, and no secret to verify its webhooks with.
    (error instanceof PaymentError &&
      (error.code === 'invalid_request' || error.code === 'configuration'))
  )
}
