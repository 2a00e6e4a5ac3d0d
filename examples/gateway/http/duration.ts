import { ProblemError } from './problem.ts'

const UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
}

/**
 * Reads a length of time as the library takes it: whole ms, or a number with its unit.
 *
 * @throws ProblemError 422
 */
export function durationMs(
  name: string,
  given: string | number,
  leastMs: number,
  mostMs: number,
): number {
  const [, digits = '', unit = ''] = /^(\d{1,12})(ms|s|m|h|d)$/.exec(String(given)) ?? []
  const ms = typeof given === 'number' ? given : Number(digits || Number.NaN) * (UNITS[unit] ?? 1)
  if (Number.isInteger(ms) && ms >= leastMs && ms <= mostMs) return ms
  throw new ProblemError(
    422,
    'invalid_body',
    `${name}: ${leastMs} to ${mostMs} ms expected, or a number with its unit such as 30s`,
  )
}
