// oxlint-disable-next-line typescript/triple-slash-reference -- whoever compiles the source needs it, too
/// <reference path="./liquidjs.d.ts" />
import * as library from 'liquidjs/dist/liquid.browser.mjs'
import { checkOptions } from '../../../primitives/check-options.ts'
import { createLruCache } from '../../../primitives/lru-cache.ts'
import { NotificationError } from '../notification-error.ts'
import { safeStyle, safeUrl } from './escape-html.ts'
import { rewriteOutputs } from './html-context.ts'
import type { LiquidEngine, LiquidLibrary, LiquidPiece } from './liquid-library.ts'
import type { CompiledTemplate, CompileOptions, TemplateEngine } from './template-engine.ts'

export { InfrastructureError } from '../../../runtime/ports/infrastructure-error.ts'
export { NotificationError, type NotificationErrorCode } from '../notification-error.ts'
export type { CompiledTemplate, CompileOptions, TemplateEngine } from './template-engine.ts'

/** What {@link liquid} offers to templates. */
export interface LiquidOptions {
  /** Templates for `{% render 'footer' %}` and `{% layout 'main' %}`, by their names. */
  readonly partials?: Readonly<Record<string, string>>
  /** Further filters: `{{ total | money }}`. What they return is escaped like every value. */
  readonly filters?: Readonly<Record<string, LiquidFilter>>
}

/** A filter: gets the value on its left, and what stands behind its colon. */
export type LiquidFilter = (value: unknown, ...more: unknown[]) => unknown

/** Its own types need more of it than is there without Node. */
const Liquid = library.Liquid as LiquidLibrary

/** A page of print has about 3,000 characters; a mail of 100 KB is clipped by Gmail. */
const MOST_SOURCE_CHARACTERS = 500_000
/** Characters and items that one rendering may handle. */
const MOST_MEMORY = 10_000_000
const MOST_COMPILED = 500

/**
 * Renders templates with LiquidJS: values, filters, `if`, `for`, partials and layouts. It compiles
 * to no code, so it runs in Workers. In HTML every value is escaped for where it stands; only own
 * properties of the data are read.
 *
 * LiquidJS is an optional peer dependency: `npm install liquidjs`.
 *
 * @example
 * const engine = liquid({ partials: { footer: '<p>{{ shop }}</p>' } })
 * createNotifications({ backend, from, email, engine })
 *
 * @throws TypeError when an option is not known
 */
export function liquid(options: LiquidOptions = {}): TemplateEngine {
  checkOptions('create liquid()', options, [], ['partials', 'filters'])
  const { partials = {}, filters = {} } = options
  const engines = createLruCache<LiquidEngine>(4)

  function engineFor({ format, missing }: CompileOptions): LiquidEngine {
    const key = `${format} ${missing}`
    const held = engines.get(key)
    if (held !== undefined) return held
    const html = format === 'html'
    const engine = new Liquid({
      ...(html && { outputEscape: 'escape' }),
      strictVariables: true,
      strictFilters: true,
      ownPropertyOnly: true,
      lenientIf: true,
      parseLimit: MOST_SOURCE_CHARACTERS,
      memoryLimit: MOST_MEMORY,
      fs: partialFiles(partials, html),
      extname: '',
      root: '',
      relativeReference: false,
    })
    engine.registerFilter('safe_url', safeUrl)
    engine.registerFilter('safe_style', safeStyle)
    for (const [name, filter] of Object.entries(filters))
      engine.registerFilter(name, (value, ...more) => filter(value, ...more))
    if (missing === 'empty') leaveMissingOut(engine)
    engines.set(key, engine)
    return engine
  }

  const compiled = createLruCache<CompiledTemplate>(MOST_COMPILED)
  return {
    name: 'liquid',
    compile(source, given) {
      const key = `${given.format} ${given.missing} ${source}`
      const held = compiled.get(key)
      if (held !== undefined) return held
      const engine = engineFor(given)
      const text = given.format === 'html' ? rewriteOutputs(source, mark) : source
      const templates = guarded('read template', () => engine.parse(text))
      const template: CompiledTemplate = {
        render: (data) =>
          String(guarded('render template', () => engine.renderSync(templates, data))),
      }
      compiled.set(key, template)
      return template
    },
  }
}

function mark(expression: string, context: string): string {
  return context === 'text' ? expression : `${expression}| safe_${context} `
}

/** What LiquidJS takes for a file system: the partials, and nothing else. */
function partialFiles(partials: Readonly<Record<string, string>>, html: boolean): object {
  const exists = (name: string): boolean => Object.hasOwn(partials, name)
  const read = (name: string): string => {
    const source = partials[name] ?? ''
    return html ? rewriteOutputs(source, mark) : source
  }
  return {
    existsSync: exists,
    exists: async (name: string) => exists(name),
    readFileSync: read,
    readFile: async (name: string) => read(name),
    resolve: (_folder: string, name: string) => name,
    contains: () => true,
    containsSync: () => true,
    dirname: () => '',
    sep: '/',
  }
}

/** LiquidJS's own number of a token that is an output. */
const OUTPUT = 8

/**
 * An output whose value is not there shows nothing, also where filters would have made something of
 * it.
 */
function leaveMissingOut({ parser }: LiquidEngine): void {
  const parse = parser.parseToken.bind(parser)
  parser.parseToken = (token, rest) => {
    const template = parse(token, rest)
    return token.kind === OUTPUT ? lenient(template) : template
  }
}

function lenient(template: LiquidPiece): LiquidPiece {
  const render = template.render.bind(template)
  template.render = function* (context, emitter) {
    try {
      return yield* render(context, emitter)
    } catch (error) {
      if (missingIn(error) === null) throw error
      return undefined
    }
  }
  return template
}

function guarded<Result>(action: string, work: () => Result): Result {
  try {
    return work()
  } catch (cause) {
    const inner = innermost(cause)
    if (inner instanceof NotificationError) throw inner
    const missing = missingIn(inner)
    const what =
      missing === null
        ? `LiquidJS says ${nameOf(inner)}`
        : `the data has no ${JSON.stringify(missing.slice(0, 100))}`
    // Its messages may show data, and are the cause alone.
    throw new NotificationError(
      missing === null ? 'invalid_template' : 'invalid_data',
      `Cannot ${action}: ${what}${lineOf(cause)}`,
      { cause },
    )
  }
}

/** @returns The name of the value that is not there; `null` for another error */
function missingIn(error: unknown): string | null {
  if (!nameOf(error).endsWith('UndefinedVariableError')) return null
  const name = fieldOf(error, 'variableName')
  return typeof name === 'string' ? name : 'a value'
}

function innermost(error: unknown): unknown {
  let inner = error
  for (let depth = 0; depth < 10; depth++) {
    const next = fieldOf(inner, 'originalError')
    if (next === undefined) return inner
    inner = next
  }
  return inner
}

function nameOf(error: unknown): string {
  const name = fieldOf(error, 'name')
  return typeof name === 'string' ? name : 'an error'
}

function lineOf(error: unknown): string {
  const line = /\bline:(\d+)/.exec(String(fieldOf(error, 'message')))?.[1]
  return line === undefined ? '' : `, at line ${line}`
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
}
