import { mayAct } from '../access/dashboard-user.ts'
import { tenantOfEndpoint } from '../../services/webhooks/endpoints/endpoint-id.ts'
import type { WebhookEndpoint } from '../../services/webhooks/index.ts'
import type { Call, Page } from '../http/call.ts'
import { MissingPageError } from '../http/missing-page-error.ts'
import type { ActRoute, Route } from '../http/route.ts'
import { formatDuration, formatNumber, formatShare } from '../html/format.ts'
import { html, nothing, type Html } from '../html/html.ts'
import {
  actButton,
  ago,
  badge,
  codeBlock,
  emptyState,
  facts,
  figure,
  instant,
  pager,
  pathTo,
  queryOf,
  section,
  table,
} from '../html/parts.ts'
import { shownText } from '../html/shown-text.ts'
import { deliveriesTable, webhookTabs } from './delivery-routes.ts'
import { webhooksOf } from './webhooks-of.ts'

/** Where webhooks go. */
export function endpointRoutes(): readonly Route[] {
  return [
    { method: 'GET', path: '/webhooks', role: 'reader', handle: endpointsPage },
    { method: 'GET', path: '/webhooks/endpoints/:id', role: 'reader', handle: endpointPage },
    endpointAct(
      'enable',
      'It gets webhooks again. What was held meanwhile waits until it is sent.',
    ),
    {
      ...endpointAct('disable', 'It gets no webhooks; events that come meanwhile are held.'),
      ask: () => ({
        title: 'Disable this endpoint?',
        body: html`<p>
          Nothing more is sent to it. Events that come meanwhile are held, and can be sent later.
        </p>`,
        button: 'Disable the endpoint',
      }),
    },
    {
      ...endpointAct('delete', 'The endpoint is gone.'),
      role: 'admin',
      ask: () => ({
        title: 'Delete this endpoint?',
        body: html`<p>
          What is on its way to it is cancelled, and its secret is gone. This cannot be undone.
        </p>`,
        ...{ button: 'Delete the endpoint', destructive: true },
      }),
    },
    {
      ...{ method: 'POST', path: '/webhooks/endpoints/:id/rotate', role: 'admin' },
      ...{ act: 'webhooks.endpoints.rotate', target: endpointTarget },
      ask: () => ({
        title: 'Give this endpoint a new secret?',
        body: html`<p>
          The new secret is shown once. The old one signs along for 24 hours, so that the receiver
          can change over at any time until then.
        </p>`,
        button: 'Make a new secret',
      }),
      handle: rotated,
    },
  ]
}

function endpointTarget(call: Call): string {
  return `endpoint/${call.param('id')}`
}

/** The id that the path names, of an endpoint of the tenant. @throws MissingPageError */
function ownId(call: Call): string {
  const id = call.param('id')
  if (tenantOfEndpoint(id) === call.tenant) return id
  throw new MissingPageError('There is no such endpoint.')
}

function endpointAct(name: 'enable' | 'disable' | 'delete', said: string): ActRoute {
  return {
    ...{ method: 'POST', path: `/webhooks/endpoints/:id/${name}`, role: 'operator' },
    ...{ act: `webhooks.endpoints.${name}`, target: endpointTarget },
    done: () => said,
    async handle(call) {
      const id = ownId(call)
      await webhooksOf(call).endpoints[name](id)
      return {
        to: name === 'delete' ? '/webhooks' : `/webhooks/endpoints/${encodeURIComponent(id)}`,
      }
    },
  }
}

async function rotated(call: Call): Promise<Page> {
  const id = ownId(call)
  const { secret } = await webhooksOf(call).endpoints.rotateSecret(id)
  return {
    ...{ title: 'The new secret', section: 'webhooks' },
    body: html`<div class="card ask">
      <p>Copy it now: it is not shown again.</p>
      ${codeBlock(typeof secret === 'string' ? secret : JSON.stringify(secret, null, 2), 'Secret')}
      <p>
        <a class="button" href="${pathTo(call.view, 'webhooks', 'endpoints', id)}"
          >Back to the endpoint</a
        >
      </p>
    </div>`,
  }
}

async function endpointsPage(call: Call): Promise<Page> {
  const { endpoints } = webhooksOf(call)
  const cursor = call.query('cursor')
  const page = await endpoints.page({
    ...{ tenant: call.tenant, limit: 50 },
    ...(cursor !== '' && { cursor }),
  })
  return {
    ...{ title: 'Webhooks', section: 'webhooks' },
    body: html`${webhookTabs(call, 'endpoints')}
    ${call.live(
      'endpoints',
      table({
        caption: 'Endpoints',
        columns: [
          { name: 'Endpoint', wide: true },
          { name: 'State' },
          { name: 'Events' },
          { name: 'Changed' },
        ],
        rows: page.endpoints.map((one) => [
          html`<a href="${pathTo(call.view, 'webhooks', 'endpoints', one.id)}"
              >${shownText(one.url, 120)}</a
            ><span class="sub"
              >${shownText(one.description === '' ? (one.uid ?? one.id) : one.description, 120)}</span
            >`,
          endpointState(one),
          shownText(one.events.length === 0 ? 'all' : one.events.join(', '), 120),
          ago(one.updatedAt, call.view),
        ]),
        empty: emptyState({
          title: 'Nobody gets webhooks yet',
          text: 'An endpoint is where events go. Its secret is shown once, when it is made.',
          code: `const { secret } = await webhooks.endpoints.create({\n  url: 'https://example.com/hooks', events: ['order.*'],\n})\nawait webhooks.publish({ type: 'order.paid', data: { id: 42 } })`,
        }),
      }),
    )}
    ${pager(call, page.cursor)}`,
  }
}

function endpointState({ enabled, disabledReason }: WebhookEndpoint): Html {
  if (enabled) return badge('good', 'enabled')
  return disabledReason === 'manual'
    ? badge('idle', 'disabled')
    : badge('bad', disabledReason ?? 'disabled')
}

async function endpointPage(call: Call): Promise<Page> {
  const id = ownId(call)
  const { endpoints, deliveries } = webhooksOf(call)
  const [endpoint, stats, latest] = await Promise.all([
    endpoints.get(id),
    deliveries.stats(id),
    deliveries.page({ tenant: call.tenant, endpointId: id, limit: 20 }),
  ])
  if (endpoint === null) throw new MissingPageError('There is no such endpoint.')
  const { url, description, events, enabled, rateLimit, headerNames } = endpoint
  const here = pathTo(call.view, 'webhooks', 'endpoints', id)
  const isAdmin = mayAct(call.user.role, 'admin')
  const rate = stats.successRate
  return {
    ...{ title: shownText(description === '' ? 'Endpoint' : description, 80), section: 'webhooks' },
    body: html`<p class="crumbs">
        <a href="${pathTo(call.view, 'webhooks')}">Endpoints</a>
        <span class="mono">${shownText(url, 200)}</span>
      </p>
      ${call.live(
        'endpoint',
        html`<div class="section-head">
            ${endpointState(endpoint)}
            <div class="actions">
              ${
                mayAct(call.user.role, 'operator')
                  ? enabled
                    ? actButton(call, { path: `${here}/disable`, label: 'Disable' })
                    : actButton(call, { path: `${here}/enable`, label: 'Enable', tone: 'primary' })
                  : nothing
              }${isAdmin ? actButton(call, { path: `${here}/rotate`, label: 'New secret' }) : nothing}${
                isAdmin
                  ? actButton(call, { path: `${here}/delete`, label: 'Delete', tone: 'danger' })
                  : nothing
              }
            </div>
          </div>
          <div class="figures">
            ${figure({ label: 'Delivered of those that ended', value: formatShare(rate), ...(rate !== null && { tone: rate >= 0.99 ? 'good' : rate >= 0.9 ? 'warn' : 'bad' }), note: `of the latest ${formatNumber(stats.deliveries)}` })}
            ${figure({ label: 'Dead', value: formatNumber(stats.dead), ...(stats.dead > 0 && { tone: 'bad' as const }), to: pathTo(call.view, 'webhooks', 'deliveries') + queryOf({ endpoint: id, state: 'dead' }) })}
            ${figure({ label: 'On their way', value: formatNumber(stats.pending) })}
            ${figure({ label: 'Answer, median', value: stats.latencyMs === null ? '–' : formatDuration(stats.latencyMs.p50), note: stats.latencyMs === null ? '' : `99 %: ${formatDuration(stats.latencyMs.p99)}` })}
          </div>
          ${facts([
            ['Id', html`<span class="mono">${shownText(id)}</span>`],
            ['Events', shownText(events.length === 0 ? 'all' : events.join(', '), 300)],
            [
              'Filter',
              endpoint.filter === null ? 'none' : shownText(JSON.stringify(endpoint.filter), 300),
            ],
            [
              'Limit',
              rateLimit === null
                ? 'none'
                : `${formatNumber(rateLimit.limit)} in ${formatDuration(rateLimit.window)}`,
            ],
            [
              'Headers of its own',
              headerNames.length === 0 ? 'none' : shownText(headerNames.join(', '), 200),
            ],
            ['Transform', shownText(endpoint.transform ?? 'none', 80)],
            ['Made', instant(endpoint.createdAt, call.view)],
            [
              'Answered its challenge',
              endpoint.verifiedAt === null ? 'not asked' : instant(endpoint.verifiedAt, call.view),
            ],
          ])}
          ${section(
            'Latest deliveries',
            deliveriesTable(latest.deliveries, call, false),
            html`<a
              class="button"
              href="${pathTo(call.view, 'webhooks', 'deliveries')}${queryOf({ endpoint: id })}"
              >All of them</a
            >`,
          )}`,
      )}`,
  }
}
