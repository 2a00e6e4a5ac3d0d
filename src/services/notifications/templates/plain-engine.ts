import { NotificationError } from '../notification-error.ts'
import { escapeHtml, safeStyle, safeUrl } from './escape-html.ts'
import { rewriteOutputs } from './html-context.ts'
import type { CompiledTemplate, CompileOptions, TemplateEngine } from './template-engine.ts'

/** A piece of a template: text as it stands, or a value to look up. */
type Piece =
  | string
  | {
      readonly path: readonly string[]
      readonly name: string
      readonly write: (value: string) => string
    }

/** A name, then names behind dots and numbers or quoted names in brackets. */
const PATH =
  /^\s*([A-Za-z_][\w-]*)((?:\.[A-Za-z_][\w-]*|\[\d{1,9}\]|\["[^"\]]{1,100}"\]|\['[^'\]]{1,100}'\])*)\s*(?:\|\s*safe_(url|style)\s*)?$/

/**
 * Shows values and nothing else: `{{ name }}`, `{{ user.name }}`, `{{ items[0] }}`. What it shows
 * is what Liquid shows for them; a template that asks for more is refused, with the engine that
 * knows it.
 */
export const plainEngine: TemplateEngine = { name: 'plain', compile }

function compile(source: string, { format, missing }: CompileOptions): CompiledTemplate {
  const html = format === 'html'
  const marked = html ? rewriteOutputs(source, mark) : source
  const pieces = readPieces(marked, html)
  return {
    render: (data) =>
      pieces
        .map((piece) => (typeof piece === 'string' ? piece : show(data, piece, missing)))
        .join(''),
  }
}

function mark(expression: string, context: string): string {
  return context === 'text' ? expression : `${expression}| safe_${context}`
}

function readPieces(source: string, html: boolean): readonly Piece[] {
  if (source.includes('{%')) throw refusal('a tag')
  const pieces: Piece[] = []
  let end = 0
  for (const match of source.matchAll(/\{\{(-?)([\s\S]*?)(-?)\}\}/g)) {
    const [whole, before, expression = '', after] = match
    const text = source.slice(end, match.index)
    pieces.push(before === '-' ? text.trimEnd() : text)
    pieces.push(readOutput(expression, html))
    end = match.index + whole.length
    // White space after it is taken away with it.
    if (after === '-') end += /^\s*/.exec(source.slice(end))?.[0].length ?? 0
  }
  return [...pieces, source.slice(end)]
}

function readOutput(expression: string, html: boolean): Piece {
  const [, first, rest = '', filter] = PATH.exec(expression) ?? []
  if (first === undefined) throw refusal('other than a value')
  const steps = [...rest.matchAll(/\.([\w-]+)|\[(\d+)\]|\["([^"]*)"\]|\['([^']*)'\]/g)]
  const path = [
    first,
    ...steps.map(([, ...names]) => names.find((name) => name !== undefined) ?? ''),
  ]
  const safe = filter === 'url' ? safeUrl : filter === 'style' ? safeStyle : String
  return {
    path,
    name: path.join('.'),
    write: html ? (value) => escapeHtml(safe(value)) : String,
  }
}

function show(
  data: object,
  { path, name, write }: Exclude<Piece, string>,
  missing: CompileOptions['missing'],
): string {
  let value: unknown = data
  for (const key of path)
    value =
      typeof value === 'object' && value !== null && Object.hasOwn(value, key)
        ? Reflect.get(value, key)
        : undefined
  if (value === undefined && missing === 'error')
    throw new NotificationError(
      'invalid_data',
      `Cannot render template: the data has no ${JSON.stringify(name.slice(0, 100))}`,
    )
  return write(textOf(value, name))
}

function textOf(value: unknown, name: string): string {
  if (value === undefined || value === null) return ''
  if (Array.isArray(value)) return value.map((item: unknown) => textOf(item, name)).join('')
  switch (typeof value) {
    case 'string':
    case 'number':
    case 'boolean':
    case 'bigint':
      return String(value)
    default:
      throw new NotificationError(
        'invalid_data',
        `Cannot render template: ${JSON.stringify(name.slice(0, 100))} is no text, number or list of them`,
      )
  }
}

function refusal(what: string): NotificationError {
  return new NotificationError(
    'invalid_template',
    `Cannot read template: it has ${what}, which takes liquid() of the package's notifications/liquid as engine`,
  )
}
