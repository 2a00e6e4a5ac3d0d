import type { DashboardTemplate } from '../dashboard-services.ts'
import type { Call, Page } from '../http/call.ts'
import { MissingPageError } from '../http/missing-page-error.ts'
import { FRAMED_HEADERS } from '../http/headers.ts'
import type { Route } from '../http/route.ts'
import { formatNumber } from '../html/format.ts'
import { html, nothing, type Html } from '../html/html.ts'
import { codeBlock, emptyState, facts, pathTo, queryOf, section, table } from '../html/parts.ts'
import { shownText } from '../html/shown-text.ts'
import { messageTabs, notificationsOf } from './notifications-of.ts'

const MOST_DATA = 8000

/** Templates as they come out, and what an outbox has kept. */
export function templateRoutes(): readonly Route[] {
  return [
    { method: 'GET', path: '/notifications/templates', role: 'reader', handle: templatesPage },
    {
      ...{ method: 'GET', path: '/notifications/templates/:name', role: 'reader' },
      handle: templatePage,
    },
    {
      ...{ method: 'GET', path: '/notifications/templates/:name/html', role: 'reader' },
      handle: framedTemplate,
    },
    // What is in it are whole messages, to whom they are addressed.
    { method: 'GET', path: '/notifications/outbox', role: 'operator', handle: outboxPage },
    {
      ...{ method: 'GET', path: '/notifications/outbox/:index/html', role: 'operator' },
      handle: framedMessage,
    },
  ]
}

function templatesPage(call: Call): Page {
  const { templates = [] } = call.services
  return {
    ...{ title: 'Templates', section: 'notifications' },
    body: html`${messageTabs(call, 'templates')}${table({
      caption: 'Templates',
      columns: [{ name: 'Template', wide: true }],
      rows: templates.map(({ name }) => [
        html`<a href="${pathTo(call.view, 'notifications', 'templates', name)}"
          >${shownText(name)}</a
        >`,
      ]),
      empty: emptyState({
        title: 'No template is shown here yet',
        text: 'Name templates to the dashboard, each with data to look at it.',
        code: `createDashboard({ services: {\n  notifications,\n  templates: [{ name: 'welcome-email', sample: { name: 'Ada' } }],\n}, … })`,
      }),
    })}`,
  }
}

function findTemplate(call: Call): DashboardTemplate {
  const template = call.services.templates?.find(({ name }) => name === call.param('name'))
  if (template !== undefined) return template
  throw new MissingPageError('There is no such template.')
}

interface Rendered {
  readonly problem: string | null
  readonly subject?: string | undefined
  readonly html?: string | undefined
  readonly text?: string | undefined
  readonly sms?: string | undefined
}

async function rendered(call: Call, data: string): Promise<Rendered> {
  try {
    const value: unknown = JSON.parse(data)
    if (typeof value !== 'object' || value === null)
      return { problem: 'The data is no JSON object.' }
    const { name } = findTemplate(call)
    // A template that is defined answers its parts.
    const made = await notificationsOf(call).renderTemplate(name, value)
    return { problem: null, ...(typeof made === 'string' ? { text: made } : made) }
  } catch (error) {
    if (error instanceof MissingPageError) throw error
    return { problem: error instanceof Error ? error.message : 'It could not be rendered.' }
  }
}

function dataOf(call: Call): string {
  const given = call.query('data').slice(0, MOST_DATA)
  return given === '' ? JSON.stringify(findTemplate(call).sample ?? {}, null, 2) : given
}

async function templatePage(call: Call): Promise<Page> {
  const { name } = findTemplate(call)
  const data = dataOf(call)
  const { problem, subject, html: markup, text, sms } = await rendered(call, data)
  const here = pathTo(call.view, 'notifications', 'templates', name)
  return {
    ...{ title: shownText(name, 80), section: 'notifications' },
    body: html`${messageTabs(call, 'templates')}
      <div class="columns two">
        <form method="get" action="${here}" class="stack">
          <label class="field"
            ><span>Data, as JSON</span
            ><textarea name="data" spellcheck="false" maxlength="${MOST_DATA}">${data}</textarea>
          </label>
          <p class="actions"><button class="button primary">Preview</button></p>
        </form>
        <div class="stack">
          ${problem === null ? nothing : html`<p class="problem">${shownText(problem, 500)}</p>`}
          ${subject === undefined ? nothing : facts([['Subject', shownText(subject, 500)]])}
          ${markup === undefined ? nothing : frame(`${here}/html${queryOf({ data })}`, `Preview of ${name}`)}
          ${text === undefined ? nothing : codeBlock(shownText(text, 20_000), 'As text')}
          ${sms === undefined ? nothing : codeBlock(shownText(sms, 2000), 'As SMS')}
        </div>
      </div>`,
  }
}

function frame(source: string, title: string): Html {
  return html`<iframe class="preview" sandbox title="${title}" src="${source}"></iframe>`
}

async function framedTemplate(call: Call): Promise<Response> {
  const { html: markup = '' } = await rendered(call, dataOf(call))
  return framedDocument(markup)
}

function framedDocument(markup: string): Response {
  return new Response(markup, {
    headers: { ...FRAMED_HEADERS, 'content-type': 'text/html; charset=utf-8' },
  })
}

async function outboxPage(call: Call): Promise<Page> {
  const messages = call.services.outbox?.messages ?? []
  // Whole messages are shown, so looking at them is on record.
  if (messages.length > 0)
    await call.record({ action: 'outbox.reveal', target: 'outbox', outcome: 'success' })
  const latest = messages.slice(-20)
  const first = messages.length - latest.length
  return {
    ...{ title: 'Outbox', section: 'notifications' },
    body: html`${messageTabs(call, 'outbox')}
      <p class="advice">
        These were kept in this process and sent to nobody. ${formatNumber(messages.length)} in all,
        the latest first.
      </p>
      ${
        latest.length === 0
          ? emptyState({
              title: 'Nothing has been sent yet',
              text: 'Whatever the program sends while it has no provider is shown here as its recipient would get it.',
              code: `const box = outbox()\ncreateNotifications({ backend, email: [box] })`,
            })
          : latest
              .map((message, index) => {
                const fields = message as unknown as Readonly<Record<string, unknown>>
                const subject = textIn(fields['subject']) ?? textIn(fields['title']) ?? 'Message'
                return section(
                  shownText(subject, 120),
                  html`${textIn(fields['html']) === null ? nothing : frame(pathTo(call.view, 'notifications', 'outbox', String(first + index), 'html'), `Message ${first + index + 1}`)}${textIn(fields['text']) === null ? nothing : codeBlock(shownText(textIn(fields['text']) ?? '', 5000), 'As text')}`,
                )
              })
              .toReversed()
      }`,
  }
}

function textIn(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null
}

function framedMessage(call: Call): Response {
  const message: unknown = call.services.outbox?.messages[Number(call.param('index'))]
  const markup =
    typeof message === 'object' && message !== null && 'html' in message ? message.html : null
  if (typeof markup !== 'string') throw new MissingPageError('There is no such message.')
  return framedDocument(markup)
}
