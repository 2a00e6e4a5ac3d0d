import * as z from 'zod/mini'
import { operation } from '../http/operation.ts'
import { lazily } from '../http/lazily.ts'
import {
  AnyJson,
  Duration,
  Instant,
  InstantText,
  judgedByService,
  named,
  NextCursor,
  pageQuery,
  plainObject,
  text,
} from './shapes.ts'

const CHANNELS = ['email', 'sms', 'push', 'chat'] as const
const Channel = lazily(() => z.enum([...CHANNELS, 'inbox']))

/** The channel says which message the rest is; what it may say is the service's to check. */
const Message = lazily(() =>
  named(
    'Message',
    z.looseObject({
      channel: z.enum(CHANNELS),
      to: z.optional(AnyJson()),
      from: z.optional(AnyJson()),
      subject: z.optional(z.string()),
      text: z.optional(z.string()),
      html: z.optional(z.string()),
      message: z.optional(z.string()),
      template: z.optional(z.string()),
      data: z.optional(AnyJson()),
      locale: z.optional(z.string()),
      provider: z.optional(z.string()),
      category: z.optional(z.string()),
      userId: z.optional(z.string()),
      sendAt: z.optional(Instant()),
      queued: z.optional(z.boolean()),
    }),
  ),
)
const sendResult = lazily(() => ({
  id: z.string(),
  status: z.enum(['sent', 'queued', 'suppressed', 'skipped']),
  provider: z.nullable(z.string()),
  providerMessageId: z.nullable(z.string()),
  kept: z.boolean(),
  reason: z.nullable(z.string()),
  sendAt: z.nullable(Instant()),
}))
const SendResult = lazily(() =>
  named('SendResult', z.object({ ...sendResult(), message: z.string() })),
)
const TrackedMessage = lazily(() =>
  named(
    'TrackedMessage',
    z.looseObject({
      id: z.string(),
      channel: Channel(),
      status: z.string(),
      provider: z.nullable(z.string()),
      createdAt: Instant(),
      events: z.array(z.looseObject({ type: z.string(), at: Instant() })),
    }),
  ),
)
const Address = lazily(() => ({
  address: text(400),
  channel: z.optional(z.enum(['email', 'sms'])),
  category: z.optional(text(200)),
}))
const Suppression = lazily(() =>
  named(
    'Suppression',
    z.object({
      channel: z.enum(['email', 'sms']),
      address: z.string(),
      reason: z.enum(['bounce', 'complaint', 'unsubscribe', 'provider', 'manual']),
      category: z.nullable(z.string()),
      since: Instant(),
      until: z.nullable(Instant()),
    }),
  ),
)

const read = { scope: 'notifications:read' } as const
const write = { scope: 'notifications:write' } as const
const act = { scope: 'notifications:write', audit: true } as const

export const sendNotification = operation({
  id: 'notifications.send',
  method: 'POST',
  path: '/v1/notifications',
  summary: 'Send a message: 200 with what came of it, 202 when it waits',
  policy: write,
  shapes: () => ({ body: Message(), answers: { 200: SendResult(), 202: SendResult() } }),
})
export const notifyUser = operation({
  id: 'notifications.notify',
  method: 'POST',
  path: '/v1/notifications/users',
  summary: 'Tell a user something on the channels that they want and can be reached on',
  policy: write,
  shapes: () => ({
    body: named(
      'UserNotification',
      z.strictObject({
        user: z.looseObject({ id: z.string() }),
        template: text(),
        data: z.optional(plainObject()),
        options: z.optional(plainObject()),
      }),
    ),
    answers: {
      200: named(
        'NotifyResult',
        z.object({
          id: z.string(),
          status: z.enum(['sent', 'queued', 'none']),
          results: z.array(z.looseObject({ channel: Channel(), status: z.string() })),
          sendAt: z.nullable(Instant()),
        }),
      ),
      202: z.looseObject({ id: z.string(), status: z.string() }),
    },
  }),
})
export const listMessages = operation({
  id: 'notifications.messages.list',
  method: 'GET',
  path: '/v1/messages',
  summary: 'List messages, latest first',
  policy: read,
  shapes: () => ({
    query: z.strictObject({
      channel: z.optional(Channel()),
      status: z.optional(text(40)),
      template: z.optional(text(200)),
      category: z.optional(text(200)),
      since: z.optional(InstantText()),
      until: z.optional(InstantText()),
      ...pageQuery(),
    }),
    answers: { 200: z.object({ messages: z.array(TrackedMessage()), cursor: NextCursor() }) },
  }),
})
export const getMessage = operation({
  id: 'notifications.messages.get',
  method: 'GET',
  path: '/v1/messages/:id',
  summary: 'Read where a message stands, and what happened to it',
  policy: read,
  shapes: () => ({ answers: { 200: TrackedMessage() } }),
})
export const cancelMessage = operation({
  id: 'notifications.messages.cancel',
  method: 'DELETE',
  path: '/v1/messages/:id',
  summary: 'Take a message back while it waits',
  policy: write,
  shapes: () => ({ answers: { 200: z.object({ cancelled: z.boolean() }) } }),
})
export const previewTemplate = operation({
  id: 'notifications.templates.preview',
  method: 'POST',
  path: '/v1/templates/preview',
  summary: 'Render a template, or a text that is one itself; nothing is sent',
  policy: read,
  shapes: () => ({
    body: named(
      'TemplatePreview',
      z.strictObject({
        template: text(100_000),
        data: z.optional(plainObject()),
        locale: z.optional(text(100)),
        format: z.optional(z.enum(['html', 'text'])),
      }),
    ),
    answers: { 200: z.looseObject({ text: z.optional(z.string()) }) },
  }),
})
export const suppress = operation({
  id: 'notifications.suppressions.add',
  method: 'POST',
  path: '/v1/suppressions',
  summary: 'Send nothing more to an address',
  policy: act,
  shapes: () => ({
    body: z.strictObject({
      ...Address(),
      reason: z.optional(z.enum(['bounce', 'complaint', 'unsubscribe', 'provider', 'manual'])),
      expiresIn: z.optional(Duration()),
    }),
    answers: { 204: null },
  }),
})
export const findSuppression = operation({
  id: 'notifications.suppressions.find',
  method: 'POST',
  path: '/v1/suppressions/find',
  summary: 'What stops messages to an address; in a body, since addresses are no part of a URL',
  policy: read,
  shapes: () => ({
    body: z.strictObject(Address()),
    answers: { 200: z.object({ suppression: z.nullable(Suppression()) }) },
  }),
})
export const unsuppress = operation({
  id: 'notifications.suppressions.remove',
  method: 'POST',
  path: '/v1/suppressions/remove',
  summary: 'Take an address off the list',
  policy: act,
  shapes: () => ({
    body: z.strictObject(Address()),
    answers: { 200: z.object({ removed: z.boolean() }) },
  }),
})
export const getPreferences = operation({
  id: 'notifications.preferences.get',
  method: 'GET',
  path: '/v1/users/:id/preferences',
  summary: 'Read what a user wants to hear',
  policy: read,
  shapes: () => ({ answers: { 200: named('Preferences', z.looseObject({})) } }),
})
export const updatePreferences = operation({
  id: 'notifications.preferences.update',
  method: 'PATCH',
  path: '/v1/users/:id/preferences',
  summary: 'Change what is given of what a user wants to hear',
  policy: write,
  shapes: () => ({
    body: judgedByService(z.looseObject({ locale: z.optional(z.string()) })),
    answers: { 200: z.looseObject({}) },
  }),
})
