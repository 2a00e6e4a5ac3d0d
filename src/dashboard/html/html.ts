import { html as tagged, raw } from 'hono/html'
import type { HtmlEscapedString } from 'hono/utils/html'

/** HTML that may stand in a page as it is. */
export type Html = HtmlEscapedString

/** What a template takes: texts are escaped; `null`, `undefined` and `false` are nothing. */
export type HtmlValue = Html | string | number | false | null | undefined | readonly HtmlValue[]

/**
 * Makes HTML. Whatever stands in `${}` is escaped unless it is HTML already, so it is safe between
 * tags and within quoted attributes, and may stand nowhere else.
 */
export function html(strings: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  // A promise among the values would make it one, and there is none.
  return tagged(strings, ...values) as Html
}

/** No HTML at all. */
export const nothing: Html = raw('')
