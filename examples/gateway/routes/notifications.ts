import { Hono, type Context } from 'hono'
import { z } from 'zod/mini'
import {
  NotificationError,
  type BulkMessage,
  type Notifications,
} from '@white-cross/reuse/infrastructure/notifications'
import type { AuthVariables } from '../authenticate.ts'
import { problem, ProblemError } from '../problem.ts'
import { readBody } from '../read-body.ts'

type Api = Hono<{ Variables: AuthVariables }>

/** The channel says which message the rest is; what it may say is the service's to check. */
const Message = z.looseObject({ channel: z.enum(['email', 'sms', 'push', 'chat']) })
const Telling = z.strictObject({
  user: z.looseObject({ id: z.string() }),
  template: z.string(),
  data: z.optional(z.record(z.string(), z.unknown())),
  options: z.optional(z.record(z.string(), z.unknown())),
})
const Preview = z.strictObject({
  template: z.string(),
  data: z.optional(z.record(z.string(), z.unknown())),
  locale: z.optional(z.string()),
  format: z.optional(z.enum(['html', 'text'])),
})

/**
 * `POST /`: sends one message: 200 with its result, 202 when it waits. The header `idempotency-key`
 * sends it once, however often it is posted. `POST /users`: tells a user by preference.
 */
export function notificationRoutes(notifications: Notifications): Api {
  return new Hono<{ Variables: AuthVariables }>()
    .post('/', async (c) => {
      const body = await readBody(c, Message)
      const key = c.req.header('idempotency-key')
      const message = { ...body, ...(key !== undefined && { idempotencyKey: key }) }
      return served(c, async () => {
        const result = await send(notifications, message as unknown as BulkMessage)
        const status = result.status === 'queued' ? 202 : 200
        return c.json({ ...result, message: `/v1/messages/${result.id}` }, status)
      })
    })
    .post('/users', async (c) => {
      const { user, template, data = {}, options } = await readBody(c, Telling)
      const key = c.req.header('idempotency-key')
      const given = { ...options, ...(key !== undefined && { idempotencyKey: key }) }
      return served(c, async () => {
        const told = await notifications.notify(user, template, data, given)
        return c.json(told, told.status === 'queued' ? 202 : 200)
      })
    })
}

/** `GET /:id`: where a message stands. `DELETE /:id`: takes it back while it waits. */
export function messageRoutes(notifications: Notifications): Api {
  return new Hono<{ Variables: AuthVariables }>()
    .get('/:id', async (c) => c.json(await notifications.trackDelivery(c.req.param('id'))))
    .delete('/:id', async (c) =>
      c.json({ cancelled: await notifications.cancel(c.req.param('id')) }),
    )
}

/** `POST /preview`: what a template, or a text that is one itself, says; nothing is sent. */
export function templateRoutes(notifications: Notifications): Api {
  return new Hono<{ Variables: AuthVariables }>().post('/preview', async (c) => {
    const { template, data = {}, locale, format } = await readBody(c, Preview)
    const options = {
      ...(locale !== undefined && { locale }),
      ...(format !== undefined && { format }),
    }
    return served(c, async () => {
      const rendered = await notifications.renderTemplate(template, data, options)
      return c.json(typeof rendered === 'string' ? { text: rendered } : rendered)
    })
  })
}

/**
 * `POST /:provider`: takes the webhooks of a provider, which have a signature and no API key. One
 * that nothing verifies is answered as what is not there.
 */
export function providerHookRoutes(notifications: Notifications): Hono {
  return new Hono().all('/:provider', async (c) => {
    try {
      return await notifications.handleWebhook(c.req.param('provider'), c.req.raw)
    } catch (error) {
      if (error instanceof NotificationError && error.code === 'invalid_request')
        throw new ProblemError(404, 'not_found', 'No webhooks of this provider are taken here')
      throw error
    }
  })
}

function send(
  notifications: Notifications,
  { channel, ...message }: BulkMessage,
): ReturnType<Notifications['sendEmail']> {
  const sends = {
    email: notifications.sendEmail,
    sms: notifications.sendSMS,
    push: notifications.sendPush,
    chat: notifications.sendChat,
  }
  // The service checks what it gets, whatever its channel.
  return sends[channel](message as never)
}

/** What the service throws over a message, as an answer: its errors hold nothing of the message. */
async function served(c: Context, act: () => Promise<Response>): Promise<Response> {
  try {
    return await act()
  } catch (error) {
    if (error instanceof TypeError || error instanceof RangeError)
      throw new ProblemError(422, 'invalid_request', error.message)
    if (!(error instanceof NotificationError)) throw error
    const { status, code, message, retryAfterMs } = error
    return problem(
      c,
      status,
      code,
      message,
      retryAfterMs === null ? {} : { 'retry-after': String(Math.ceil(retryAfterMs / 1000)) },
    )
  }
}
