import { mayAct } from '../access/dashboard-user.ts'
import type { JobRecord } from '../../runtime/ports/job-store/job-store.ts'
import type { JobState } from '../../runtime/ports/job-store/job-state.ts'
import type { DashboardQueue } from '../dashboard-services.ts'
import type { Call, Page } from '../http/call.ts'
import { formatNumber } from '../html/format.ts'
import { html, nothing, type Html } from '../html/html.ts'
import { actButton, ago, emptyState, pager, pathTo, queryOf, table, tabs } from '../html/parts.ts'
import { shownText } from '../html/shown-text.ts'
import { bulkButtons } from './bulk-routes.ts'
import { findQueue } from './find-queue.ts'
import { jobActs } from './job-acts.ts'
import { isSearch, readJobSearch, searchForm, searchQuery, type JobSearch } from './job-search.ts'
import { errorLine, JOB_STATE_WORDS, jobState, whenName } from './job-words.ts'
import { SHOWN_STATES } from './queue-routes.ts'

const PAGE = 50
/** Calls of the store for one page of a search, each of which looks at 1,000 jobs at most. */
const MOST_CALLS = 3

/** Jobs of a queue: those in one state, or those that somebody looks for. */
export function jobListPage(call: Call): Promise<Page> {
  const queue = findQueue(call)
  const search = readJobSearch((name) => call.query(name), call)
  return isSearch(search) ? searchPage(call, queue, search) : statePage(call, queue, search.state)
}

async function statePage(
  call: Call,
  queue: DashboardQueue,
  asked: JobState | undefined,
): Promise<Page> {
  const counts = await queue.counts()
  // Whoever looks without saying at what wants to see what is wrong, then what goes on.
  const state = asked ?? SHOWN_STATES.find((one) => counts[one] > 0) ?? 'ready'
  const cursor = call.query('cursor')
  const page = await queue.list({ state, limit: PAGE, ...(cursor !== '' && { cursor }) })
  const here = pathTo(call.view, 'jobs', queue.name)
  return framed(call, queue, {
    ...{ jobs: page.jobs, state: null, cursor: page.cursor },
    live: html`${tabs(
        'States',
        SHOWN_STATES.filter((one) => counts[one] > 0 || one === state).map((one) => ({
          ...{ name: one, to: here + queryOf({ state: one }), current: one === state },
          count: formatNumber(counts[one]),
        })),
      )}
      <div class="section-head">
        <p class="hint">${JOB_STATE_WORDS[state].meaning}</p>
        ${
          state === 'dead' && counts.dead > 0 && mayAct(call.user.role, 'operator')
            ? actButton(call, { path: `${here}/redrive`, label: 'Retry all dead jobs' })
            : nothing
        }
      </div>
      ${jobTable(page.jobs, { call, here, state, empty: emptyOf(state, queue) })}`,
  })
}

async function searchPage(call: Call, queue: DashboardQueue, search: JobSearch): Promise<Page> {
  const { state = null } = search
  const { jobs, cursor } = await lookFor(call, queue, search)
  const here = pathTo(call.view, 'jobs', queue.name)
  return framed(call, queue, {
    ...{ jobs, state, cursor },
    live: html`${tabs('States', [
        { name: 'any state', to: here + searchQuery(call, null), current: state === null },
        ...SHOWN_STATES.map((one) => ({
          ...{ name: one, to: here + searchQuery(call, one), current: one === state },
        })),
      ])}
      <div class="section-head">
        <p class="hint">
          ${state === null ? 'Jobs that match, whatever their state.' : `Jobs that match and are ${state}.`}
          <a href="${here}">Show all</a>
        </p>
        ${jobs.length === 0 && cursor === null ? nothing : bulkButtons(call, queue, search)}
      </div>
      ${jobTable(jobs, {
        ...{ call, here, state },
        empty:
          cursor === null
            ? emptyState({
                title: 'No job matches',
                text: 'Tags are given when a job is added, whole and exactly as written here.',
                code: `await queue.add('${queue.kinds[0] ?? 'welcome'}', { … }, { tags: ['customer:7'] })`,
              })
            : emptyState({
                title: 'None of those looked at so far matches',
                text: `A page looks at ${formatNumber(MOST_CALLS * 1000)} jobs at most. The next page looks on from there; a tag finds jobs without looking through others.`,
              }),
      })}`,
  })
}

/** One job of that very id, then those that fit: three calls of the store at most. */
async function lookFor(
  call: Call,
  queue: DashboardQueue,
  search: JobSearch,
): Promise<{ readonly jobs: readonly JobRecord[]; readonly cursor: string | null }> {
  const { idPrefix, ...rest } = search
  const given = call.query('cursor')
  let cursor: string | null = given === '' ? null : given
  const jobs: JobRecord[] = []
  let calls = 0
  if (idPrefix !== undefined && cursor === null) {
    calls++
    const named = await queue.get(idPrefix).catch(() => null)
    // Whoever gives a whole id and nothing else has found what they look for.
    if (named !== null && Object.keys(rest).length === 0) return { jobs: [named], cursor: null }
  }
  do {
    calls++
    const page = await queue.list({
      ...{ ...search, limit: PAGE - jobs.length },
      ...(cursor !== null && { cursor }),
    })
    jobs.push(...page.jobs)
    cursor = page.cursor
  } while (cursor !== null && jobs.length < PAGE && calls < MOST_CALLS)
  return { jobs, cursor }
}

function framed(
  call: Call,
  queue: DashboardQueue,
  page: {
    readonly jobs: readonly JobRecord[]
    readonly state: JobState | null
    readonly cursor: string | null
    readonly live: Html
  },
): Page {
  const here = pathTo(call.view, 'jobs', queue.name)
  return {
    ...{ title: shownText(queue.name), section: 'jobs' },
    body: html`<p class="crumbs">
        <a href="${pathTo(call.view, 'jobs')}">Queues</a> <a href="${here}/schedules">Schedules</a>
        <span class="pulse">Live with JavaScript</span>
      </p>
      ${searchForm(call, queue, page.state, page.jobs)} ${call.live('jobs', page.live)}
      ${pager(call, page.cursor)}`,
  }
}

function emptyOf(state: JobState, queue: DashboardQueue): Html {
  return emptyState({
    title: `No job is ${state}`,
    text:
      state === 'dead'
        ? 'Jobs come here whose attempts are used up. That there are none is good news.'
        : 'Add one from your program, and it is here within a moment.',
    ...(state !== 'dead' && {
      code: `await queue.add('${queue.kinds[0] ?? 'welcome'}', { … })`,
    }),
  })
}

/** Tags, each a link to the jobs that have it. @param here The queue's page */
export function tagLinks(tags: readonly string[], here: string): Html {
  return html`<span class="tags"
    >${tags.map((tag) => html`<a class="tag" href="${here}${queryOf({ tag })}">${shownText(tag, 64)}</a>`)}</span
  >`
}

interface TableOptions {
  readonly call: Call
  /** The queue's page. */
  readonly here: string
  /** Whose jobs they are; `null` for those of any state. */
  readonly state: JobState | null
  readonly empty: Html
}

function jobTable(jobs: readonly JobRecord[], options: TableOptions): Html {
  const { call, state, empty } = options
  return table({
    caption: state === null ? 'Jobs that match' : `Jobs that are ${state}`,
    columns: [
      { name: 'Job' },
      ...(state === null ? [{ name: 'State' }] : []),
      { name: 'Attempts', numeric: true },
      ...(state === null ? [] : [{ name: whenName(state) }]),
      { name: isFailing(state) ? 'Last error' : 'Added', wide: true },
      ...(mayAct(call.user.role, 'operator') ? [{ name: '' }] : []),
    ],
    rows: jobs.map((job) => jobRow(job, options)),
    empty,
  })
}

function isFailing(state: JobState | null): boolean {
  return state === 'dead' || state === 'scheduled'
}

function jobRow(job: JobRecord, { call, here, state }: TableOptions): readonly (Html | string)[] {
  const { id, name, attempt, maxAttempts, at, addedAt, lastError, tags = [] } = job
  const to = `${here}/job/${encodeURIComponent(id)}`
  const error = errorLine(lastError)
  return [
    html`<a href="${to}">${shownText(name, 80)}</a
      ><span class="sub mono">${shownText(id, 60)}</span
      >${tags.length === 0 ? nothing : tagLinks(tags, here)}`,
    ...(state === null ? [jobState(job.state)] : []),
    `${formatNumber(attempt)} of ${formatNumber(maxAttempts)}`,
    ...(state === null ? [] : [ago(at ?? addedAt, call.view)]),
    isFailing(state)
      ? error === null
        ? html`<span class="hint">–</span>`
        : error
      : ago(addedAt, call.view),
    ...(mayAct(call.user.role, 'operator')
      ? [html`<div class="actions">${jobActs(job, call, to)}</div>`]
      : []),
  ]
}
