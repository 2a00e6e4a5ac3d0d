import { Hono } from 'hono'
import { z } from 'zod/mini'
import type { BulkMessage, Notifications } from '@white-cross/reuse/infrastructure/notifications'
import type { AuthVariables } from '../authenticate.ts'
import { readBody } from '../read-body.ts'
import { serve } from '../serve.ts'

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
      return serve(c, async () => {
        const result = await send(notifications, message as unknown as BulkMessage)
        const status = result.status === 'queued' ? 202 : 200
        return c.json({ ...result, message: `/v1/messages/${result.id}` }, status)
      })
    })
    .post('/users', async (c) => {
      const { user, template, data = {}, options } = await readBody(c, Telling)
      const key = c.req.header('idempotency-key')
      const given = { ...options, ...(key !== undefined && { idempotencyKey: key }) }
      return serve(c, async () => {
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
    return serve(c, async () => {
      const rendered = await notifications.renderTemplate(template, data, options)
      return c.json(typeof rendered === 'string' ? { text: rendered } : rendered)
    })
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
