import type { Call } from '../http/call.ts'
import { formatInstant, formatRelative } from './format.ts'
import { html, nothing, type Html, type HtmlValue } from './html.ts'
import { shownText } from './shown-text.ts'
import type { View } from './view.ts'

/** How something stands: a colour, never without a word beside it. */
export type Tone = 'good' | 'warn' | 'bad' | 'busy' | 'idle'

/** A word with a dot. */
export function badge(tone: Tone, text: string): Html {
  return html`<span class="badge ${tone}">${text}</span>`
}

/** How long ago it was; pointing at it says when. */
export function ago(at: number | null | undefined, view: View): Html {
  if (typeof at !== 'number' || !Number.isFinite(at) || Math.abs(at) > 8.64e15) return html`–`
  return html`<time
    datetime="${new Date(at).toISOString()}"
    title="${formatInstant(at, view.zone)} ${view.zone}"
    >${formatRelative(at, view.now)}</time
  >`
}

/** When it was, in the time zone that was chosen, and how long ago. */
export function instant(at: number | null | undefined, view: View): Html {
  if (typeof at !== 'number' || !Number.isFinite(at) || Math.abs(at) > 8.64e15) return html`–`
  return html`<span class="when"
    >${formatInstant(at, view.zone)} <small>${ago(at, view)}</small></span
  >`
}

/** A path below the base path, each part encoded. */
export function pathTo(view: View, ...parts: readonly string[]): string {
  return [view.basePath, ...parts.map((part) => encodeURIComponent(part))].join('/')
}

/** A query of what is not empty. */
export function queryOf(
  values: Readonly<Record<string, string | number | null | undefined>>,
): string {
  const params = new URLSearchParams()
  for (const [name, value] of Object.entries(values))
    if (value !== null && value !== undefined && value !== '') params.set(name, String(value))
  const text = params.toString()
  return text === '' ? '' : `?${text}`
}

/** A column of a table. */
export interface Column {
  readonly name: string
  /** Figures, one below the other. */
  readonly numeric?: boolean
  /** Takes what room is left. */
  readonly wide?: boolean
}

/** A table that turns into a list of cards where there is no room for columns. */
export function table(options: {
  readonly caption: string
  readonly columns: readonly Column[]
  readonly rows: readonly (readonly HtmlValue[])[]
  /** Shown in place of no rows. */
  readonly empty: Html
}): Html {
  const { caption, columns, rows, empty } = options
  if (rows.length === 0) return empty
  return html`<table role="table" class="table">
    <caption class="unseen">
      ${caption}
    </caption>
    <thead role="rowgroup">
      <tr role="row">
        ${columns.map(
          ({ name, numeric }) =>
            html`<th
              role="columnheader"
              scope="col"
              ${numeric === true ? html` class="num"` : nothing}
            >
              ${name === '' ? html`<span class="unseen">Actions</span>` : name}
            </th>`,
        )}
      </tr>
    </thead>
    <tbody role="rowgroup">
      ${rows.map(
        (cells) =>
          html`<tr role="row">
            ${cells.map((cell, index) => {
              const { name = '', numeric, wide } = columns[index] ?? {}
              const kind = numeric === true ? 'num' : wide === true ? 'wide' : ''
              return html`<td role="cell" class="${kind}" data-label="${name}">
                <div>${cell}</div>
              </td>`
            })}
          </tr>`,
      )}
    </tbody>
  </table>`
}

/** What is said where there is nothing yet: what to do, with code to paste. */
export function emptyState(options: {
  readonly title: string
  readonly text: string
  readonly code?: string
}): Html {
  const { title, text, code } = options
  return html`<div class="empty">
    <p class="empty-title">${title}</p>
    <p>${text}</p>
    ${code === undefined ? nothing : codeBlock(code)}
  </div>`
}

/** Code to copy. */
export function codeBlock(code: string, label = 'Code'): Html {
  return html`<div class="code">
    <pre tabindex="0" aria-label="${label}"><code>${code}</code></pre>
    <button type="button" class="copy" data-copy hidden>Copy</button>
  </div>`
}

/** Where the next page is, and the first. */
export function pager(call: Call, cursor: string | null): Html {
  const isFirst = call.query('cursor') === ''
  if (cursor === null && isFirst) return nothing
  const to = (next: string | null): string => {
    const params = new URLSearchParams(call.url.searchParams)
    for (const name of ['cursor', 'done', 'count']) params.delete(name)
    if (next !== null) params.set('cursor', next)
    return `?${params.toString()}`
  }
  return html`<nav class="pager" aria-label="Pages">
    ${isFirst ? nothing : html`<a class="button" href="${to(null)}">First page</a>`}
    ${cursor === null ? html`<span class="hint">This is the end.</span>` : html`<a class="button" href="${to(cursor)}" rel="next">Next page</a>`}
  </nav>`
}

/** A button that does something, with what it needs to be taken. */
export function actButton(
  call: Call,
  options: {
    readonly path: string
    readonly label: string
    /** Says to a screen reader what of many it is about. */
    readonly about?: string
    readonly fields?: Readonly<Record<string, string>>
    readonly tone?: 'primary' | 'danger' | 'plain'
  },
): Html {
  const { path, label, about, fields = {}, tone = 'plain' } = options
  return html`<form method="post" action="${path}" class="inline">
    ${formFields(call, fields)}
    <button class="button ${tone}">
      ${label}${about === undefined ? nothing : html`<span class="unseen"> ${shownText(about, 120)}</span>`}
    </button>
  </form>`
}

/** The fields that every form carries. */
export function formFields(call: Call, fields: Readonly<Record<string, string>> = {}): Html {
  const back = call.url.pathname + call.url.search
  return html`<input type="hidden" name="token" value="${call.formToken}" /><input
      type="hidden"
      name="back"
      value="${back}"
    />${Object.entries(fields).map(
      ([name, value]) => html`<input type="hidden" name="${name}" value="${value}" />`,
    )}`
}

/** What is looked for by a {@link findForm}. */
export interface FindField {
  readonly name: string
  readonly label: HtmlValue
  readonly placeholder: string
  /** The most characters of it. */
  readonly longest: number
  /** What stands in it. Default: nothing. */
  readonly value?: string
  /** What the button says. Default `Find`. */
  readonly button?: string
}

/** Asks for one thing by its name, at the top of a page. */
export function findForm(action: string, field: FindField): Html {
  return html`<form method="get" action="${action}" role="search" class="filters">
    <label class="field whole"
      ><span>${field.label}</span
      ><input
        name="${field.name}"
        data-search
        value="${field.value ?? ''}"
        placeholder="${field.placeholder}"
        maxlength="${field.longest}"
        required
    /></label>
    <button class="button">${field.button ?? 'Find'}</button>
  </form>`
}

/** Names and what they have, one below the other. */
export function facts(entries: readonly (readonly [string, HtmlValue])[]): Html {
  return html`<dl class="facts">
    ${entries.map(
      ([name, value]) =>
        html`<div>
          <dt>${name}</dt>
          <dd>${value}</dd>
        </div>`,
    )}
  </dl>`
}

/** One figure with its name. */
export function figure(options: {
  readonly label: string
  readonly value: HtmlValue
  readonly note?: HtmlValue
  readonly tone?: Tone
  readonly to?: string
}): Html {
  const { label, value, note, tone, to } = options
  const body = html`<span class="figure-label">${label}</span
    ><span class="figure-value${tone === undefined ? '' : ` ${tone}`}">${value}</span
    >${note === undefined ? nothing : html`<span class="figure-note">${note}</span>`}`
  return to === undefined
    ? html`<div class="figure">${body}</div>`
    : html`<a class="figure" href="${to}">${body}</a>`
}

/** A line of links of which one is chosen. */
export function tabs(
  label: string,
  entries: readonly {
    readonly name: string
    readonly to: string
    readonly current: boolean
    readonly count?: string
  }[],
): Html {
  return html`<nav class="tabs" aria-label="${label}">
    ${entries.map(
      ({ name, to, current, count }) =>
        html`<a href="${to}" ${current ? html` aria-current="true"` : nothing}
          >${name}${count === undefined ? nothing : html` <span class="tab-count">${count}</span>`}</a
        >`,
    )}
  </nav>`
}

/** A part of a page with a name. */
export function section(title: string, body: HtmlValue, actions: HtmlValue = null): Html {
  return html`<section class="section">
    <div class="section-head">
      <h2>${title}</h2>
      ${actions === null ? nothing : html`<div class="actions">${actions}</div>`}
    </div>
    ${body}
  </section>`
}
