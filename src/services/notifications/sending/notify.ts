import { checkOptions } from '../../../primitives/check-options.ts'
import { checkDuration, checkInteger } from '../../../primitives/check-range.ts'
import { CHANNELS, isChannel, type Channel } from '../channels/channel.ts'
import { NotificationError } from '../notification-error.ts'
import { checkUserId } from '../preferences/user-partition.ts'
import { queuedJob } from '../queue/enqueue-message.ts'
import { checkKey } from '../tracking/check-key.ts'
import { messageIdOf } from '../tracking/message-log.ts'
import { checkCategory } from '../suppression/check-category.ts'
import type { NotificationTemplate } from '../templates/template.ts'
import { checkSendOptions } from './check-send-options.ts'
import type { NotificationParts } from './notification-parts.ts'
import type { NotifyOptions, NotifyResult, NotifyUser } from './notify-user.ts'
import { tellUser } from './tell-user.ts'
import { taskJson, type UserTask } from './user-task.ts'

const OPTIONS = [
  'channels',
  'mode',
  'after',
  'until',
  'idempotencyKey',
  'duplicates',
  'category',
  'critical',
  'sendAt',
  'queued',
  'digest',
] as const
const DAY_MS = 86_400_000
const MOST_DEVICES = 50

/** Tells a user something, now, later, or together with more. */
export async function notify(
  parts: NotificationParts,
  user: NotifyUser,
  template: string | NotificationTemplate<string, never>,
  data: unknown,
  options: NotifyOptions = {},
): Promise<NotifyResult> {
  checkOptions('notify', options, [], OPTIONS)
  checkSendOptions(options)
  const { idempotencyKey, sendAt, queued = false, digest } = options
  if (digest !== undefined) checkOptions('notify', digest, ['window'], ['key', 'most'])
  const templates = await parts.templates()
  const found = templates.find(template)
  const id = await messageIdOf(
    idempotencyKey === undefined ? null : `notify:${checkKey(idempotencyKey)}`,
    parts.random,
  )
  const task = taskOf(user, found, data, options, idempotencyKey ?? id)
  if (digest !== undefined) {
    const { joinDigest } = await import('./digest.ts')
    await requireKnown(parts, found)
    const { key = found.name, window, most = 100 } = digest
    const sendAtMs = await joinDigest(parts, {
      task,
      itemId: id,
      key,
      windowMs: checkDuration('notify', 'digest.window', window, 1000, 30 * DAY_MS),
      most: checkInteger('notify', 'digest.most', most, 1, 500),
    })
    return { id, status: 'queued', results: [], sendAt: sendAtMs }
  }
  // What does not fit the template is told at the call, also when it is to wait.
  await templates.render(found, data, { locale: user.locale ?? null })
  const now = parts.clock.now()
  const at = sendAt === undefined ? now : Number(sendAt)
  if (!(at <= now + 366 * DAY_MS))
    throw new RangeError('Cannot notify: sendAt is no instant up to a year ahead')
  if (queued || at > now) {
    await requireKnown(parts, found)
    await parts.queue.addBulk([queuedJob('notify', id, taskJson(task), at - now)])
    return { id, status: 'queued', results: [], sendAt: Math.max(at, now) }
  }
  return { id, ...(await tellUser(parts, task, found)), sendAt: null }
}

function taskOf(
  user: NotifyUser,
  template: NotificationTemplate,
  data: unknown,
  options: NotifyOptions,
  key: string,
): UserTask {
  checkOptions('notify', user, ['id'], ['email', 'phone', 'devices', 'chat', 'locale'])
  checkUserId(user.id)
  for (const name of ['phone', 'chat', 'locale'] as const)
    if (user[name] !== undefined && typeof user[name] !== 'string')
      throw refusal(`${name} of the user is a ${typeof user[name]}, text expected`)
  const { channels, mode = 'first', after = '10m', until = 'opened' } = options
  if (channels !== undefined && !(Array.isArray(channels) && channels.every(isChannel)))
    throw refusal(`channels is no list of ${CHANNELS.join(', ')}`)
  if (!['first', 'all', 'escalate'].includes(mode))
    throw refusal("mode is neither 'first', 'all' nor 'escalate'")
  if (!['sent', 'delivered', 'opened'].includes(until))
    throw refusal("until is neither 'sent', 'delivered' nor 'opened'")
  const devices: unknown = user.devices
  const isList = Array.isArray(devices) && devices.length <= MOST_DEVICES
  if (devices !== undefined && !(isList && devices.every(isObject)))
    throw refusal(`devices is no list of up to ${MOST_DEVICES} tokens and subscriptions`)
  const { category, critical, duplicates = 'avoid' } = options
  return {
    user,
    template: template.name,
    data,
    channels: channels === undefined ? null : [...new Set<Channel>(channels)],
    mode,
    afterMs: checkDuration('notify', 'after', after, 1000, 30 * DAY_MS),
    until,
    key,
    category: category === undefined ? null : checkCategory(category),
    critical: critical ?? null,
    duplicates,
  }
}

/** A job carries a template's name, and its worker has to know it. */
async function requireKnown(
  parts: NotificationParts,
  { name }: NotificationTemplate,
): Promise<void> {
  const templates = await parts.templates()
  templates.find(name)
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

function refusal(fault: string): NotificationError {
  return new NotificationError('invalid_request', `Cannot notify: ${fault}`)
}
