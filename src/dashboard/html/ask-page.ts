import type { Call, Page, Question } from '../http/call.ts'
import { html } from './html.ts'

/** Fields that are not asked for again. */
const OWN = new Set(['token', 'sure'])
const MOST_FIELDS = 50

/** The page that asks before something is done: the same form once more, with the answer. */
export function askPage(question: Question, call: Call): Page {
  const { title, body, button, destructive = false } = question
  const back = call.field('back')
  return {
    ...{
      title,
      section: call.url.pathname.split('/').at(call.view.basePath.split('/').length) ?? '',
    },
    body: html`<form method="post" class="card ask">
      ${body}
      <input type="hidden" name="token" value="${call.formToken}" />
      <input type="hidden" name="sure" value="yes" />
      ${fieldsOf(call).map(
        ([name, value]) => html`<input type="hidden" name="${name}" value="${value}" />`,
      )}
      <p class="actions">
        <button class="button ${destructive ? 'danger' : 'primary'}" autofocus>${button}</button>
        <a
          class="button quiet"
          href="${back.startsWith(`${call.view.basePath}/`) ? back : call.view.basePath}"
          >Keep everything as it is</a
        >
      </p>
    </form>`,
  }
}

function fieldsOf(call: Call): readonly (readonly [string, string])[] {
  return [...call.fields].filter(([name]) => !OWN.has(name)).slice(0, MOST_FIELDS)
}
