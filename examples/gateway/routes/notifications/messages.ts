import type {
  BulkMessage,
  MessageQuery,
  Notifications,
  TrackedMessage,
} from '@white-cross/reuse/infrastructure/notifications'
import * as api from '../../contract/notifications.ts'
import { withoutUndefined } from '../../contract/shapes.ts'
import { ProblemError } from '../../http/problem.ts'
import { route, type Call, type Route } from '../../http/route.ts'
import { serveOpenly } from '../../http/serve.ts'
import { operationIdOf } from '../operation-id.ts'

/** Messages that are sent, and what becomes of them. */
export function messageRoutes(): readonly Route[] {
  return [
    route(api.sendNotification, async (call) => {
      const message = { ...call.body, ...keyOf(call) }
      return serveOpenly(async () => {
        const result = await send(await notificationsOf(call), message as unknown as BulkMessage)
        const status = result.status === 'queued' ? 202 : 200
        return { status, body: { ...result, message: `/v1/messages/${result.id}` } }
      })
    }),
    route(api.notifyUser, async (call) => {
      const { user, template, data = {}, options } = call.body
      const given = { ...options, ...keyOf(call) }
      return serveOpenly(async () => {
        const told = await (await notificationsOf(call)).notify(user, template, data, given)
        return { status: told.status === 'queued' ? 202 : 200, body: told }
      })
    }),
    route(api.listMessages, async (call) => {
      const { limit = 100, cursor, ...query } = withoutUndefined(call.query)
      return serveOpenly(async () => ({
        status: 200,
        // The service says what none of them is.
        body: await pageOf(await notificationsOf(call), query as MessageQuery, limit, cursor),
      }))
    }),
    route(api.getMessage, async (call) => ({
      status: 200,
      body: await (await notificationsOf(call)).trackDelivery(call.param('id')),
    })),
    route(api.cancelMessage, async (call) => {
      const notifications = await notificationsOf(call)
      const id = call.param('id')
      const cancelled = await notifications.cancel(id)
      // One that is not there is not found.
      if (!cancelled) await notifications.trackDelivery(id)
      return { status: 200, body: { cancelled } }
    }),
    route(api.previewTemplate, async (call) => {
      const { template, data = {}, ...options } = withoutUndefined(call.body)
      return serveOpenly(async () => {
        const notifications = await notificationsOf(call)
        const rendered = await notifications.renderTemplate(template, data, options)
        return { status: 200, body: typeof rendered === 'string' ? { text: rendered } : rendered }
      })
    }),
  ]
}

export async function notificationsOf(call: Call): Promise<Notifications> {
  const { notifications } = await call.services()
  if (notifications !== undefined) return notifications
  throw new ProblemError(404, 'not_found', 'There are no notifications here')
}

function keyOf(call: Call): { readonly idempotencyKey?: string } {
  return call.idempotencyKey === undefined
    ? {}
    : { idempotencyKey: operationIdOf(call, call.idempotencyKey) }
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

/** A cursor is the last message's time and id: what is as old stands in any order. */
async function pageOf(
  notifications: Notifications,
  query: MessageQuery,
  limit: number,
  cursor: string | undefined,
): Promise<{ readonly messages: readonly TrackedMessage[]; readonly cursor: string | null }> {
  const [, at, last] = /^(\d{1,15})\.(ntf_[\w-]{22})$/.exec(cursor ?? '') ?? []
  if (cursor !== undefined && (at === undefined || last === undefined))
    throw new ProblemError(400, 'invalid_query', 'cursor: one of a page before expected')
  const until = at === undefined ? query.until : Number(at) + 1
  const messages: TrackedMessage[] = []
  const seen = new Set<string>()
  let isPast = last === undefined
  const walk = notifications.list({ ...query, ...(until !== undefined && { until }) })
  for await (const message of walk) {
    if (!isPast) {
      if (message.id === last) isPast = true
      else if (message.createdAt < Number(at)) isPast = true
      if (message.createdAt >= Number(at)) {
        seen.add(message.id)
        continue
      }
    }
    if (seen.has(message.id)) continue
    if (messages.length === limit) {
      const end = messages.at(-1)
      return { messages, cursor: end === undefined ? null : `${end.createdAt}.${end.id}` }
    }
    messages.push(message)
  }
  return { messages, cursor: null }
}
