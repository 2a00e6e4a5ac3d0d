import { JOB_STATES, type JobState } from '../../runtime/ports/job-store/job-state.ts'
import type { JobRecord } from '../../runtime/ports/job-store/job-store.ts'
import type { DashboardQueue } from '../dashboard-services.ts'
import type { Call } from '../http/call.ts'
import { formatInstant } from '../html/format.ts'
import { html, nothing, type Html } from '../html/html.ts'
import { queryOf } from '../html/parts.ts'
import { shownText } from '../html/shown-text.ts'
import { readTimeRange, timeFields, type TimeRange } from '../html/time-range.ts'

/** What somebody looks for; what is absent is not asked for. */
export interface JobSearch extends TimeRange {
  readonly state?: JobState
  readonly tag?: string
  readonly name?: string
  readonly idPrefix?: string
}

/** The fields of a search, as they stand in a query and in a form. */
const FIELDS = ['tag', 'name', 'id', 'hours', 'from', 'to'] as const

/** @param read Answers a field by its name: of the query, or of a form */
export function readJobSearch(read: (name: string) => string, call: Call): JobSearch {
  const state = JOB_STATES.find((one) => one === read('state'))
  const [tag, name, idPrefix] = ['tag', 'name', 'id'].map((field) => read(field).trim())
  return {
    ...(state !== undefined && { state }),
    ...(tag !== '' && tag !== undefined && { tag }),
    ...(name !== '' && name !== undefined && { name }),
    ...(idPrefix !== '' && idPrefix !== undefined && { idPrefix }),
    ...readTimeRange(read, call.view),
  }
}

/** Whether something but a state is asked for. */
export function isSearch(search: JobSearch): boolean {
  return Object.keys(search).some((part) => part !== 'state')
}

/** The fields of the search of this page, to be sent on. */
export function searchFields(read: (name: string) => string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    ['state', ...FIELDS].map((name) => [name, read(name)]).filter(([, value]) => value !== ''),
  ) as Record<string, string>
}

/** The same search in another state; without one in any. */
export function searchQuery(call: Call, state: JobState | null): string {
  return queryOf({ state, ...Object.fromEntries(FIELDS.map((name) => [name, call.query(name)])) })
}

/** What is looked for, in words for the audit log. */
export function searchWords(search: JobSearch): string {
  const { state, tag, name, idPrefix, since, until } = search
  const parts = Object.entries({
    ...{ state, tag, name, id: idPrefix && `${idPrefix}…` },
    since: since === undefined ? undefined : new Date(since).toISOString(),
    until: until === undefined ? undefined : new Date(until).toISOString(),
  }).flatMap(([what, value]) => (value === undefined ? [] : [`${what}=${value}`]))
  return parts.length === 0 ? 'all' : parts.join(' ')
}

/** The same for a person. */
export function searchFacts(search: JobSearch, call: Call): readonly (readonly [string, string])[] {
  const { state, tag, name, idPrefix, since, until } = search
  return [
    ['State', state ?? 'any'],
    ...(tag === undefined ? [] : [['Tag', shownText(tag, 100)] as const]),
    ...(name === undefined ? [] : [['Kind', shownText(name, 100)] as const]),
    ...(idPrefix === undefined ? [] : [['Id begins with', shownText(idPrefix, 100)] as const]),
    ...(since === undefined
      ? []
      : [['Added since', formatInstant(since, call.view.zone)] as const]),
    ...(until === undefined
      ? []
      : [['Added before', formatInstant(until, call.view.zone)] as const]),
  ]
}

/**
 * The form of the search. Kinds are completed from the queue's, tags from those of the jobs that
 * the page shows, which costs nothing.
 */
export function searchForm(
  call: Call,
  queue: DashboardQueue,
  state: JobState | null,
  shown: readonly JobRecord[],
): Html {
  const read = (name: string): string => call.query(name)
  const tags = [...new Set(shown.flatMap(({ tags: own = [] }) => own))].toSorted().slice(0, 50)
  return html`<form method="get" role="search" class="filters" data-filter>
    ${textField({ name: 'tag', label: 'Tag', value: read('tag'), placeholder: 'customer:7', list: 'tags' })}
    ${textField({ name: 'id', label: 'Job id, or how it begins', value: read('id'), placeholder: 'Press / to search', first: true })}
    ${textField({ name: 'name', label: 'Kind', value: read('name'), placeholder: queue.kinds[0] ?? 'welcome', list: 'kinds' })}
    <label class="field"
      ><span>State</span
      ><select name="state">
        <option value="">any</option>
        ${JOB_STATES.map((one) => html`<option ${one === state ? html` selected` : nothing}>${one}</option>`)}
      </select></label
    >
    ${timeFields('Added', read, call.view)}
    <button class="button">Search</button>
    <datalist id="kinds">
      ${queue.kinds.map((kind) => html`<option value="${kind}"></option>`)}
    </datalist>
    <datalist id="tags">${tags.map((tag) => html`<option value="${tag}"></option>`)}</datalist>
  </form>`
}

function textField(field: {
  readonly name: string
  readonly label: string
  readonly value: string
  readonly placeholder: string
  readonly list?: string
  readonly first?: boolean
}): Html {
  const { name, label, value, placeholder, list, first = false } = field
  return html`<label class="field"
    ><span>${label}</span
    ><input
      name="${name}"
      value="${value}"
      placeholder="${placeholder}"
      maxlength="300"
      autocomplete="off"
      ${list === undefined ? nothing : html` list="${list}"`}
      ${first ? html` data-search` : nothing}
  /></label>`
}
