import { escapeUnsafe } from './json-line.ts'
import type { LogFormat } from './log-record.ts'

const COLOURS: Readonly<Record<string, number>> = {
  trace: 90,
  debug: 36,
  info: 32,
  warn: 33,
  error: 31,
  fatal: 35,
}

/** Options of {@link createPrettyFormat}. */
export interface PrettyFormatOptions {
  /** Whether the level is coloured. Default true. */
  readonly colour?: boolean
}

/**
 * Makes lines for people: time, level, message, then the fields; a stack on lines of its own.
 * Whatever a terminal would obey is escaped.
 *
 * @example
 * const sink = consoleSink({ format: createPrettyFormat({ colour: false }) })
 */
export function createPrettyFormat({ colour = true }: PrettyFormatOptions = {}): LogFormat {
  return ({ levelName, time, service, module, fields, message }) => {
    const label = levelName.toUpperCase().padEnd(5)
    const shown = colour ? `\x1b[${COLOURS[levelName] ?? 0}m${label}\x1b[0m` : label
    const from = [service, module].filter((part) => part !== undefined).join(' ')
    let line = `${new Date(time).toISOString()} ${shown} ${from === '' ? '' : `${visible(from)}: `}${visible(message)}`
    const stacks: string[] = []
    for (const [name, value] of Object.entries(fields)) {
      const stack = stackOf(value)
      if (stack === undefined) line += ` ${visible(name)}=${visible(textOf(value))}`
      else stacks.push(...stack.split('\n').map((part) => `    ${visible(part.trimStart())}`))
    }
    return [line, ...stacks].join('\n')
  }
}

/** {@link createPrettyFormat} with colours. */
export const prettyFormat: LogFormat = /* @__PURE__ */ createPrettyFormat()

function stackOf(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || !('stack' in value)) return undefined
  return typeof value.stack === 'string' ? value.stack : undefined
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? 'undefined')
}

/** Control characters as `\n`, `\x1b` and so on: a line stays one line, and in one direction. */
function visible(text: string): string {
  // As JSON writes it, but for the quotes.
  const json = JSON.stringify(text).slice(1, -1)
  return escapeUnsafe(json.replaceAll('\\"', '"').replaceAll('\\\\', '\\'))
}
