import { checkOptions } from '../../../primitives/check-options.ts'
import { keepLoaded } from '../../../primitives/late-methods.ts'
import type { MailboxInput } from '../addresses/mailbox.ts'
import type { Channel } from '../channels/channel.ts'
import type { OutgoingEmail } from '../channels/email-message.ts'
import { readEmail, type CheckedEmail } from '../channels/read-email.ts'
import type { Delivery, ReadyProvider } from '../delivery/delivery.ts'
import type { PoolMember, ProviderPool } from '../delivery/provider-pool.ts'
import { NotificationError } from '../notification-error.ts'
import type {
  ChatProvider,
  EmailProvider,
  Provider,
  ProviderContext,
  ProviderReceipt,
  PushProvider,
  SmsProvider,
} from '../providers/provider.ts'
import { checkCategory } from '../suppression/check-category.ts'
import { checkUserId } from '../preferences/user-partition.ts'
import type { NotificationTemplate } from '../templates/template.ts'
import type { RenderedTemplate, Templates } from '../templates/templates.ts'
import type { LinkWriter } from '../tracking/link-writer.ts'
import {
  SEND_OPTIONS,
  type ChatMessage,
  type EmailMessage,
  type PushMessage,
  type SendOptions,
  type SmsMessage,
  type Untyped,
} from './messages.ts'

/** A message that was checked and rendered, but for its id and how it is sent. */
export type Prepared = Pick<
  Delivery,
  'channel' | 'recipients' | 'primary' | 'template' | 'category' | 'userId' | 'critical'
> & {
  /** The providers to ask, with the message as it is under this id. */
  ready(id: string): readonly ReadyProvider[]
  /** An e-mail for who sends several in one request; `null` for other channels. */
  readonly email: PreparedEmail | null
}

/** An e-mail that was checked and rendered, with the providers that take it. */
export interface PreparedEmail {
  readonly members: readonly PoolMember<EmailProvider>[]
  /** The e-mail as it is under this id, to those recipients that are left. */
  compose(id: string, left: readonly string[]): Promise<OutgoingEmail>
}

/** What {@link createPrepare} needs. */
export interface PrepareOptions {
  readonly from: MailboxInput | undefined
  readonly pools: Pools
  /** Loaded when the first message names a template. */
  readonly templates: () => Promise<Templates>
  readonly links: LinkWriter | undefined
}

/** The providers of each channel; `null` for one that has none. */
export interface Pools {
  readonly email: ProviderPool<EmailProvider> | null
  readonly sms: ProviderPool<SmsProvider> | null
  readonly push: ProviderPool<PushProvider> | null
  readonly chat: ReadonlyMap<string, ProviderPool<ChatProvider>>
}

/** A message of one of the channels that have providers. */
export interface MessageOf {
  readonly email: Untyped<EmailMessage>
  readonly sms: Untyped<SmsMessage>
  readonly push: Untyped<PushMessage>
  readonly chat: Untyped<ChatMessage>
}

/** A channel that has providers. */
export type SentChannel = keyof MessageOf

const EMAIL_FIELDS = [
  'cc',
  'bcc',
  'from',
  'replyTo',
  'subject',
  'html',
  'text',
  'attachments',
  'headers',
  'tags',
  'trackOpens',
  'trackClicks',
] as const
const SMS_FIELDS = ['from', 'message', 'mediaUrls', 'normalize', 'maxSegments'] as const
const PUSH_FIELDS = [
  'token',
  'subscription',
  'title',
  'body',
  'payload',
  'url',
  'image',
  'collapseKey',
  'ttlSeconds',
  'urgency',
  'badge',
  'sound',
] as const
const CHAT_FIELDS = ['text', 'title', 'url'] as const

const loadSms = keepLoaded(() => import('../channels/read-sms.ts'))
const loadPush = keepLoaded(() => import('../channels/read-push.ts'))
const loadChat = keepLoaded(() => import('../channels/read-chat.ts'))

/** Checks and renders messages of each channel. */
export function createPrepare(options: PrepareOptions): {
  readonly [Channel in SentChannel]: (message: MessageOf[Channel]) => Promise<Prepared>
} {
  const { from, pools, links } = options

  async function render(
    message: Untyped<SendOptions>,
    only: Channel,
  ): Promise<{
    readonly template: NotificationTemplate | null
    readonly rendered: Partial<RenderedTemplate>
  }> {
    if (message.template === undefined) {
      if (message.data !== undefined)
        throw new NotificationError(
          'invalid_request',
          `Cannot send ${only}: data is there and no template that would show it`,
        )
      return { template: null, rendered: {} }
    }
    const templates = await options.templates()
    const template = templates.find(message.template)
    if (template.definition[only] === undefined)
      throw new NotificationError(
        'invalid_request',
        `Cannot send ${only}: the template ${JSON.stringify(template.name)} says nothing for it`,
      )
    const { locale = null, data } = message
    return { template, rendered: await templates.render(template, data, { locale, only }) }
  }

  return {
    async email(message) {
      checkOptions('send e-mail', message, ['to'], [...EMAIL_FIELDS, ...SEND_OPTIONS])
      const pool = poolOf('e-mail', pools.email, 'email: [sendgrid({ apiKey })]')
      const { template, rendered } = await render(message, 'email')
      const { from: sender, subject, html, text, replyTo } = rendered
      const email = await readEmail(
        {
          ...(sender !== undefined && { from: sender }),
          ...(subject !== undefined && { subject }),
          ...(html !== undefined && { html }),
          ...(text !== undefined && { text }),
          ...(replyTo !== undefined && { replyTo }),
          ...message,
        },
        from,
      )
      const recipients = [...email.to, ...email.cc, ...email.bcc].map((mailbox) => mailbox.email)
      const meta = metaOf(message, template)
      const tracking = trackingOf(message, template, email, links)
      const inOrder = choose('e-mail', pool, message.provider, recipients[0] ?? '')
      const members = fitting(email, inOrder)
      // Links are written once for an id, whichever providers are asked.
      let written: { readonly id: string; readonly email: CheckedEmail } | undefined
      const compose: PreparedEmail['compose'] = async (id, left) => {
        if (written?.id !== id)
          written = { id, email: await withLinks(email, id, meta, tracking, links) }
        return addressed(written.email, id, left, tracking)
      }
      return {
        ...meta,
        channel: 'email',
        recipients,
        primary: email.to.length,
        email: { members, compose },
        ready: (id) =>
          members.map((member) =>
            readyOf(member, async (provider, left, context) =>
              provider.send(await compose(id, left), context),
            ),
          ),
      }
    },
    async sms(message) {
      checkOptions('send SMS', message, ['to'], [...SMS_FIELDS, ...SEND_OPTIONS])
      const pool = poolOf('SMS', pools.sms, 'sms: [twilio({ accountSid, authToken })]')
      const { template, rendered } = await render(message, 'sms')
      const { readSms } = await loadSms()
      const sms = await readSms({
        ...(rendered.sms !== undefined && { message: rendered.sms }),
        ...message,
      })
      return {
        ...metaOf(message, template),
        channel: 'sms',
        recipients: [sms.to],
        primary: 1,
        email: null,
        ready: (id) =>
          choose('SMS', pool, message.provider, sms.to).map((member) =>
            readyOf(member, (provider, _left, context) => provider.send({ ...sms, id }, context)),
          ),
      }
    },
    async push(message) {
      checkOptions('send push', message, [], [...PUSH_FIELDS, ...SEND_OPTIONS])
      const pool = poolOf('push', pools.push, 'push: [fcm({ serviceAccount })]')
      const { template, rendered } = await render(message, 'push')
      const { readPush } = await loadPush()
      const push = readPush({ ...rendered.push, ...message }, message.provider)
      const takers = choose('push', pool, message.provider, '').filter(({ provider }) =>
        provider.takes(push.target),
      )
      // A token does not say whose it is, and is worth nothing to another vendor.
      if (takers.length !== 1)
        throw new NotificationError(
          'invalid_request',
          takers.length === 0
            ? 'Cannot send push: no provider takes such a target'
            : `Cannot send push: ${takers.map(({ provider }) => provider.name).join(' and ')} take such a target, name one as provider`,
        )
      return {
        ...metaOf(message, template),
        channel: 'push',
        recipients: [],
        primary: 0,
        email: null,
        ready: (id) =>
          takers.map((member) =>
            readyOf(member, (provider, _left, context) => provider.send({ ...push, id }, context)),
          ),
      }
    },
    async chat(message) {
      checkOptions('send chat message', message, ['to'], [...CHAT_FIELDS, ...SEND_OPTIONS])
      const pool = pools.chat.get(message.to)
      if (pool === undefined)
        throw new NotificationError(
          'invalid_recipient',
          `Cannot send chat message: createNotifications({ chat }) has no ${JSON.stringify(String(message.to).slice(0, 60))}, it has ${[...pools.chat.keys()].join(', ') || 'none'}`,
        )
      const { template, rendered } = await render(message, 'chat')
      const { readChat } = await loadChat()
      const chat = readChat({ ...rendered.chat, ...message })
      return {
        ...metaOf(message, template),
        channel: 'chat',
        recipients: [message.to],
        primary: 1,
        email: null,
        ready: (id) =>
          choose('chat message', pool, message.provider, message.to).map((member) =>
            readyOf(member, (provider, _left, context) => provider.send({ ...chat, id }, context)),
          ),
      }
    },
  }
}

/** A provider of a pool with what it is to do. */
export function readyOf<Sender extends Provider<never>>(
  { provider, call }: PoolMember<Sender>,
  send: (
    provider: Sender,
    left: readonly string[],
    context: ProviderContext,
  ) => Promise<ProviderReceipt>,
): ReadyProvider {
  return {
    name: provider.name,
    idempotent: provider.idempotent === true,
    send: (left, signal) =>
      call((sender, context) => send(sender, left, context), { signal, cost: 1 }),
  }
}

function metaOf(
  { category, critical, userId }: Untyped<SendOptions>,
  template: NotificationTemplate | null,
): Pick<Prepared, 'template' | 'category' | 'userId' | 'critical'> {
  const chosen = category ?? template?.definition.category
  return {
    template: template?.name ?? null,
    category: chosen === undefined ? null : checkCategory(chosen),
    userId: userId === undefined ? null : checkUserId(userId),
    critical: critical ?? template?.definition.critical ?? false,
  }
}

function poolOf<Sender>(
  what: string,
  pool: ProviderPool<Sender> | null,
  example: string,
): ProviderPool<Sender> {
  if (pool !== null) return pool
  throw new NotificationError(
    'invalid_request',
    `Cannot send ${what}: it has no provider, createNotifications({ ${example} }) expected`,
  )
}

function choose<Sender extends Provider<never>>(
  what: string,
  pool: ProviderPool<Sender>,
  name: string | undefined,
  recipient: string,
): readonly PoolMember<Sender>[] {
  if (name === undefined) return pool.inOrder(recipient)
  const found = pool.members.filter(({ provider }) => provider.name === name)
  if (found.length > 0) return found
  throw new NotificationError(
    'invalid_request',
    `Cannot send ${what}: it has no provider ${JSON.stringify(String(name).slice(0, 60))}, it has ${pool.members.map(({ provider }) => provider.name).join(', ')}`,
  )
}

/** Those that take an e-mail of this size, to so many, to such addresses. */
function fitting(
  { size, to, cc, bcc, from }: CheckedEmail,
  members: readonly PoolMember<EmailProvider>[],
): readonly PoolMember<EmailProvider>[] {
  const recipients = [...to, ...cc, ...bcc]
  const isUnicode = [from, ...recipients].some(({ email }) => !/^\p{ASCII}*$/u.test(email))
  const able = members.filter(({ provider: { limits } }) => {
    const fits = size <= limits.bytes && recipients.length <= limits.recipients
    return fits && (!isUnicode || limits.unicodeAddresses === true)
  })
  if (able.length > 0) return able
  const most = (key: 'bytes' | 'recipients'): number =>
    Math.max(...members.map(({ provider }) => provider.limits[key]))
  if (size > most('bytes'))
    throw new NotificationError(
      'invalid_request',
      `Cannot send e-mail: it has ${size} bytes, providers take at most ${most('bytes')}`,
    )
  if (recipients.length > most('recipients'))
    throw new NotificationError(
      'invalid_request',
      `Cannot send e-mail: it has ${recipients.length} recipients, providers take at most ${most('recipients')}`,
    )
  throw new NotificationError(
    isUnicode ? 'invalid_recipient' : 'invalid_request',
    isUnicode
      ? 'Cannot send e-mail: an address has other than ASCII before its @, which no provider here takes'
      : 'Cannot send e-mail: no provider takes both its size and its number of recipients',
  )
}

/** What is rewritten and counted in an e-mail. */
interface Tracking {
  readonly opens: boolean
  readonly clicks: boolean
  /** Whether its sender says anything about it at all. */
  readonly said: boolean
}

function trackingOf(
  message: Untyped<EmailMessage>,
  template: NotificationTemplate | null,
  { to, cc, bcc }: CheckedEmail,
  links: LinkWriter | undefined,
): Tracking {
  const { trackOpens = template?.definition.trackOpens } = message
  const { trackClicks = template?.definition.trackClicks } = message
  const opens = trackOpens === true
  const clicks = trackClicks === true
  if ((opens || clicks) && links === undefined)
    throw new NotificationError(
      'invalid_request',
      'Cannot send e-mail: trackOpens and trackClicks take createNotifications({ links: createLinks({…}) })',
    )
  if ((opens || clicks) && to.length + cc.length + bcc.length > 1)
    throw new NotificationError(
      'invalid_request',
      'Cannot send e-mail: opens and clicks of several recipients cannot be told apart, one recipient expected',
    )
  return { opens, clicks, said: trackOpens !== undefined || trackClicks !== undefined }
}

async function withLinks(
  email: CheckedEmail,
  messageId: string,
  { category, critical }: Pick<Prepared, 'category' | 'critical'>,
  { opens, clicks }: Tracking,
  links: LinkWriter | undefined,
): Promise<CheckedEmail> {
  if (links === undefined) return email
  const [recipient, ...others] = [...email.to, ...email.cc, ...email.bcc]
  const html =
    email.html !== null && (opens || clicks)
      ? await links.rewrite(email.html, { messageId, trackOpens: opens, trackClicks: clicks })
      : email.html
  // What somebody may switch off says how; a link of its own for one of several would be used by
  // all.
  const offers =
    category !== null && !critical && recipient !== undefined && others.length === 0
      ? await links.unsubscribeHeaders({ messageId, address: recipient.email, category })
      : {}
  return { ...email, html, headers: { ...offers, ...email.headers } }
}

function addressed(
  email: CheckedEmail,
  id: string,
  left: readonly string[],
  { said }: Tracking,
): Parameters<EmailProvider['send']>[0] {
  const stays = ({ email: address }: { readonly email: string }): boolean => left.includes(address)
  return {
    ...email,
    id,
    to: email.to.filter(stays),
    cc: email.cc.filter(stays),
    bcc: email.bcc.filter(stays),
    // Ours and the provider's at once would count twice, and rewrite links that work once.
    providerTracking: said ? false : null,
  }
}
