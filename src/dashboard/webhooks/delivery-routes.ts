import { mayAct } from '../access/dashboard-user.ts'
import {
  DELIVERY_STATES,
  type Delivery,
  type DeliveryAttempt,
  type DeliveryState,
} from '../../services/webhooks/deliveries/delivery.ts'
import { tenantOfEndpoint } from '../../services/webhooks/endpoints/endpoint-id.ts'
import type { Call, Page } from '../http/call.ts'
import { MissingPageError } from '../http/missing-page-error.ts'
import type { Route } from '../http/route.ts'
import { formatDuration, formatInstant, formatNumber, plural } from '../html/format.ts'
import { html, nothing, type Html } from '../html/html.ts'
import {
  actButton,
  ago,
  badge,
  codeBlock,
  emptyState,
  facts,
  formFields,
  instant,
  pager,
  pathTo,
  section,
  table,
  tabs,
  type Tone,
} from '../html/parts.ts'
import { readTimeRange, timeFields } from '../html/time-range.ts'
import type { View } from '../html/view.ts'
import { shownText } from '../html/shown-text.ts'
import { webhooksOf } from './webhooks-of.ts'

const PAGE = 50
const DAY_MS = 86_400_000
/** So many are looked at before a replay is asked for; of more it is said that there are more. */
const MOST_COUNTED = 1000

const TONES: Readonly<Record<DeliveryState, Tone>> = {
  pending: 'busy',
  retrying: 'warn',
  delivered: 'good',
  dead: 'bad',
  held: 'idle',
  cancelled: 'idle',
}

/** What became of events on their way. */
export function deliveryRoutes(): readonly Route[] {
  return [
    { method: 'GET', path: '/webhooks/deliveries', role: 'reader', handle: deliveriesPage },
    {
      ...{ method: 'GET', path: '/webhooks/deliveries/:id', role: 'reader' },
      handle: (call) => deliveryPage(call),
    },
    {
      ...{ method: 'POST', path: '/webhooks/deliveries/:id/reveal', role: 'operator' },
      ...{ act: 'webhooks.deliveries.reveal', target: deliveryTarget },
      handle: (call) => deliveryPage(call, true),
    },
    {
      ...{ method: 'POST', path: '/webhooks/deliveries/:id/resend', role: 'operator' },
      ...{ act: 'webhooks.deliveries.resend', target: deliveryTarget },
      done: () => 'It is sent again.',
      async handle(call) {
        const id = ownDelivery(call)
        await webhooksOf(call).deliveries.retry(id)
        return { to: `/webhooks/deliveries/${encodeURIComponent(id)}` }
      },
    },
    {
      ...{ method: 'POST', path: '/webhooks/replay', role: 'operator' },
      act: 'webhooks.deliveries.replay',
      target: (call) =>
        `deliveries/${call.field('state')}/${call.field('endpoint') || 'every endpoint'}`,
      async ask(call) {
        const { count, isMore } = await countReplay(call)
        const { states, since, until, eventType, endpointId } = replayFilter(call)
        return {
          title: `Send ${isMore ? 'more than ' : ''}${plural(count, 'delivery', 'deliveries')} again?`,
          body: html`${facts([
              ['State', states?.join(', ') ?? 'any'],
              ['Published since', formatInstant(Number(since), call.view.zone)],
              ...(until === undefined
                ? []
                : ([['And before', formatInstant(Number(until), call.view.zone)]] as const)),
              ['Event type', shownText(eventType ?? 'any')],
              ['Endpoint', shownText(endpointId ?? 'any')],
            ])}
            <p>
              They are sent at 10 a second, so that receivers are not run over.
              <code>webhook-id</code> stays the same: receivers that know it drop what they have.
            </p>`,
          button: 'Send them again',
        }
      },
      done: () => 'The replay has begun. Deliveries change here as they are sent.',
      async handle(call) {
        await webhooksOf(call).deliveries.replay(replayFilter(call))
        return { to: '/webhooks/deliveries' }
      },
    },
  ]
}

function deliveryTarget(call: Call): string {
  return `delivery/${call.param('id')}`
}

/** @throws MissingPageError when it is no delivery of the tenant */
function ownDelivery(call: Call): string {
  const id = call.param('id')
  if (tenantOfEndpoint(id.slice(id.indexOf(':') + 1)) === call.tenant) return id
  throw new MissingPageError('There is no such delivery.')
}

/** The pages about webhooks. */
export function webhookTabs(call: Call, current: 'endpoints' | 'deliveries'): Html {
  return tabs('Webhooks', [
    {
      ...{ name: 'Endpoints', to: pathTo(call.view, 'webhooks') },
      current: current === 'endpoints',
    },
    {
      ...{ name: 'Deliveries', to: pathTo(call.view, 'webhooks', 'deliveries') },
      current: current === 'deliveries',
    },
  ])
}

interface DeliveryFilter {
  readonly state?: DeliveryState
  readonly eventType?: string
  readonly endpointId?: string
  readonly since?: number
  readonly until?: number
}

function filterOf(read: (name: string) => string, view: View): DeliveryFilter {
  const state = DELIVERY_STATES.find((one) => one === read('state'))
  const [eventType, endpointId] = [read('type').trim(), read('endpoint').trim()]
  return {
    ...(state !== undefined && { state }),
    ...(eventType !== '' && { eventType }),
    ...(endpointId !== '' && { endpointId }),
    ...readTimeRange(read, view),
  }
}

/** Without a time it is the day before the end of what is asked for. */
function replayedOf(call: Call): DeliveryFilter & {
  readonly state: DeliveryState
  readonly since: number
} {
  const { state = 'dead', ...rest } = filterOf(call.field, call.view)
  return { state, since: (rest.until ?? call.now) - DAY_MS, ...rest }
}

function replayFilter(
  call: Call,
): Parameters<ReturnType<typeof webhooksOf>['deliveries']['replay']>[0] {
  const { state, ...rest } = replayedOf(call)
  return { ...rest, states: [state], tenant: call.tenant, perSecond: 10 }
}

async function countReplay(
  call: Call,
): Promise<{ readonly count: number; readonly isMore: boolean }> {
  const page = await webhooksOf(call).deliveries.page({
    ...{ ...replayedOf(call), tenant: call.tenant, limit: MOST_COUNTED },
  })
  return { count: page.deliveries.length, isMore: page.cursor !== null }
}

async function deliveriesPage(call: Call): Promise<Page> {
  const filter = filterOf(call.query, call.view)
  const cursor = call.query('cursor')
  const page = await webhooksOf(call).deliveries.page({
    ...{ ...filter, tenant: call.tenant, limit: PAGE },
    ...(cursor !== '' && { cursor }),
  })
  const isOperator = mayAct(call.user.role, 'operator')
  return {
    ...{ title: 'Deliveries', section: 'webhooks' },
    body: html`${webhookTabs(call, 'deliveries')}
      <form method="get" class="filters" data-filter role="search">
        <label class="field"
          ><span>State</span
          ><select name="state">
            ${options(['', ...DELIVERY_STATES], filter.state ?? '')}
          </select></label
        >
        <label class="field"
          ><span>Event type</span
          ><input
            name="type"
            data-search
            value="${filter.eventType ?? ''}"
            placeholder="order.paid"
            maxlength="200"
        /></label>
        <label class="field"
          ><span>Endpoint</span
          ><input
            name="endpoint"
            value="${filter.endpointId ?? ''}"
            placeholder="ep_…"
            maxlength="200"
        /></label>
        ${timeFields('Published', call.query, call.view)}
        <button class="button">Filter</button>
      </form>
      ${call.live('deliveries', deliveriesTable(page.deliveries, call, isOperator))}
      ${pager(call, page.cursor)} ${isOperator ? replayForm(call, filter) : nothing}`,
  }
}

function options(values: readonly string[], chosen: string): Html {
  return html`${values.map(
    (value) =>
      html`<option value="${value}" ${value === chosen ? html` selected` : nothing}>
        ${value === '' ? 'any' : value}
      </option>`,
  )}`
}

function replayForm(call: Call, { state, eventType, endpointId }: DeliveryFilter): Html {
  const chosen = state === 'delivered' || state === 'held' || state === 'cancelled' ? state : 'dead'
  return section(
    'Send again by filter',
    html`<form
      method="post"
      action="${pathTo(call.view, 'webhooks', 'replay')}"
      class="card filters"
    >
      ${formFields(call)}
      <label class="field"
        ><span>State</span
        ><select name="state">
          ${['dead', 'delivered', 'held', 'cancelled'].map((one) => html`<option${one === chosen ? html` selected` : nothing}>${one}</option>`)}
        </select></label
      >
      ${timeFields('Published', (name) => replayed(call, name), call.view)}
      <label class="field"
        ><span>Event type</span
        ><input name="type" value="${eventType ?? ''}" maxlength="200" placeholder="any"
      /></label>
      <label class="field"
        ><span>Endpoint</span
        ><input name="endpoint" value="${endpointId ?? ''}" maxlength="200" placeholder="any"
      /></label>
      <button class="button">Count first</button>
    </form>`,
  )
}

/** What is sent again is what the list shows; where no time is asked for, that of the last day. */
function replayed(call: Call, name: string): string {
  const isBounded = ['hours', 'from', 'to'].some((field) => call.query(field) !== '')
  return name === 'hours' && !isBounded ? '24' : call.query(name)
}

/** Deliveries, latest first. */
export function deliveriesTable(
  deliveries: readonly Delivery[],
  call: Call,
  withActs: boolean,
): Html {
  return table({
    caption: 'Deliveries',
    columns: [
      { name: 'Event', wide: true },
      { name: 'State' },
      { name: 'Last answer' },
      { name: 'Attempts', numeric: true },
      { name: 'Published' },
      ...(withActs ? [{ name: '' }] : []),
    ],
    rows: deliveries.map((one) => {
      const to = pathTo(call.view, 'webhooks', 'deliveries', one.id)
      return [
        html`<a href="${to}">${shownText(one.eventType, 80)}</a
          ><span class="sub mono">${shownText(one.eventId, 60)}</span>`,
        html`${badge(TONES[one.state], one.state)}${one.nextAttemptAt === null ? nothing : html`<span class="sub">next ${ago(one.nextAttemptAt, call.view)}</span>`}`,
        lastAnswer(one),
        formatNumber(one.attempts),
        ago(one.createdAt, call.view),
        ...(withActs
          ? [
              html`<div class="actions">
                ${one.state === 'pending' || one.state === 'retrying' ? nothing : actButton(call, { path: `${to}/resend`, label: 'Resend', about: one.id })}
              </div>`,
            ]
          : []),
      ]
    }),
    empty: emptyState({
      title: 'No delivery matches',
      text: 'Publish an event that an endpoint listens to, and what becomes of it is here at once.',
      code: `await webhooks.publish({ type: 'order.paid', data: { id: 42 } })`,
    }),
  })
}

function lastAnswer({ lastAttempt }: Delivery): string {
  if (lastAttempt === null) return '–'
  const { status, error, durationMs } = lastAttempt
  return `${status === null || status === 0 ? (error ?? 'no answer') : status} in ${formatDuration(durationMs)}`
}

async function deliveryPage(call: Call, isShown = false): Promise<Page> {
  const id = ownDelivery(call)
  const { deliveries } = webhooksOf(call)
  const [delivery, attempts] = await Promise.all([deliveries.get(id), deliveries.attempts(id)])
  if (delivery === null)
    throw new MissingPageError('There is no such delivery. It is kept no longer.')
  const here = pathTo(call.view, 'webhooks', 'deliveries', id)
  const isOperator = mayAct(call.user.role, 'operator')
  const { state, eventType, eventId, endpointId } = delivery
  return {
    ...{ title: shownText(eventType, 80), section: 'webhooks' },
    body: html`<p class="crumbs">
        <a href="${pathTo(call.view, 'webhooks', 'deliveries')}">Deliveries</a>
        <span class="mono">${shownText(eventId, 120)}</span>
      </p>
      ${call.live(
        'delivery',
        html`<div class="section-head">
            ${badge(TONES[state], state)}
            <div class="actions">
              ${
                isOperator && state !== 'pending' && state !== 'retrying'
                  ? actButton(call, { path: `${here}/resend`, label: 'Resend', tone: 'primary' })
                  : nothing
              }
            </div>
          </div>
          ${facts([
            [
              'Endpoint',
              html`<a class="mono" href="${pathTo(call.view, 'webhooks', 'endpoints', endpointId)}"
                >${shownText(endpointId, 80)}</a
              >`,
            ],
            ['Published', instant(delivery.createdAt, call.view)],
            ['Next attempt', instant(delivery.nextAttemptAt, call.view)],
            [
              'Attempts',
              `${formatNumber(delivery.attempts)}, ${plural(delivery.round + 1, 'round')}`,
            ],
            ['Kept until', instant(delivery.keepUntil, call.view)],
          ])}
          ${section(
            'Attempts',
            attempts.length === 0
              ? html`<p class="hint">None yet.</p>`
              : html`<ol class="steps">
                  ${attempts.toReversed().map((one) => attemptStep(one, call, isShown))}
                </ol>`,
            isOperator && !isShown && attempts.length > 0
              ? html`${actButton(call, { path: `${here}/reveal`, label: 'Show headers and answers' })}<span
                    class="hint"
                    >This goes on record.</span
                  >`
              : null,
          )}`,
      )}`,
  }
}

function attemptStep(attempt: DeliveryAttempt, call: Call, isShown: boolean): Html {
  const { number, status, error, durationMs, host, at, requestHeaders, responseBody } = attempt
  return html`<li class="${error === null ? 'good' : 'bad'}">
    <div class="step-head">
      <h3>Attempt ${number}: ${status === null || status === 0 ? 'no answer' : status}</h3>
      <span class="hint">${instant(at, call.view)}</span>
    </div>
    <p class="hint">
      ${shownText(host, 120)},
      ${formatDuration(durationMs)}${attempt.retryAfterMs === null ? '' : `, asked to wait ${formatDuration(attempt.retryAfterMs)}`}
    </p>
    ${error === null ? nothing : html`<p class="problem">${error.code}: ${shownText(error.message, 300)}</p>`}
    ${
      isShown
        ? html`${codeBlock(
            Object.entries(requestHeaders)
              .map(([name, value]) => `${shownText(name, 100)}: ${shownText(value, 500)}`)
              .join('\n'),
            'Headers that were sent',
          )}${responseBody === '' ? html`<p class="hint">The answer was empty.</p>` : codeBlock(shownText(responseBody, 16_384), 'Answer')}${attempt.responseTruncated ? html`<p class="hint">Only its beginning is kept.</p>` : nothing}`
        : nothing
    }
  </li>`
}
