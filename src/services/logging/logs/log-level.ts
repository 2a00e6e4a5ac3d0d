/** How grave a line is. */
export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal'

/** The levels with their numbers, as pino and bunyan have them. */
export const LOG_LEVELS: Readonly<Record<LogLevel, number>> = {
  trace: 10,
  debug: 20,
  info: 30,
  warn: 40,
  error: 50,
  fatal: 60,
}

/** @returns The number of a level; of `silent` one that none reaches */
export function levelNumber(action: string, level: unknown): number {
  if (level === 'silent') return Infinity
  const name = String(level)
  if (typeof level === 'string' && Object.hasOwn(LOG_LEVELS, name))
    return LOG_LEVELS[name as LogLevel]
  throw new TypeError(
    `Cannot ${action}: level is ${JSON.stringify(name.slice(0, 20))}, ${Object.keys(LOG_LEVELS).join(', ')} or silent expected`,
  )
}

/** @returns The name of one of the six numbers */
export function levelName(level: number): LogLevel {
  return NAMES[level / 10 - 1] ?? 'info'
}

const NAMES = Object.keys(LOG_LEVELS) as LogLevel[]
