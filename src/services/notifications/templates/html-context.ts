import { NotificationError } from '../notification-error.ts'

/** Where in HTML a value is written. */
export type HtmlContext =
  /** Between tags, or inside the quotes of an attribute that holds text. */
  | 'text'
  /** At the start of an attribute that holds a URL. */
  | 'url'
  /** In a `style` attribute. */
  | 'style'

/** Attributes whose value is followed or loaded. */
const URLS =
  /^(?:href|src|action|formaction|background|poster|cite|data|longdesc|usemap|xlink:href)$/
/** Attributes in which no value can be made safe. */
const REFUSED = /^(?:on.*|srcdoc|srcset|http-equiv)$/

/** An output, or a tag of the engine: `raw` and `comment` reach to their ends. */
const PIECE =
  /\{\{(-?)([\s\S]*?)(-?)\}\}|\{%-?\s*(raw|comment)\s*-?%\}[\s\S]*?\{%-?\s*end\4\s*-?%\}|\{%[\s\S]*?%\}/g

type Place =
  | { readonly in: 'text' }
  | { readonly in: 'comment' }
  /** What runs to its own end tag: script, style, and text that knows no tags. */
  | { readonly in: 'raw'; readonly name: string }
  | { readonly in: 'tag'; readonly name: string }
  | {
      readonly in: 'value'
      readonly name: string
      readonly attribute: string
      readonly quote: string
      readonly begun: boolean
    }

/**
 * Goes through the source of an HTML template and looks where its outputs stand, as a browser would
 * see it.
 *
 * @param rewrite Writes an output anew, knowing its place
 * @returns The source with the outputs written anew
 * @throws NotificationError `invalid_template` for an output where no value is safe: outside
 *   quotes, in a script, in the name of a tag
 */
export function rewriteOutputs(
  source: string,
  rewrite: (expression: string, context: HtmlContext) => string,
): string {
  let place: Place = { in: 'text' }
  let written = ''
  let end = 0
  /** The last two characters of text that were written since the last output. */
  let tail = ''
  for (const match of source.matchAll(PIECE)) {
    const [whole, before = '', expression, after = ''] = match
    const literal = source.slice(end, match.index)
    place = follow(place, literal)
    tail = (tail + literal).slice(-2)
    written += literal
    end = match.index + whole.length
    if (expression === undefined) {
      written += whole
      continue
    }
    if (place.in === 'text' && /<\/?$/.test(tail))
      throw refusal('in the name of a tag', source, match.index)
    tail = ''
    const context = contextAt(place, source, match.index)
    written += `{{${before}${rewrite(expression, context)}${after}}}`
    if (place.in === 'value') place = { ...place, begun: true }
  }
  return written + source.slice(end)
}

function contextAt(place: Place, source: string, at: number): HtmlContext {
  switch (place.in) {
    case 'text':
    case 'comment':
      return 'text'
    case 'raw':
      if (place.name === 'title' || place.name === 'textarea') return 'text'
      throw refusal(`inside <${place.name}>`, source, at)
    case 'tag':
      throw refusal('inside a tag, outside the quotes of an attribute', source, at)
    case 'value':
      if (place.quote === '') throw refusal('in an attribute without quotes', source, at)
      if (REFUSED.test(place.attribute))
        throw refusal(`in the attribute ${place.attribute}`, source, at)
      if (place.attribute === 'style') return 'style'
      return URLS.test(place.attribute) && !place.begun ? 'url' : 'text'
  }
}

/** Where a browser is after some more text. */
function follow(from: Place, text: string): Place {
  let place = from
  let rest = text
  while (rest !== '') {
    const step = stepFrom(place, rest)
    place = step.place
    rest = rest.slice(step.length)
  }
  return place
}

interface Step {
  readonly place: Place
  readonly length: number
}

function stepFrom(place: Place, text: string): Step {
  switch (place.in) {
    case 'text':
      return fromText(text)
    case 'comment': {
      const end = text.indexOf('-->')
      return end < 0 ? { place, length: text.length } : { place: { in: 'text' }, length: end + 3 }
    }
    case 'raw': {
      const end = text.toLowerCase().indexOf(`</${place.name}`)
      return end < 0
        ? { place, length: text.length }
        : { place: { in: 'tag', name: `/${place.name}` }, length: end + 2 + place.name.length }
    }
    case 'tag':
      return fromTag(place.name, text)
    case 'value':
      return fromValue(place, text)
  }
}

function fromText(text: string): Step {
  const open = text.search(/<(?=[a-z/!])/i)
  if (open < 0) return { place: { in: 'text' }, length: text.length }
  const from = text.slice(open)
  // Outlook reads what stands in conditional comments as HTML.
  const conditional = /^<!--\[if[^\]>]*\]>(?:<!-->)?|^<!(?:--)?(?:<!)?\[endif\](?:--)?>/i.exec(from)
  if (conditional !== null) return { place: { in: 'text' }, length: open + conditional[0].length }
  if (from.startsWith('<!--')) return { place: { in: 'comment' }, length: open + 4 }
  const [tag = '<', name = ''] = /^<([!/]?[a-z][^\s/>]*|[!/])/i.exec(from) ?? []
  return { place: { in: 'tag', name: name.toLowerCase() }, length: open + tag.length }
}

function fromTag(name: string, text: string): Step {
  const [space] = /^[\s/]+/.exec(text) ?? []
  if (space !== undefined) return { place: { in: 'tag', name }, length: space.length }
  if (text.startsWith('>')) {
    const isRaw = /^(?:script|style|title|textarea|xmp|iframe|noembed|noframes)$/.test(name)
    return { place: isRaw ? { in: 'raw', name } : { in: 'text' }, length: 1 }
  }
  const [attribute = text[0] ?? '', key = '', equals] =
    /^([^\s/>=][^\s/>=]*)(\s*=\s*)?/.exec(text) ?? []
  if (equals === undefined) return { place: { in: 'tag', name }, length: attribute.length }
  const quote = /^["']/.exec(text.slice(attribute.length))?.[0] ?? ''
  return {
    place: { in: 'value', name, attribute: key.toLowerCase(), quote, begun: false },
    length: attribute.length + quote.length,
  }
}

function fromValue(place: Extract<Place, { in: 'value' }>, text: string): Step {
  const end = place.quote === '' ? text.search(/[\s>]/) : text.indexOf(place.quote)
  // Browsers leave out what stands before a URL and is not seen.
  const begun = place.begun || /[^\0-\u0020]/.test(text)
  if (end < 0) return { place: { ...place, begun }, length: text.length }
  // A quote ends the value, a bracket or a space comes after it.
  return { place: { in: 'tag', name: place.name }, length: end + place.quote.length }
}

function refusal(where: string, source: string, at: number): NotificationError {
  const line = source.slice(0, at).split('\n').length
  return new NotificationError(
    'invalid_template',
    `Cannot read template: line ${line} shows a value ${where}, where none can be made safe`,
  )
}
