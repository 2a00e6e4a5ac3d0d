import { checkNumber } from '../../../primitives/check-range.ts'
import type { RandomSource } from '../../../runtime/ports/platform/random-source.ts'
import { LOG_LEVELS, levelNumber, type LogLevel } from './log-level.ts'

/** The share of lines that is kept, 0 to 1, by level. Errors are always kept. */
export type LogSampling = Readonly<Partial<Record<Exclude<LogLevel, 'error' | 'fatal'>, number>>>

/**
 * Decides whether a line is kept. Lines of one trace are kept or left out together, as its id says:
 * on every machine alike.
 *
 * @throws RangeError when a share is out of range
 * @throws TypeError when a level has another name, or is one that is always kept
 */
export function createLogSampler(
  sampling: LogSampling,
  random: RandomSource,
): (level: number, traceId: string | undefined) => boolean {
  const action = 'create logger'
  const shares = new Map<number, number>()
  for (const [name, share] of Object.entries(sampling)) {
    const level = levelNumber(action, name)
    if (level >= LOG_LEVELS.error)
      throw new TypeError(`Cannot ${action}: sampling.${name} is given, errors are always kept`)
    shares.set(level, checkNumber(action, `sampling.${name}`, share, 0, 1))
  }
  return (level, traceId) => {
    const share = shares.get(level)
    if (share === undefined || share === 1) return true
    return (traceId === undefined ? random.fraction() : fractionOf(traceId)) < share
  }
}

/**
 * The last 13 hex digits of a trace's id are random (W3C Trace Context level 2): 52 bits, as a
 * fraction.
 */
function fractionOf(traceId: string): number {
  const fraction = Number.parseInt(traceId.slice(-13), 16) / 2 ** 52
  return Number.isNaN(fraction) ? 0 : fraction
}
