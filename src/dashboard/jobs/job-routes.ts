import { mayAct } from '../access/dashboard-user.ts'
import type { DashboardQueue } from '../dashboard-services.ts'
import type { Call, Done, Page } from '../http/call.ts'
import { MissingPageError } from '../http/missing-page-error.ts'
import type { ActRoute, Route } from '../http/route.ts'
import { formatNumber } from '../html/format.ts'
import { hiddenValue, shownValue } from '../html/hidden-value.ts'
import { html, nothing, type Html } from '../html/html.ts'
import { actButton, facts, formFields, instant, pathTo, section } from '../html/parts.ts'
import { shownText } from '../html/shown-text.ts'
import { findQueue } from './find-queue.ts'
import { jobActs } from './job-acts.ts'
import { jobListPage, tagLinks } from './job-list-page.ts'
import { errorLine, jobState, whenName } from './job-words.ts'

/** Jobs of a queue. */
export function jobRoutes(): readonly Route[] {
  return [
    { method: 'GET', path: '/jobs/:queue', role: 'reader', handle: jobListPage },
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
  const { state, name, attempt, maxAttempts, addedAt, at, priority, crashes = 0, tags = [] } = job
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
              ${isOperator ? jobActs(job, call, to) : nothing}${
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
            ...(tags.length > 0 ? ([['Tags', tagLinks(tags, here)]] as const) : []),
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
