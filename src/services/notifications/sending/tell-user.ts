import type { Channel } from '../channels/channel.ts'
import { CHANNELS } from '../channels/channel.ts'
import type { PushTarget } from '../channels/push-message.ts'
import { NotificationError } from '../notification-error.ts'
import { deviceIdOf, type Device } from '../preferences/devices.ts'
import { queuedJob } from '../queue/enqueue-message.ts'
import type { NotificationTemplate } from '../templates/template.ts'
import type { SendOptions, Untyped } from './messages.ts'
import type { NotificationParts } from './notification-parts.ts'
import type { ChannelResult, NotifyResult, NotifyUser } from './notify-user.ts'
import { partKey, taskJson, type Escalation, type UserTask } from './user-task.ts'

/** Tells a user on one channel after the other, as the task has it. */
export async function tellUser(
  parts: NotificationParts,
  task: UserTask,
  template: NotificationTemplate,
): Promise<Omit<NotifyResult, 'id' | 'sendAt'>> {
  const channels = await channelsFor(parts, task, template)
  const results: ChannelResult[] = []
  for (const [index, channel] of channels.entries()) {
    const told = await tellOn(parts, task, template, channel)
    results.push(...told)
    if (task.mode === 'all' || !told.some(isTold)) continue
    if (task.mode === 'escalate' && index < channels.length - 1) {
      const escalation = { task, left: channels.slice(index + 1), told: toldOf(told) }
      await escalateLater(parts, escalation)
    }
    break
  }
  const status = results.some((result) => result.status === 'sent')
    ? 'sent'
    : results.some((result) => result.status === 'queued')
      ? 'queued'
      : 'none'
  return { status, results }
}

/** Tells a user on one channel: on each of several devices for pushes. */
export async function tellOn(
  parts: NotificationParts,
  task: UserTask,
  template: NotificationTemplate,
  channel: Channel,
): Promise<readonly ChannelResult[]> {
  const { user } = task
  const shared = async (): Promise<Untyped<SendOptions>> => ({
    ...(await optionsFor(parts, task, channel)),
    // The template itself: one that is not registered can be told now, though not later.
    template,
  })
  switch (channel) {
    case 'email':
      return [
        await attempt(channel, async () =>
          parts.sender.send('email', { ...(await shared()), to: user.email ?? '' }),
        ),
      ]
    case 'sms':
      return [
        await attempt(channel, async () =>
          parts.sender.send('sms', { ...(await shared()), to: user.phone ?? '' }),
        ),
      ]
    case 'chat':
      return [
        await attempt(channel, async () =>
          parts.sender.send('chat', { ...(await shared()), to: user.chat ?? '' }),
        ),
      ]
    case 'push':
      return tellDevices(parts, task, template)
    case 'inbox':
      return [await attempt(channel, () => putIntoInbox(parts, task, template))]
  }
}

/**
 * The channels to try, in their order: those that the template is for and the user can be reached
 * on.
 */
async function channelsFor(
  parts: NotificationParts,
  { user, channels }: UserTask,
  { definition }: NotificationTemplate,
): Promise<readonly Channel[]> {
  const { order = [] } = channels === null ? await parts.preferences.get(user.id) : {}
  const wanted = channels ?? [...new Set([...order, ...declared(definition)])]
  const reachable = await Promise.all(
    wanted.map(async (channel) => {
      if (definition[channel] === undefined) return false
      switch (channel) {
        case 'email':
          return parts.pools.email !== null && user.email !== undefined
        case 'sms':
          return parts.pools.sms !== null && user.phone !== undefined
        case 'chat':
          return user.chat !== undefined
        case 'push':
          return parts.pools.push !== null && (await devicesOf(parts, user)).length > 0
        case 'inbox':
          return parts.inbox !== null
      }
    }),
  )
  return wanted.filter((_, index) => reachable[index] === true)
}

/** In the order in which the template names them. */
function declared(definition: object): readonly Channel[] {
  return Object.keys(definition).flatMap(
    (name) => CHANNELS.find((channel) => channel === name) ?? [],
  )
}

async function tellDevices(
  parts: NotificationParts,
  task: UserTask,
  template: NotificationTemplate,
): Promise<readonly ChannelResult[]> {
  const devices = await devicesOf(parts, task.user)
  return Promise.all(
    devices.map(async (device) => {
      const { target } = device
      const options = await optionsFor(parts, task, `push ${device.id}`)
      const result = await attempt(
        'push',
        () =>
          parts.sender.send('push', {
            ...options,
            template,
            ...('token' in target
              ? {
                  token: target.token,
                  ...(target.provider !== undefined && { provider: target.provider }),
                }
              : { subscription: target }),
          }),
        (error) => forgetGone(parts, task.user, device, error),
      )
      return { ...result, deviceId: device.id }
    }),
  )
}

async function devicesOf(parts: NotificationParts, user: NotifyUser): Promise<readonly Device[]> {
  if (user.devices === undefined) return parts.devices.list(user.id)
  return Promise.all(
    user.devices.map(async (target: PushTarget) => ({
      id: await deviceIdOf(target),
      target,
      registeredAt: 0,
    })),
  )
}

/** Forgets a device that its vendor says is no more, unless it was registered again since. */
async function forgetGone(
  parts: NotificationParts,
  user: NotifyUser,
  device: Device,
  { recipient, recipientSince }: NotificationError,
): Promise<void> {
  if (recipient !== 'gone') return
  if (recipientSince !== null && device.registeredAt > recipientSince) return
  await parts.devices.remove(user.id, device.id)
}

async function putIntoInbox(
  parts: NotificationParts,
  task: UserTask,
  template: NotificationTemplate,
): ReturnType<NotificationParts['sender']['send']> {
  const { user } = task
  const { definition } = template
  const category = task.category ?? definition.category ?? null
  const critical = task.critical ?? definition.critical ?? false
  const options = await optionsFor(parts, task, 'inbox')
  const id = String(options.idempotencyKey)
  const question = { id, channel: 'inbox', recipients: [], primary: 0, critical } as const
  const gated = { ...question, category, userId: user.id }
  const base = {
    id,
    provider: null,
    providerMessageId: null,
    kept: false,
    sendAt: null,
  } as const
  const verdict = await parts.gate.ask(gated)
  if (verdict.kind === 'stop') return { ...base, status: verdict.status, reason: verdict.reason }
  if (!(await parts.gate.takeRoom(gated)))
    return { ...base, status: 'skipped', reason: 'frequency_cap' }
  const templates = await parts.templates()
  const locale = options.locale ?? null
  const { inbox } = await templates.render(template, task.data, { locale, only: 'inbox' })
  const item = await parts.inbox?.create(
    user.id,
    { title: '', ...inbox, category },
    { idempotencyKey: id },
  )
  return { ...base, id: item?.id ?? id, status: 'sent', provider: 'inbox', reason: null }
}

async function optionsFor(
  parts: NotificationParts,
  task: UserTask,
  part: string,
): Promise<Untyped<SendOptions>> {
  const { user, data, key, category, critical, duplicates } = task
  const locale = user.locale ?? (await parts.preferences.get(user.id)).locale
  return {
    data,
    userId: user.id,
    duplicates,
    idempotencyKey: await partKey('notify', key, user.id, part),
    ...(locale !== undefined && { locale }),
    ...(category !== null && { category }),
    ...(critical !== null && { critical }),
  }
}

async function attempt(
  channel: Channel,
  send: () => ReturnType<NotificationParts['sender']['send']>,
  onError: (error: NotificationError) => Promise<void> = async () => undefined,
): Promise<ChannelResult> {
  try {
    return { channel, ...(await send()) }
  } catch (error) {
    if (!(error instanceof NotificationError)) throw error
    await onError(error)
    return { channel, status: 'failed', error: { code: error.code, message: error.message } }
  }
}

function isTold({ status }: ChannelResult): boolean {
  return status === 'sent' || status === 'queued'
}

export function toldOf(results: readonly ChannelResult[]): Escalation['told'] {
  return results.flatMap((result) =>
    'id' in result && isTold(result) ? [{ channel: result.channel, id: result.id }] : [],
  )
}

async function escalateLater(parts: NotificationParts, escalation: Escalation): Promise<void> {
  const { task, left, told } = escalation
  const id = await partKey('escalate', task.key, task.user.id)
  const work = { task: taskJson(task), left: [...left], told: told.map((each) => ({ ...each })) }
  await parts.queue.addBulk([queuedJob('escalate', id, work, task.afterMs)])
}
