import { mayAct } from '../access/dashboard-user.ts'
import type { MessageStatus, TrackedMessage } from '../../services/notifications/index.ts'
import { MESSAGE_STATUSES } from '../../services/notifications/tracking/message-record.ts'
import type { Call, Page } from '../http/call.ts'
import { MissingPageError } from '../http/missing-page-error.ts'
import type { Route } from '../http/route.ts'
import { formatNumber } from '../html/format.ts'
import { html, nothing, type Html } from '../html/html.ts'
import {
  actButton,
  ago,
  badge,
  emptyState,
  facts,
  formFields,
  instant,
  pathTo,
  queryOf,
  section,
  table,
  type Tone,
} from '../html/parts.ts'
import { shownText } from '../html/shown-text.ts'
import { messageTabs, notificationsOf } from './notifications-of.ts'

const PAGE = 50
const MOST_SUPPRESSIONS = 200
const CHANNELS = ['email', 'sms', 'push', 'chat'] as const

const TONES: Readonly<Record<MessageStatus, Tone>> = {
  queued: 'busy',
  sending: 'busy',
  ambiguous: 'warn',
  sent: 'busy',
  deferred: 'warn',
  delivered: 'good',
  opened: 'good',
  clicked: 'good',
  cancelled: 'idle',
  skipped: 'idle',
  suppressed: 'idle',
  failed: 'bad',
  bounced: 'bad',
  complained: 'bad',
}

/** Messages and what became of them. */
export function messageRoutes(): readonly Route[] {
  return [
    { method: 'GET', path: '/notifications', role: 'reader', handle: messagesPage },
    {
      ...{ method: 'GET', path: '/notifications/messages/:id', role: 'reader' },
      handle: (call) => messagePage(call),
    },
    {
      ...{ method: 'POST', path: '/notifications/messages/:id/reveal', role: 'operator' },
      ...{ act: 'notifications.reveal', target: messageTarget },
      handle: (call) => messagePage(call, true),
    },
    {
      ...{ method: 'POST', path: '/notifications/messages/:id/cancel', role: 'operator' },
      ...{ act: 'notifications.cancel', target: messageTarget },
      ask: () => ({
        title: 'Take this message back?',
        body: html`<p>It is not sent, if it still waits.</p>`,
        ...{ button: 'Take it back', destructive: true },
      }),
      done: (count) => (count > 0 ? 'It is taken back.' : 'It is on its way by now.'),
      async handle(call) {
        const id = call.param('id')
        const cancelled = await notificationsOf(call).cancel(id)
        return {
          to: `/notifications/messages/${encodeURIComponent(id)}`,
          count: cancelled ? 1 : 0,
        }
      },
    },
    {
      ...{ method: 'GET', path: '/notifications/suppressions', role: 'reader' },
      handle: (call) => suppressionsPage(call),
    },
    {
      ...{ method: 'POST', path: '/notifications/suppressions/reveal', role: 'operator' },
      ...{ act: 'suppressions.reveal', target: () => 'suppressions' },
      handle: (call) => suppressionsPage(call, true),
    },
    {
      ...{ method: 'POST', path: '/notifications/suppressions/add', role: 'operator' },
      // An address is about somebody: what was done is on record, to whom is in the list itself.
      ...{ act: 'suppressions.add', target: () => 'suppressions' },
      done: () => 'Nothing is sent to this address any more.',
      async handle(call) {
        await notificationsOf(call).suppressions.add({ address: call.field('address').trim() })
        return { to: '/notifications/suppressions' }
      },
    },
    {
      ...{ method: 'POST', path: '/notifications/suppressions/remove', role: 'operator' },
      ...{ act: 'suppressions.remove', target: () => 'suppressions' },
      ask: () => ({
        title: 'Send to this address again?',
        body: html`<p>
          If it bounced or its owner complained, sending to it once more harms the name of the
          sender.
        </p>`,
        ...{ button: 'Send to it again', destructive: true },
      }),
      done: (count) => (count > 0 ? 'The address gets messages again.' : 'It was not suppressed.'),
      async handle(call) {
        const removed = await notificationsOf(call).suppressions.remove(
          call.field('address').trim(),
        )
        return { to: '/notifications/suppressions', count: removed ? 1 : 0 }
      },
    },
  ]
}

function messageTarget(call: Call): string {
  return `message/${call.param('id')}`
}

async function messagesPage(call: Call): Promise<Page> {
  const channel = CHANNELS.find((one) => one === call.query('channel'))
  const status = MESSAGE_STATUSES.find((one) => one === call.query('status'))
  const template = call.query('template').trim()
  const before = Number(call.query('before'))
  const messages: TrackedMessage[] = []
  const found = notificationsOf(call).list({
    ...(channel !== undefined && { channel }),
    ...(status !== undefined && { status }),
    ...(template !== '' && { template }),
    ...(before > 0 && { until: before }),
  })
  for await (const message of found) {
    messages.push(message)
    if (messages.length > PAGE) break
  }
  const shown = messages.slice(0, PAGE)
  const last = messages.length > PAGE ? shown.at(-1) : undefined
  return {
    ...{ title: 'Messages', section: 'notifications' },
    body: html`${messageTabs(call, 'messages')}
      <form method="get" class="filters" data-filter role="search">
        <label class="field"
          ><span>Channel</span
          ><select name="channel">
            ${choices(CHANNELS, channel)}
          </select></label
        >
        <label class="field"
          ><span>Status</span
          ><select name="status">
            ${choices(MESSAGE_STATUSES, status)}
          </select></label
        >
        <label class="field"
          ><span>Template</span
          ><input
            name="template"
            data-search
            value="${template}"
            maxlength="200"
            placeholder="welcome-email"
        /></label>
        <button class="button">Filter</button>
      </form>
      ${call.live(
        'messages',
        table({
          caption: 'Messages',
          columns: [
            { name: 'Message', wide: true },
            { name: 'Status' },
            { name: 'Sent by' },
            { name: 'Recipients', numeric: true },
            { name: 'Accepted' },
          ],
          rows: shown.map((one) => [
            html`<a href="${pathTo(call.view, 'notifications', 'messages', one.id)}"
                >${shownText(one.template ?? `${one.channel} message`, 80)}</a
              ><span class="sub mono">${shownText(one.id, 60)}</span>`,
            badge(TONES[one.status], one.status),
            html`${shownText(one.provider ?? '–', 40)}${one.kept ? html` ${badge('warn', 'kept, not sent')}` : nothing}`,
            formatNumber(one.recipients.length),
            ago(one.createdAt, call.view),
          ]),
          empty: emptyState({
            title: 'No message matches',
            text: 'Send one. Without a provider it is kept in the outbox and says so.',
            code: `await notifications.sendEmail({\n  to: 'ada@example.com', subject: 'Welcome', text: 'Hello',\n})`,
          }),
        }),
      )}
      ${
        last === undefined
          ? nothing
          : html`<nav class="pager" aria-label="Pages">
              <a
                class="button"
                rel="next"
                href="${queryOf({ channel, status, template, before: last.createdAt })}"
                >Older</a
              >
            </nav>`
      }`,
  }
}

function choices(values: readonly string[], chosen: string | undefined): Html {
  return html`<option value="">any</option>
    ${values.map(
      (value) => html`<option${value === chosen ? html` selected` : nothing}>${value}</option>`,
    )}`
}

async function messagePage(call: Call, isShown = false): Promise<Page> {
  const id = call.param('id')
  const message = await notificationsOf(call)
    .trackDelivery(id)
    .catch(() => null)
  if (message === null)
    throw new MissingPageError('There is no such message. It is kept no longer.')
  const here = pathTo(call.view, 'notifications', 'messages', id)
  const isOperator = mayAct(call.user.role, 'operator')
  const { status, channel, template, error, reason } = message
  const trail = [
    ...message.attempts.map((one) => ({
      ...{ at: one.at, bad: one.code !== null, who: one.provider, more: '' },
      what: one.code === null ? 'Request to the provider' : `Request failed: ${one.code}`,
    })),
    ...message.events.map((one) => ({
      ...{ at: one.at, bad: one.bounce !== null, who: one.source },
      what: `${one.type}${one.bounce === null ? '' : `, ${one.bounce} bounce`}${one.machine ? ', by a machine' : ''}`,
      more: isShown
        ? [one.recipient, one.reason, one.url].filter((part) => part !== null).join(' ')
        : '',
    })),
  ].toSorted((a, b) => a.at - b.at)
  return {
    ...{ title: shownText(template ?? `${channel} message`, 80), section: 'notifications' },
    body: html`<p class="crumbs">
        <a href="${pathTo(call.view, 'notifications')}">Messages</a>
        <span class="mono">${shownText(id, 120)}</span>
      </p>
      ${call.live(
        'message',
        html`<div class="section-head">
            ${badge(TONES[status], status)}
            <div class="actions">
              ${
                isOperator && status === 'queued'
                  ? actButton(call, { path: `${here}/cancel`, label: 'Take back', tone: 'danger' })
                  : nothing
              }
            </div>
          </div>
          ${error === null ? nothing : html`<p class="problem">${error.code}${error.vendorCode === null ? '' : ` (${shownText(error.vendorCode, 80)})`}</p>`}
          ${message.kept ? html`<p class="advice">It is kept in an outbox and was sent to nobody.</p>` : nothing}
          ${facts([
            ['Channel', channel],
            ['Provider', shownText(message.provider ?? '–')],
            [
              'Its id there',
              html`<span class="mono">${shownText(message.providerMessageId ?? '–')}</span>`,
            ],
            ['Category', shownText(message.category ?? '–')],
            ['Accepted', instant(message.createdAt, call.view)],
            ['Sent', instant(message.sentAt, call.view)],
            ['Delivered', instant(message.deliveredAt, call.view)],
            ...(message.sendAt === null
              ? []
              : ([['Waits until', instant(message.sendAt, call.view)]] as const)),
            ...(reason === null ? [] : ([['Why not', shownText(reason)]] as const)),
          ])}
          ${section(
            'What happened',
            trail.length === 0
              ? html`<p class="hint">Nothing yet.</p>`
              : html`<ol class="steps">
                  ${trail.map(
                    (one) =>
                      html`<li class="${one.bad ? 'bad' : 'good'}">
                        <div class="step-head">
                          <h3>${shownText(one.what, 120)}</h3>
                          <span class="hint">${instant(one.at, call.view)}</span>
                        </div>
                        <p class="hint">${shownText(one.who, 80)}</p>
                        ${one.more === '' ? nothing : html`<p>${shownText(one.more, 500)}</p>`}
                      </li>`,
                  )}
                </ol>`,
          )}
          ${section(
            'Recipients',
            isShown
              ? table({
                  caption: 'Recipients',
                  columns: [{ name: 'Address', wide: true }, { name: 'Status' }],
                  rows: message.recipients.map((one) => [
                    shownText(one.address),
                    badge(TONES[one.status], one.status),
                  ]),
                  empty: html`<p class="hint">Targets of pushes are secrets, and are not kept.</p>`,
                })
              : html`<p class="veiled">
                  <span>${formatNumber(message.recipients.length)} hidden</span>
                </p>`,
            isOperator && !isShown
              ? html`${actButton(call, { path: `${here}/reveal`, label: 'Show recipients' })}<span
                    class="hint"
                    >This goes on record.</span
                  >`
              : null,
          )}`,
      )}`,
  }
}

async function suppressionsPage(call: Call, isShown = false): Promise<Page> {
  const rows: (readonly (Html | string)[])[] = []
  const isOperator = mayAct(call.user.role, 'operator')
  const here = pathTo(call.view, 'notifications', 'suppressions')
  let isMore = false
  for await (const one of notificationsOf(call).suppressions.list()) {
    if (rows.length >= MOST_SUPPRESSIONS) {
      isMore = true
      break
    }
    rows.push([
      isShown ? shownText(one.address) : masked(one.address),
      one.channel,
      shownText(one.reason),
      ago(one.since, call.view),
      ...(isOperator && isShown
        ? [
            actButton(call, {
              ...{ path: `${here}/remove`, label: 'Lift', about: one.address },
              fields: { address: one.address },
            }),
          ]
        : []),
    ])
  }
  return {
    ...{ title: 'Suppressed', section: 'notifications' },
    body: html`${messageTabs(call, 'suppressions')}
    ${section(
      'Addresses that nothing is sent to',
      html`${table({
        caption: 'Suppressed addresses',
        columns: [
          { name: 'Address', wide: true },
          { name: 'Channel' },
          { name: 'Reason' },
          { name: 'Since' },
          ...(isOperator && isShown ? [{ name: '' }] : []),
        ],
        rows,
        empty: emptyState({
          title: 'Nobody is suppressed',
          text: 'Addresses come here by themselves when they bounce for good, when somebody complains or unsubscribes.',
        }),
      })}${isMore ? html`<p class="hint">There are more than ${MOST_SUPPRESSIONS}.</p>` : nothing}`,
      isOperator && !isShown && rows.length > 0
        ? html`${actButton(call, { path: `${here}/reveal`, label: 'Show addresses' })}<span
              class="hint"
              >This goes on record.</span
            >`
        : null,
    )}
    ${
      isOperator
        ? section(
            'Send no more to an address',
            html`<form method="post" action="${here}/add" class="card filters">
              ${formFields(call)}<label class="field whole"
                ><span>E-mail address or telephone number</span
                ><input name="address" required maxlength="320" autocomplete="off" /></label
              ><button class="button">Suppress</button>
            </form>`,
          )
        : nothing
    }`,
  }
}

/** `a…@example.com`: enough to see that it is the one, for who knows it. */
function masked(address: string): string {
  const at = address.lastIndexOf('@')
  return at > 0
    ? `${shownText(address.slice(0, 1))}…${shownText(address.slice(at), 80)}`
    : `…${shownText(address.slice(-3))}`
}
