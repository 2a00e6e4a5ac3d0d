import { LOG_LEVELS, type LogLevel } from '../../services/logging/logs/log-level.ts'
import type { LogRecord } from '../../services/logging/logs/log-record.ts'
import type { Call, Page } from '../http/call.ts'
import { MissingPageError } from '../http/missing-page-error.ts'
import { eventStream } from '../http/live.ts'
import type { Route } from '../http/route.ts'
import { formatInstant } from '../html/format.ts'
import { html, nothing, type Html } from '../html/html.ts'
import { emptyState, pathTo, queryOf } from '../html/parts.ts'
import { shownText } from '../html/shown-text.ts'
import type { View } from '../html/view.ts'

const SHOWN = 200
const LOOK_MS = 1000
const NAMES: readonly LogLevel[] = ['trace', 'debug', 'info', 'warn', 'error', 'fatal']

/** The latest lines of this process's log, as they come. */
export function logRoutes(): readonly Route[] {
  return [
    { method: 'GET', path: '/logs', role: 'operator', handle: logPage },
    { method: 'GET', path: '/logs/tail', role: 'operator', handle: tail },
  ]
}

interface LogFilter {
  readonly level: LogLevel
  readonly text: string
}

function filterOf(call: Call): LogFilter {
  return {
    level: NAMES.find((one) => one === call.query('level')) ?? 'info',
    text: call.query('text').trim().slice(0, 200),
  }
}

function recordsOf(call: Call): readonly LogRecord[] {
  const { logs } = call.services
  if (logs !== undefined) return logs.records
  throw new MissingPageError('No log is kept here.')
}

function matches(record: LogRecord, { level, text }: LogFilter): boolean {
  if (record.level < LOG_LEVELS[level]) return false
  if (text === '') return true
  const wanted = text.toLowerCase()
  return `${record.message} ${fieldsOf(record)}`.toLowerCase().includes(wanted)
}

function logPage(call: Call): Page {
  const filter = filterOf(call)
  const { level, text } = filter
  const shown = recordsOf(call)
    .filter((record) => matches(record, filter))
    .slice(-SHOWN)
  return {
    ...{ title: 'Log', section: 'logs' },
    body: html`<form method="get" class="filters" data-filter role="search">
        <label class="field"
          ><span>From level</span
          ><select name="level">
            ${NAMES.map((one) => html`<option${one === level ? html` selected` : nothing}>${one}</option>`)}
          </select></label
        >
        <label class="field"
          ><span>Contains</span><input name="text" data-search value="${text}" maxlength="200"
        /></label>
        <button class="button">Filter</button>
      </form>
      <p class="hint">
        <span class="pulse">Load the page again for newer lines</span> The latest lines of this
        process; other processes have their own. Personal data was taken out before they were
        written.
      </p>
      <ol class="log" data-tail="${pathTo(call.view, 'logs', 'tail')}${queryOf({ level, text })}">
        ${shown.toReversed().map((record) => logLine(record, call.view))}
      </ol>
      ${
        shown.length === 0
          ? emptyState({
              title: 'No line matches yet',
              text: 'What the program logs from now on appears here by itself.',
              code: `const lines = memorySink(1000)\nnew LoggerService({ sinks: [consoleSink(), lines] })\ncreateDashboard({ services: { logs: lines }, … })`,
            })
          : nothing
      }`,
  }
}

function tail(call: Call): Response {
  const filter = filterOf(call)
  return eventStream(call.clock, call.request.signal, async (send) => {
    const seen = new WeakSet<LogRecord>(recordsOf(call))
    return async () => {
      for (const record of recordsOf(call)) {
        if (seen.has(record)) continue
        seen.add(record)
        if (matches(record, filter))
          send('line', JSON.stringify({ html: logLine(record, call.view).toString() }))
      }
      return LOOK_MS
    }
  })
}

function logLine(record: LogRecord, view: View): Html {
  const { levelName, time, message } = record
  const fields = fieldsOf(record)
  return html`<li class="${levelName}">
    <span class="meta">${formatInstant(time, view.zone)}</span
    ><span class="level">${levelName}</span
    ><span
      >${shownText(message, 1000)}${fields === '' ? nothing : html` <span class="meta">${shownText(fields, 1000)}</span>`}</span
    >
  </li>`
}

function fieldsOf({ fields }: LogRecord): string {
  try {
    const text = JSON.stringify(fields)
    return text === '{}' ? '' : text
  } catch {
    return ''
  }
}
