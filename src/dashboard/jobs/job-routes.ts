import { mayAct } from '../access/dashboard-user.ts'
import type { JobRecord } from '../../runtime/ports/job-store/job-store.ts'
import type { JobState } from '../../runtime/ports/job-store/job-state.ts'
import type { DashboardQueue } from '../dashboard-services.ts'
import type { Call, Done, Page } from '../http/call.ts'
import { MissingPageError } from '../http/missing-page-error.ts'
import type { ActRoute, Route } from '../http/route.ts'
import { formatNumber } from '../html/format.ts'
import { hiddenValue, shownValue } from '../html/hidden-value.ts'
import { html, nothing, type Html } from '../html/html.ts'
import {
  actButton,
  ago,
  emptyState,
  facts,
  findForm,
  formFields,
  instant,
  pager,
  pathTo,
  queryOf,
  section,
  table,
  tabs,
} from '../html/parts.ts'
import { shownText } from '../html/shown-text.ts'
import { findQueue } from './find-queue.ts'
import { errorLine, JOB_STATE_WORDS, jobState } from './job-words.ts'
import { SHOWN_STATES } from './queue-routes.ts'

const PAGE = 50

/** Jobs of a queue. */
export function jobRoutes(): readonly Route[] {
  return [
    { method: 'GET', path: '/jobs/:queue', role: 'reader', handle: jobsPage },
    { method: 'GET', path: '/jobs/:queue/find', role: 'reader', handle: findJob },
    { method: 'GET', path: '/jobs/:queue/job/:id', role: 'reader', handle: jobPage },
    jobAct('retry', 'It will run again.', (queue, id) => queue.retry(id)),
    jobAct('promote', 'It is ready now.', (queue, id) => queue.promote(id)),
    {
      ...jobAct('cancel', 'It is called off, or asked to stop.', (queue, id) => queue.cancel(id)),
      ask: (call) => ({
        title: 'Cancel this job?',
        body: html`<p>
            While it waits it is called off at once; while it runs its worker is asked to stop. It
            can be retried later.
          </p>
          <p class="mono">${shownText(call.param('id'))}</p>`,
        ...{ button: 'Cancel the job', destructive: true },
      }),
    },
    {
      ...jobAct('remove', 'It is gone.', (queue, id) => queue.remove(id)),
      role: 'admin',
      ask: (call) => ({
        title: 'Remove this job for good?',
        body: html`<p>Its record, its data and its result are deleted. This cannot be undone.</p>
          <p class="mono">${shownText(call.param('id'))}</p>`,
        ...{ button: 'Remove the job', destructive: true },
      }),
    },
    {
      ...{ method: 'POST', path: '/jobs/:queue/job/:id/reveal', role: 'operator' },
      act: 'jobs.reveal',
      target: jobTarget,
      handle: (call) => jobPage(call, true),
    },
  ]
}

function jobTarget(call: Call): string {
  return `queue/${call.param('queue')}/job/${call.param('id')}`
}

function jobAct(
  name: 'retry' | 'promote' | 'cancel' | 'remove',
  said: string,
  act: (queue: DashboardQueue, id: string) => Promise<boolean>,
): ActRoute {
  return {
    ...{ method: 'POST', path: `/jobs/:queue/job/:id/${name}`, role: 'operator' },
    ...{ act: `jobs.${name}`, target: jobTarget },
    done: (count) =>
      count > 0 ? said : 'Nothing was changed: the job is in another state by now, or gone.',
    async handle(call): Promise<Done> {
      const queue = findQueue(call)
      const id = call.param('id')
      const changed = await act(queue, id)
      const place = { ...call.view, basePath: '' }
      const to =
        name === 'remove'
          ? pathTo(place, 'jobs', queue.name)
          : pathTo(place, 'jobs', queue.name, 'job', id)
      return { to, count: changed ? 1 : 0 }
    },
  }
}

async function jobsPage(call: Call): Promise<Page> {
  const queue = findQueue(call)
  const counts = await queue.counts()
  const asked = SHOWN_STATES.find((one) => one === call.query('state'))
  // Whoever looks without saying at what wants to see what is wrong, then what goes on.
  const state = asked ?? SHOWN_STATES.find((one) => counts[one] > 0) ?? 'ready'
  const cursor = call.query('cursor')
  const page = await queue.list({ state, limit: PAGE, ...(cursor !== '' && { cursor }) })
  const here = pathTo(call.view, 'jobs', queue.name)
  const isOperator = mayAct(call.user.role, 'operator')
  return {
    ...{ title: shownText(queue.name), section: 'jobs' },
    body: html` <p class="crumbs">
        <a href="${pathTo(call.view, 'jobs')}">Queues</a> <a href="${here}/schedules">Schedules</a>
        <span class="pulse">Live with JavaScript</span>
      </p>
      ${findForm(`${here}/find`, {
        ...{ name: 'id', label: 'Job id', longest: 400 },
        placeholder: 'Press / to look for a job',
      })}
      ${call.live(
        'jobs',
        html`${tabs(
            'States',
            SHOWN_STATES.filter((one) => counts[one] > 0 || one === state).map((one) => ({
              ...{ name: one, to: here + queryOf({ state: one }), current: one === state },
              count: formatNumber(counts[one]),
            })),
          )}
          <div class="section-head">
            <p class="hint">${JOB_STATE_WORDS[state].meaning}</p>
            ${
              state === 'dead' && counts.dead > 0 && isOperator
                ? actButton(call, { path: `${here}/redrive`, label: 'Retry all dead jobs' })
                : nothing
            }
          </div>
          ${table({
            caption: `Jobs that are ${state}`,
            columns: [
              { name: 'Job' },
              { name: 'Attempts', numeric: true },
              { name: whenName(state) },
              {
                name: state === 'dead' || state === 'scheduled' ? 'Last error' : 'Added',
                wide: true,
              },
              ...(isOperator ? [{ name: '' }] : []),
            ],
            rows: page.jobs.map((job) => jobRow(job, call, here)),
            empty: emptyState({
              title: `No job is ${state}`,
              text:
                state === 'dead'
                  ? 'Jobs come here whose attempts are used up. That there are none is good news.'
                  : 'Add one from your program, and it is here within a moment.',
              ...(state !== 'dead' && {
                code: `await queue.add('${queue.kinds[0] ?? 'welcome'}', { … })`,
              }),
            }),
          })}`,
      )}
      ${pager(call, page.cursor)}`,
  }
}

function whenName(state: JobState): string {
  if (state === 'scheduled') return 'Due'
  if (state === 'active') return 'Lease ends'
  return state === 'completed' || state === 'dead' || state === 'cancelled' ? 'Ended' : 'Added'
}

function jobRow(job: JobRecord, call: Call, here: string): readonly (Html | string)[] {
  const { id, name, attempt, maxAttempts, at, addedAt, state, lastError } = job
  const to = `${here}/job/${encodeURIComponent(id)}`
  const error = errorLine(lastError)
  return [
    html`<a href="${to}">${shownText(name, 80)}</a
      ><span class="sub mono">${shownText(id, 60)}</span>`,
    `${formatNumber(attempt)} of ${formatNumber(maxAttempts)}`,
    ago(at ?? addedAt, call.view),
    state === 'dead' || state === 'scheduled'
      ? error === null
        ? html`<span class="hint">–</span>`
        : error
      : ago(addedAt, call.view),
    ...(mayAct(call.user.role, 'operator')
      ? [html`<div class="actions">${actsOf(job, call, to)}</div>`]
      : []),
  ]
}

/** What can be done to a job as it is. */
function actsOf({ state, id }: JobRecord, call: Call, to: string): Html {
  const button = (name: string, label: string): Html =>
    actButton(call, { path: `${to}/${name}`, label, about: `job ${id}` })
  switch (state) {
    case 'dead':
    case 'cancelled':
    case 'completed':
      return button('retry', 'Retry')
    case 'parked':
      return html`${button('promote', 'Let it go on')}${button('cancel', 'Cancel')}`
    case 'scheduled':
      return html`${button('promote', 'Run now')}${button('cancel', 'Cancel')}`
    case 'ready':
    case 'active':
    case 'held':
    case 'blocked':
      return button('cancel', 'Cancel')
  }
}

async function findJob(call: Call): Promise<Response | Page> {
  const queue = findQueue(call)
  const id = call.query('id').trim()
  const here = pathTo(call.view, 'jobs', queue.name)
  const job = id === '' || id.length > 400 ? null : await queue.get(id).catch(() => null)
  if (job !== null)
    return new Response(null, {
      status: 303,
      headers: { location: `${here}/job/${encodeURIComponent(job.id)}` },
    })
  return {
    ...{ title: 'No such job', section: 'jobs', status: 404 },
    body: html`${emptyState({
        title: `The queue holds no job ${shownText(id, 80)}`,
        text: 'It may have been removed: completed and dead jobs are kept as long as their options say.',
      })}
      <p><a class="button" href="${here}">Back to the queue</a></p>`,
  }
}

async function jobPage(call: Call, isShown = false): Promise<Page> {
  const queue = findQueue(call)
  const id = call.param('id')
  const [job, lines] = await Promise.all([
    queue.get(id).catch(() => null),
    queue.logs(id).catch(() => []),
  ])
  if (job === null)
    throw new MissingPageError('The queue holds no such job. It may have been removed.')
  const here = pathTo(call.view, 'jobs', queue.name)
  const to = `${here}/job/${encodeURIComponent(id)}`
  const isOperator = mayAct(call.user.role, 'operator')
  const { state, name, attempt, maxAttempts, addedAt, at, priority, crashes = 0 } = job
  const error = errorLine(job.lastError)
  const reveal = isOperator && !isShown ? revealButton(call, to) : null
  return {
    ...{ title: shownText(name, 80), section: 'jobs' },
    body: html` <p class="crumbs">
        <a href="${here}">${shownText(queue.name)}</a>
        <span class="mono">${shownText(id, 120)}</span>
      </p>
      ${call.live(
        'job',
        html`<div class="section-head">
            ${jobState(state)}
            <div class="actions">
              ${isOperator ? actsOf(job, call, to) : nothing}${
                mayAct(call.user.role, 'admin') && state !== 'active'
                  ? actButton(call, { path: `${to}/remove`, label: 'Remove', tone: 'danger' })
                  : nothing
              }
            </div>
          </div>
          ${error === null ? nothing : html`<p class="${state === 'completed' ? 'advice' : 'problem'}">${error}</p>`}
          ${facts([
            ['Attempt', `${formatNumber(attempt)} of ${formatNumber(maxAttempts)}`],
            ['Added', instant(addedAt, call.view)],
            [whenName(state), instant(at, call.view)],
            ['Priority', formatNumber(priority)],
            ...(crashes > 0 ? ([['Workers lost', formatNumber(crashes)]] as const) : []),
            ...(job.cancelRequested ? ([['Asked to stop', 'yes']] as const) : []),
            [
              'Progress',
              job.progress === null ? '–' : shownText(JSON.stringify(job.progress), 120),
            ],
          ])}
          ${section(
            'Log',
            lines.length === 0
              ? html`<p class="hint">
                  Its handler has logged nothing. <code>context.log('…')</code> shows a line here.
                </p>`
              : html`<ol class="log">
                  ${lines.map((line) => html`<li>${shownText(line, 1000)}</li>`)}
                </ol>`,
          )}`,
      )}
      ${section('Data', isShown ? shownValue(job.data, 'Data') : hiddenValue(job.data), reveal)}
      ${section('Result', isShown ? shownValue(job.result, 'Result') : hiddenValue(job.result))}
      ${isShown ? section('Last error', shownValue(job.lastError, 'Last error')) : nothing}`,
  }
}

function revealButton(call: Call, to: string): Html {
  return html`<form method="post" action="${to}/reveal" class="inline">
      ${formFields(call)} <button class="button">Show data and result</button>
    </form>
    <span class="hint">This goes on record.</span>`
}
