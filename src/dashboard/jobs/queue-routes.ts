import { JOB_STATES, type JobState } from '../../runtime/ports/job-store/job-state.ts'
import type { DashboardQueue } from '../dashboard-services.ts'
import type { Call, Page } from '../http/call.ts'
import type { Route } from '../http/route.ts'
import { formatDuration, formatNumber, plural } from '../html/format.ts'
import { html, nothing, type Html } from '../html/html.ts'
import { actButton, badge, emptyState, pathTo, queryOf, table } from '../html/parts.ts'
import { shownText } from '../html/shown-text.ts'
import { mayAct } from '../access/dashboard-user.ts'
import { findQueue } from './find-queue.ts'

/** Queues, and what is done to them as a whole. */
export function queueRoutes(): readonly Route[] {
  return [
    { method: 'GET', path: '/jobs', role: 'reader', handle: queuesPage },
    {
      ...{ method: 'POST', path: '/jobs/:queue/pause', role: 'operator', act: 'queues.pause' },
      target: (call) => `queue/${call.param('queue')}`,
      ask: (call) => ({
        title: `Pause queue ${shownText(findQueue(call).name)}?`,
        body: html`<p>
          No job is handed out until it is resumed. What runs goes on, and jobs can still be added.
        </p>`,
        button: 'Pause the queue',
      }),
      done: () => 'The queue is paused.',
      async handle(call) {
        const queue = findQueue(call)
        await queue.pause()
        return { to: pathTo({ ...call.view, basePath: '' }, 'jobs') }
      },
    },
    {
      ...{ method: 'POST', path: '/jobs/:queue/resume', role: 'operator', act: 'queues.resume' },
      target: (call) => `queue/${call.param('queue')}`,
      done: () => 'The queue hands out jobs again.',
      async handle(call) {
        await findQueue(call).resume()
        return { to: '/jobs' }
      },
    },
    {
      ...{ method: 'POST', path: '/jobs/:queue/redrive', role: 'operator', act: 'jobs.redrive' },
      target: (call) => `queue/${call.param('queue')}`,
      async ask(call) {
        const queue = findQueue(call)
        const { dead } = await queue.counts()
        return {
          title: `Retry ${plural(Math.min(dead, MOST_AT_ONCE), 'dead job')}?`,
          body: html`<p>Each gets all its attempts again and is run as soon as a worker is free.</p>
            ${
              dead > MOST_AT_ONCE
                ? html`<p class="advice">
                    There are ${formatNumber(dead)}: the latest ${formatNumber(MOST_AT_ONCE)} are
                    retried now, the others when you ask again.
                  </p>`
                : nothing
            }`,
          button: `Retry ${plural(Math.min(dead, MOST_AT_ONCE), 'job')}`,
        }
      },
      done: (count) => `${plural(count, 'job')} will run again.`,
      async handle(call) {
        const queue = findQueue(call)
        const count = await queue.redrive({ limit: MOST_AT_ONCE, perSecond: Infinity })
        return { to: pathTo({ ...call.view, basePath: '' }, 'jobs', queue.name), count }
      },
    },
  ]
}

/** Who asks waits for it: so many, and at once. */
const MOST_AT_ONCE = 1000

async function queuesPage(call: Call): Promise<Page> {
  const { queues = [] } = call.services
  const rows = await Promise.all(queues.map(async (queue) => queueRow(queue, call)))
  return {
    ...{ title: 'Jobs', section: 'jobs' },
    body: call.live(
      'queues',
      table({
        caption: 'Queues',
        columns: [
          { name: 'Queue' },
          { name: 'Ready', numeric: true },
          { name: 'Active', numeric: true },
          { name: 'Scheduled', numeric: true },
          { name: 'Dead', numeric: true },
          { name: 'Completed', numeric: true },
          { name: 'Oldest waits', numeric: true },
          { name: '' },
        ],
        rows,
        empty: emptyState({
          title: 'No queue is shown here yet',
          text: 'Hand the queues of your program to the dashboard. They need no change.',
          code: `const emails = new JobQueue({ name: 'emails', backend, jobs: { welcome } })\ncreateDashboard({ services: { queues: [emails] }, … })`,
        }),
      }),
    ),
  }
}

async function queueRow(queue: DashboardQueue, call: Call): Promise<readonly (Html | string)[]> {
  const [{ paused, ...counts }, oldest] = await Promise.all([queue.counts(), queue.oldestAddedAt()])
  const to = (state: JobState): Html => {
    const count = counts[state]
    const text = formatNumber(count)
    return count === 0
      ? html`<span class="hint">0</span>`
      : html`<a href="${pathTo(call.view, 'jobs', queue.name)}${queryOf({ state })}">${text}</a>`
  }
  return [
    html`<a href="${pathTo(call.view, 'jobs', queue.name)}">${shownText(queue.name)}</a> ${
        paused ? badge('warn', 'paused') : nothing
      }<span class="sub">${shownText(queue.kinds.join(', '), 120)}</span>`,
    to('ready'),
    to('active'),
    to('scheduled'),
    to('dead'),
    to('completed'),
    oldest === null ? html`<span class="hint">–</span>` : formatDuration(call.now - oldest),
    mayAct(call.user.role, 'operator')
      ? html`<div class="actions">
          ${
            paused
              ? actButton(call, {
                  ...{ path: pathTo(call.view, 'jobs', queue.name, 'resume') },
                  ...{ label: 'Resume', about: queue.name, tone: 'primary' },
                })
              : actButton(call, {
                  path: pathTo(call.view, 'jobs', queue.name, 'pause'),
                  ...{ label: 'Pause', about: queue.name },
                })
          }
        </div>`
      : nothing,
  ]
}

/** The states in the order in which people look for them. */
export const SHOWN_STATES: readonly JobState[] = [
  'dead',
  'ready',
  'active',
  'scheduled',
  'parked',
  'held',
  'blocked',
  'completed',
  'cancelled',
].filter((state): state is JobState => JOB_STATES.some((known) => known === state))
