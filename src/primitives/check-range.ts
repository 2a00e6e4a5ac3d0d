import { durationMs, type Duration } from './duration.ts'

/**
 * Checks an option that counts something.
 *
 * @param action What cannot be done without it, as in `create job worker`
 * @returns `value`
 * @throws RangeError when `value` is anything but an integer from `least` to `most`
 */
export function checkInteger(
  action: string,
  name: string,
  value: unknown,
  least: number,
  most: number,
): number {
  if (Number.isInteger(value)) return checkNumber(action, name, value, least, most)
  throw new RangeError(
    `Cannot ${action}: ${name} is ${shown(value)}, an integer from ${least} to ${most} expected`,
  )
}

/**
 * Checks an option that measures something.
 *
 * @param action What cannot be done without it, as in `create job worker`
 * @returns `value`
 * @throws RangeError when `value` is anything but a number from `least` to `most`
 */
export function checkNumber(
  action: string,
  name: string,
  value: unknown,
  least: number,
  most: number,
): number {
  if (typeof value === 'number' && value >= least && value <= most) return value
  throw new RangeError(`Cannot ${action}: ${name} is ${shown(value)}, ${least} to ${most} expected`)
}

/**
 * Reads an option that is a length of time. A number is whole milliseconds: a fraction is more
 * often a mistake than meant.
 *
 * @param action What cannot be done without it, as in `create job worker`
 * @returns Whole milliseconds
 * @throws RangeError when `value` is no {@link Duration}, or out of range
 */
export function checkDuration(
  action: string,
  name: string,
  value: Duration,
  leastMs: number,
  mostMs: number,
): number {
  let ms = NaN
  try {
    if (typeof value !== 'number' || Number.isInteger(value)) ms = durationMs(value)
  } catch {
    // Said below, with the option's name.
  }
  if (Number.isNaN(ms))
    throw new RangeError(
      `Cannot ${action}: ${name} is ${shown(value)}, a duration such as 500, '30s' or '1h' expected`,
    )
  if (ms >= leastMs && ms <= mostMs) return ms
  throw new RangeError(`Cannot ${action}: ${name} is ${ms} ms, ${leastMs} to ${mostMs} ms expected`)
}

/**
 * Names of a value's kind rather than the value where it may be long, or a secret given by mistake.
 */
function shown(value: unknown): string {
  if (typeof value === 'number' || value === undefined || value === null) return String(value)
  if (typeof value === 'string' && value.length <= 20) return JSON.stringify(value)
  return `a ${typeof value}`
}
