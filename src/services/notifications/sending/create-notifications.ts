import { checkOptions, checkParts } from '../../../primitives/check-options.ts'
import { checkDuration, checkInteger } from '../../../primitives/check-range.ts'
import { systemClock } from '../../../runtime/ports/platform/clock.ts'
import { systemFetch } from '../../../runtime/ports/platform/fetch-client.ts'
import { systemRandom } from '../../../runtime/ports/platform/random-source.ts'
import { readMailbox } from '../addresses/mailbox.ts'
import { createDeliver } from '../delivery/deliver.ts'
import { createGate } from '../delivery/gate.ts'
import {
  createProviderPool,
  type ProviderEntry,
  type ProviderPool,
} from '../delivery/provider-pool.ts'
import { createTokenStore } from '../delivery/token-store.ts'
import { NotificationError } from '../notification-error.ts'
import { createDevices } from '../preferences/devices.ts'
import { checkCaps } from '../preferences/frequency-caps.ts'
import { createPreferences } from '../preferences/preferences.ts'
import type { ChatProvider, Provider } from '../providers/provider.ts'
import { createNotificationProcessor } from '../queue/job-run.ts'
import { createOwnQueue } from '../queue/notification-queue.ts'
import { createSuppressions } from '../suppression/suppressions.ts'
import type { Templates } from '../templates/templates.ts'
import { createMessageLog } from '../tracking/message-log.ts'
import { trackedMessage } from '../tracking/tracked-message.ts'
import { createPrepare, type Pools } from './prepare.ts'
import { createSender } from './sender.ts'
import type { NotificationParts } from './notification-parts.ts'
import type { NotificationsOptions } from './notifications-options.ts'
import type { Notifications } from './notifications.ts'

const OPTIONS = [
  'from',
  'email',
  'sms',
  'push',
  'chat',
  'inbox',
  'templates',
  'engine',
  'links',
  'webhooks',
  'caps',
  'softBounces',
  'breaker',
  'timeout',
  'retention',
  'queue',
  'onEvent',
  'onError',
  'fetch',
  'clock',
  'random',
] as const

const ACTION = 'create notifications'
const DAY_MS = 86_400_000
const TEN_YEARS_MS = 315_576_000_000

/**
 * Sends notifications by e-mail, SMS, push and chat through providers that stand in for one
 * another, and knows what became of each.
 *
 * @example
 * const notifications = createNotifications({
 *   backend,
 *   from: 'Shop <shop@example.com>',
 *   email: [sendgrid({ apiKey: env.SENDGRID_KEY }), resend({ apiKey: env.RESEND_KEY })],
 * })
 * const { id } = await notifications.sendEmail({
 *   to: 'ann@example.com',
 *   subject: 'Hi',
 *   text: 'Hello',
 * })
 * const { status } = await notifications.trackDelivery(id)
 *
 * @throws TypeError or RangeError when an option is malformed
 */
export function createNotifications(options: NotificationsOptions): Notifications {
  checkOptions(ACTION, options, ['backend'], OPTIONS)
  const { backend, clock = systemClock, random = systemRandom, fetch = systemFetch } = options
  checkParts(ACTION, 'backend', backend, ['store', 'jobStore', 'rateLimits', 'waker'])
  const { from, links, webhooks = {}, onError = () => undefined } = options
  // Read again with each message; here so that a deploy with a wrong one fails at once.
  if (from !== undefined) readMailbox('from', from, 'invalid_request')
  const { store } = backend
  const timeoutMs = checkDuration(ACTION, 'timeout', options.timeout ?? '30s', 100, 300_000)
  const retention = options.retention ?? '30d'
  const retentionMs = checkDuration(ACTION, 'retention', retention, 3_600_000, TEN_YEARS_MS)
  const context = { fetch, clock, random, tokens: createTokenStore({ store, clock, random }) }
  const pools = createPools(options, { backend, context, timeoutMs })
  const suppressions = createSuppressions({ store, clock, softBounces: softBouncesOf(options) })
  const preferences = createPreferences(store)
  const log = createMessageLog({ store, clock, random, retentionMs })
  const queue = options.queue ?? createOwnQueue(backend)
  const caps = checkCaps(options.caps ?? [])
  const gate = createGate({ store, clock, suppressions, preferences, caps })
  const deliver = createDeliver({ gate, log, suppressions, clock, random, timeoutMs, onError })
  const registry = options.templates ?? []
  let templates: Templates | undefined

  /** The code of templates is loaded when the first message names one. */
  async function loadTemplates(): Promise<Templates> {
    const { createTemplates } = await import('../templates/templates.ts')
    return (templates ??= createTemplates(registry, options.engine))
  }

  const prepare = createPrepare({ from, pools, templates: loadTemplates, links })
  const sender = createSender({ prepare, deliver, log, queue, clock, random })
  const parts: NotificationParts = {
    backend,
    pools,
    sender,
    prepare,
    gate,
    log,
    queue,
    suppressions,
    preferences,
    devices: createDevices(store, clock),
    templates: loadTemplates,
    inbox: options.inbox ?? null,
    links: links ?? null,
    webhooks: { ...webhooks },
    onEvent: options.onEvent ?? null,
    onError,
    clock,
    random,
    retentionMs,
    timeoutMs,
  }
  const processor = createNotificationProcessor(
    {
      run: async (job, run) => (await import('./run-job.ts')).runJob(parts, job, run),
    },
    random,
  )
  return {
    name: 'notifications',
    processors: options.queue === undefined ? [processor] : [],
    sendEmail: (message) => sender.send('email', message),
    sendSMS: (message) => sender.send('sms', message),
    sendPush: (message) => sender.send('push', message),
    sendChat: (message) => sender.send('chat', message),
    async notify(user, template, data, given) {
      const { notify } = await import('./notify.ts')
      return notify(parts, user, template, data, given)
    },
    async *sendBulk(messages, given) {
      const { sendBulk } = await import('./send-bulk.ts')
      yield* sendBulk(parts, messages, given)
    },
    // The overloads say which of both a text gives.
    renderTemplate: (async (template: never, data: unknown, given: object | undefined) => {
      const { renderTemplate } = await import('./render-template.ts')
      return renderTemplate(await loadTemplates(), template, data, given)
    }) as Notifications['renderTemplate'],
    async trackDelivery(id) {
      const record = await log.get(checkId(id))
      if (record !== null) return trackedMessage(id, record)
      throw new NotificationError('not_found', 'Cannot track message: none has this id')
    },
    async cancel(id) {
      const { cancelMessage } = await import('./cancel-message.ts')
      return cancelMessage(parts, checkId(id))
    },
    async *list(query) {
      const { listMessages } = await import('../tracking/list-messages.ts')
      yield* listMessages(store, query)
    },
    async analyze(query) {
      const { analyzeMessages } = await import('../tracking/analyze-messages.ts')
      return analyzeMessages(store, query)
    },
    suppressions,
    preferences,
    devices: parts.devices,
    async handleWebhook(provider, request) {
      const { handleProviderWebhook } = await import('./handle-provider-webhook.ts')
      return handleProviderWebhook(parts, provider, request)
    },
    async handleLink(request) {
      const { handleLink } = await import('./handle-link.ts')
      return handleLink(parts, request)
    },
    async runJob(job, run) {
      const { runQueued } = await import('./run-queued.ts')
      return runQueued(parts, job, run)
    },
    async run(given) {
      const { createWorker } = await import('./work.ts')
      await createWorker(parts, processor, given).run(given)
    },
    async drain(given = {}) {
      const { createWorker } = await import('./work.ts')
      return createWorker(parts, processor, given).drain()
    },
    async sweep() {
      const { sweepQueues } = await import('../../../runtime/workers/sweep-queues.ts')
      if (options.queue === undefined) await sweepQueues([processor], backend)
    },
    healthChecks: healthChecksOf(pools),
    async readMetrics() {
      const { readMetrics } = await import('./read-metrics.ts')
      return readMetrics(parts)
    },
  }
}

function checkId(id: unknown): string {
  if (typeof id === 'string' && /^ntf_[\w-]{22}$/.test(id)) return id
  throw new NotificationError('not_found', 'Cannot find message: its id is none of a message')
}

function softBouncesOf({ softBounces }: NotificationsOptions): {
  readonly limit: number
  readonly withinMs: number
} {
  const { limit, within } = softBounces ?? { limit: 5, within: '7d' }
  return {
    limit: checkInteger(ACTION, 'softBounces.limit', limit, 1, 100),
    withinMs: checkDuration(ACTION, 'softBounces.within', within, 1000, 365 * DAY_MS),
  }
}

type PoolContext = Pick<
  Parameters<typeof createProviderPool>[0],
  'backend' | 'context' | 'timeoutMs'
>

function createPools(
  { email, sms, push, chat = {}, breaker = {} }: NotificationsOptions,
  given: PoolContext,
): Pools {
  const shared = { ...given, breaker }
  const pool = <Sender extends Provider<never>>(
    channel: 'email' | 'sms' | 'push',
    entries: readonly ProviderEntry<Sender>[] | undefined,
  ): ProviderPool<Sender> | null =>
    entries === undefined || entries.length === 0
      ? null
      : createProviderPool({ ...shared, channel, entries: listOf(channel, entries) })
  return {
    email: pool('email', email),
    sms: pool('sms', sms),
    push: pool('push', push),
    chat: new Map(
      Object.entries(chat).map(([name, entry]) => {
        if (!/^[\w-]{1,60}$/.test(name))
          throw new TypeError(
            `Cannot ${ACTION}: chat has a name that is not 1 to 60 letters, digits, _ and -`,
          )
        const entries = isList<ProviderEntry<ChatProvider>>(entry) ? entry : [entry]
        return [name, createProviderPool({ ...shared, channel: 'chat', name, entries })]
      }),
    ),
  }
}

function listOf<Entry>(channel: string, entries: readonly Entry[]): readonly Entry[] {
  const given: unknown = entries
  if (!Array.isArray(given))
    throw new TypeError(`Cannot ${ACTION}: ${channel} is no list of providers`)
  return [...entries]
}

function isList<Entry>(entry: Entry | readonly Entry[]): entry is readonly Entry[] {
  return Array.isArray(entry)
}

/** A channel is well while one of its providers is not left alone. */
function healthChecksOf({ email, sms, push }: Pools): NonNullable<Notifications['healthChecks']> {
  const checks = Object.entries({ email, sms, push }).flatMap(([channel, pool]) =>
    pool === null
      ? []
      : [
          [
            `${channel} providers`,
            async (): Promise<void> => {
              if (pool.members.some(({ isWell }) => isWell())) return
              throw new NotificationError(
                'unavailable',
                `Cannot send ${channel}: every provider failed too often and is left alone for now`,
              )
            },
          ] as const,
        ],
  )
  return Object.fromEntries(checks)
}
