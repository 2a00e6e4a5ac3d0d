import type { DashboardServices } from '../dashboard-services.ts'
import { HEALTH_TONES } from '../health/health-routes.ts'
import type { Call, Page } from '../http/call.ts'
import type { Route } from '../http/route.ts'
import { formatDuration, formatNumber, formatShare, plural } from '../html/format.ts'
import { html, nothing, type Html } from '../html/html.ts'
import { badge, emptyState, figure, pathTo, queryOf, section } from '../html/parts.ts'
import { shownText } from '../html/shown-text.ts'
import { deliveryCharts } from './delivery-charts.ts'

const MINUTE_MS = 60_000
const DAY_MS = 86_400_000
/** Of the latest deliveries so many are looked at. */
const DELIVERIES = 1000

/** How everything does, on one page. */
export function overviewRoutes(): readonly Route[] {
  return [{ method: 'GET', path: '/', role: 'reader', handle: overviewPage }]
}

async function overviewPage(call: Call): Promise<Page> {
  const { services } = call
  const [queues, webhooks, sagas, health] = await Promise.all([
    queuesPart(call),
    webhooksPart(call),
    sagasPart(call),
    healthPart(services),
  ])
  const parts = [health, queues, sagas, webhooks].filter((part) => part !== null)
  return {
    ...{ title: 'Overview', section: 'overview' },
    body: html`<p class="pulse">As it was when the page was loaded</p>
      ${call.live(
        'overview',
        parts.length > 0
          ? html`${parts}`
          : emptyState({
              title: 'No service is shown here yet',
              text: 'Hand the services of your program to the dashboard.',
              code: `createDashboard({ services: { queues: [emails], webhooks, notifications }, … })`,
            }),
      )}`,
  }
}

async function queuesPart(call: Call): Promise<Html | null> {
  const { queues } = call.services
  if (queues === undefined || queues.length === 0) return null
  const states = await Promise.all(
    queues.map(async (queue) => {
      const [counts, oldest] = await Promise.all([queue.counts(), queue.oldestAddedAt()])
      return { queue, counts, oldest }
    }),
  )
  return html`${states.map(({ queue, counts, oldest }) => {
    const to = pathTo(call.view, 'jobs', queue.name)
    const waits = oldest === null ? null : call.now - oldest
    return section(
      `Queue ${shownText(queue.name, 60)}`,
      html`<div class="figures">
        ${figure({ label: 'Waiting', value: formatNumber(counts.ready), to: to + queryOf({ state: 'ready' }), note: `${formatNumber(counts.scheduled)} later` })}
        ${figure({ label: 'Running', value: formatNumber(counts.active), to: to + queryOf({ state: 'active' }) })}
        ${figure({ label: 'Dead', value: formatNumber(counts.dead), ...(counts.dead > 0 && { tone: 'bad' as const }), to: to + queryOf({ state: 'dead' }) })}
        ${figure({ label: 'Completed', value: formatNumber(counts.completed), to: to + queryOf({ state: 'completed' }), note: 'as far as they are kept' })}
        ${figure({ label: 'Oldest waits', value: waits === null ? '–' : formatDuration(waits), ...(waits !== null && waits > 5 * MINUTE_MS && { tone: 'warn' as const }) })}
      </div>`,
      counts.paused ? badge('warn', 'paused') : null,
    )
  })}`
}

async function webhooksPart(call: Call): Promise<Html | null> {
  const { webhooks } = call.services
  if (webhooks === undefined) return null
  const { deliveries, cursor } = await webhooks.deliveries.page({
    ...{ tenant: call.tenant, since: call.now - DAY_MS, limit: DELIVERIES },
  })
  const count = (state: string): number => deliveries.filter((one) => one.state === state).length
  const [delivered, dead, retrying] = [count('delivered'), count('dead'), count('retrying')]
  const ended = delivered + dead
  const to = pathTo(call.view, 'webhooks', 'deliveries')
  return section(
    'Webhooks of the last day',
    html`${deliveries.length === 0 ? nothing : deliveryCharts(deliveries, cursor === null, call.view)}
      <div class="figures">
        ${figure({ label: 'Deliveries', value: `${cursor === null ? '' : 'over '}${formatNumber(deliveries.length)}`, to })}
        ${figure({ label: 'Delivered', value: formatShare(ended === 0 ? null : delivered / ended), note: 'of those that ended' })}
        ${figure({ label: 'Trying again', value: formatNumber(retrying), ...(retrying > 0 && { tone: 'warn' as const }), to: to + queryOf({ state: 'retrying' }) })}
        ${figure({ label: 'Dead', value: formatNumber(dead), ...(dead > 0 && { tone: 'bad' as const }), to: to + queryOf({ state: 'dead' }) })}
      </div>`,
  )
}

async function sagasPart(call: Call): Promise<Html | null> {
  const { sagas } = call.services
  if (sagas === undefined || sagas.length === 0) return null
  const stuck = await Promise.all(sagas.map(async (saga) => saga.listStuck({ limit: 100 })))
  const count = stuck.flat().length
  if (count === 0) return null
  return html`<p class="problem">
    ${plural(count, 'saga waits', 'sagas wait')} for a person.
    <a href="${pathTo(call.view, 'sagas')}">Look at ${count === 1 ? 'it' : 'them'}</a>
  </p>`
}

async function healthPart({ health }: DashboardServices): Promise<Html | null> {
  if (health === undefined) return null
  const { status, checks } = await health.report()
  const failing = Object.entries(checks).filter(([, finding]) => finding.status !== 'pass')
  return html`<p>
    ${badge(HEALTH_TONES[status], status === 'pass' ? 'All checks pass' : status)}
    ${
      failing.length === 0
        ? nothing
        : html`<span class="hint">${failing.map(([name]) => shownText(name, 60)).join(', ')}</span>`
    }
  </p>`
}
