import { checkOptions, checkParts } from '../../../primitives/check-options.ts'
import { checkDuration, checkInteger } from '../../../primitives/check-range.ts'
import { keepLoaded, lateMethods } from '../../../primitives/late-methods.ts'
import type { JobProcessor } from '../../../runtime/ports/job-store/job-processor.ts'
import { systemRandom } from '../../../runtime/ports/platform/random-source.ts'
import type { MailboxInput } from '../addresses/mailbox.ts'
import { checkProviders } from '../delivery/check-providers.ts'
import { NotificationError } from '../notification-error.ts'
import { checkCaps } from '../preferences/check-caps.ts'
import type { Devices } from '../preferences/devices.ts'
import type { Preferences } from '../preferences/preferences.ts'
import type { ChatProvider } from '../providers/provider.ts'
import type { ProviderEntry } from '../delivery/provider-pool.ts'
import { isKnown, NOTIFICATION_QUEUE, readQueued } from '../queue/read-queued.ts'
import type { Suppressions } from '../suppression/suppressions.ts'
import type { CheckedOptions, CheckedProviders } from './create-parts.ts'
import type { MessageOf, SentChannel } from './prepare.ts'
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
  const checked = checkAll(options)
  const { random = systemRandom } = options
  // What is wrong with options is said at once; what sends is loaded with the first message.
  const load = keepLoaded(async () => {
    const { createParts } = await import('./create-parts.ts')
    return createParts(checked)
  })
  const loadProcessor = keepLoaded(async () => {
    const [{ createNotificationProcessor }, { runJob }] = await Promise.all([
      import('../queue/job-run.ts'),
      import('./run-job.ts'),
    ])
    const parts = await load()
    return createNotificationProcessor({ run: (job, run) => runJob(parts, job, run) }, random)
  })
  const knowsTemplate = (name: string): boolean =>
    Object.values(options.templates ?? []).some((template) => template.name === name)
  const processor: JobProcessor = {
    queue: NOTIFICATION_QUEUE,
    knows: ({ data }) => isKnown(readQueued(data), knowsTemplate),
    process: async (job, control) => (await loadProcessor()).process(job, control),
  }
  const send = async <Channel extends SentChannel>(
    channel: Channel,
    message: MessageOf[Channel],
  ): ReturnType<NotificationParts['sender']['send']> => (await load()).sender.send(channel, message)
  return {
    name: 'notifications',
    processors: options.queue === undefined ? [processor] : [],
    sendEmail: (message) => send('email', message),
    sendSMS: (message) => send('sms', message),
    sendPush: (message) => send('push', message),
    sendChat: (message) => send('chat', message),
    async notify(user, template, data, given) {
      const { notify } = await import('./notify.ts')
      return notify(await load(), user, template, data, given)
    },
    async *sendBulk(messages, given) {
      const { sendBulk } = await import('./send-bulk.ts')
      yield* sendBulk(await load(), messages, given)
    },
    // The overloads say which of both a text gives.
    renderTemplate: (async (template: never, data: unknown, given: object | undefined) => {
      const { renderTemplate } = await import('./render-template.ts')
      return renderTemplate(await (await load()).templates(), template, data, given)
    }) as Notifications['renderTemplate'],
    async trackDelivery(id) {
      const { trackMessage } = await import('./track-message.ts')
      return trackMessage(await load(), checkId(id))
    },
    async cancel(id) {
      const { cancelMessage } = await import('./cancel-message.ts')
      return cancelMessage(await load(), checkId(id))
    },
    async *list(query) {
      const { listMessages } = await import('../tracking/list-messages.ts')
      yield* listMessages(options.backend.store, query)
    },
    async analyze(query) {
      const { analyzeMessages } = await import('../tracking/analyze-messages.ts')
      return analyzeMessages(options.backend.store, query)
    },
    suppressions: {
      ...lateMethods<Omit<Suppressions, 'list'>>(
        { add: true, remove: true, find: true },
        async () => (await load()).suppressions,
      ),
      async *list() {
        yield* (await load()).suppressions.list()
      },
    },
    preferences: lateMethods<Preferences>(
      { get: true, update: true, delete: true },
      async () => (await load()).preferences,
    ),
    devices: lateMethods<Devices>(
      { add: true, list: true, remove: true },
      async () => (await load()).devices,
    ),
    async handleWebhook(provider, request) {
      const { handleProviderWebhook } = await import('./handle-provider-webhook.ts')
      return handleProviderWebhook(await load(), provider, request)
    },
    async handleLink(request) {
      const { handleLink } = await import('./handle-link.ts')
      return handleLink(await load(), request)
    },
    async runJob(job, run) {
      const { runQueued } = await import('./run-queued.ts')
      return runQueued(await load(), job, run)
    },
    async run(given) {
      const { createWorker } = await import('./work.ts')
      await createWorker(await load(), processor, given).run(given)
    },
    async drain(given = {}) {
      const { createWorker } = await import('./work.ts')
      return createWorker(await load(), processor, given).drain()
    },
    async sweep() {
      const { sweepQueues } = await import('../../../runtime/workers/sweep-queues.ts')
      if (options.queue === undefined) await sweepQueues([processor], options.backend)
    },
    healthChecks: healthChecksOf(checked.providers, load),
    async readMetrics() {
      const { readMetrics } = await import('./read-metrics.ts')
      return readMetrics(await load())
    },
  }
}

function checkId(id: unknown): string {
  if (typeof id === 'string' && /^ntf_[\w-]{22}$/.test(id)) return id
  throw new NotificationError('not_found', 'Cannot find message: its id is none of a message')
}

function checkAll(options: NotificationsOptions): CheckedOptions {
  checkOptions(ACTION, options, ['backend'], OPTIONS)
  const { backend, from, softBounces, timeout = '30s', retention = '30d' } = options
  checkParts(ACTION, 'backend', backend, ['store', 'jobStore', 'rateLimits', 'waker'])
  if (from !== undefined) checkFrom(from)
  if (softBounces !== undefined) checkOptions(ACTION, softBounces, ['limit', 'within'])
  const { limit, within } = softBounces ?? { limit: 5, within: '7d' }
  checkBreaker(options.breaker ?? {})
  return {
    given: options,
    timeoutMs: checkDuration(ACTION, 'timeout', timeout, 100, 300_000),
    retentionMs: checkDuration(ACTION, 'retention', retention, 3_600_000, TEN_YEARS_MS),
    softBounces: {
      limit: checkInteger(ACTION, 'softBounces.limit', limit, 1, 100),
      withinMs: checkDuration(ACTION, 'softBounces.within', within, 1000, 365 * DAY_MS),
    },
    caps: checkCaps(options.caps ?? []),
    providers: checkAllProviders(options),
  }
}

/** Read whole with each message; with what is clearly none a deploy fails at once. */
function checkFrom(from: MailboxInput | null): void {
  const email: unknown =
    typeof from === 'string' ? from.replace(/^.*<(.*)>\s*$/, '$1') : from?.email
  if (typeof email === 'string' && /^[^\s@<>]+@[^\s@<>]+\.[^\s@<>.]+$/.test(email.trim())) return
  throw new NotificationError(
    'invalid_request',
    `Cannot ${ACTION}: from is no e-mail address, as in shop@example.com or Shop <shop@example.com>`,
  )
}

/** Made with the first message; what is wrong with it is said now. */
function checkBreaker(breaker: NonNullable<NotificationsOptions['breaker']>): void {
  checkOptions(ACTION, breaker, [], ['failureThreshold', 'resetTimeout'])
  const { failureThreshold = 5, resetTimeout = '30s' } = breaker
  checkInteger(ACTION, 'breaker.failureThreshold', failureThreshold, 1, 1_000_000)
  checkDuration(ACTION, 'breaker.resetTimeout', resetTimeout, 10, DAY_MS)
}

function checkAllProviders({
  email = [],
  sms = [],
  push = [],
  chat = {},
}: NotificationsOptions): CheckedProviders {
  return {
    email: checkProviders('email', email),
    sms: checkProviders('sms', sms),
    push: checkProviders('push', push),
    chat: new Map(
      Object.entries(chat).map(([name, entry]) => {
        if (!/^[\w-]{1,60}$/.test(name))
          throw new TypeError(
            `Cannot ${ACTION}: chat has a name that is not 1 to 60 letters, digits, _ and -`,
          )
        const entries = isList<ProviderEntry<ChatProvider>>(entry) ? entry : [entry]
        return [name, checkProviders('chat', entries)]
      }),
    ),
  }
}

function isList<Entry>(entry: Entry | readonly Entry[]): entry is readonly Entry[] {
  return Array.isArray(entry)
}

/** A channel is well while one of its providers is not left alone. */
function healthChecksOf(
  providers: CheckedProviders,
  load: () => Promise<NotificationParts>,
): NonNullable<Notifications['healthChecks']> {
  const checks = (['email', 'sms', 'push'] as const)
    .filter((channel) => providers[channel].length > 0)
    .map(
      (channel) =>
        [
          `${channel} providers`,
          async (): Promise<void> => {
            const pool = (await load()).pools[channel]
            if (pool?.members.some(({ isWell }) => isWell()) === true) return
            throw new NotificationError(
              'unavailable',
              `Cannot send ${channel}: every provider failed too often and is left alone for now`,
            )
          },
        ] as const,
    )
  return Object.fromEntries(checks)
}
