/**
 * A length of time: a number of milliseconds, or a number with its unit, as in `'30s'` or `'30 s'`.
 */
export type Duration = number | `${number}${'' | ' '}${'ms' | 's' | 'm' | 'h' | 'd'}`

const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
}

/**
 * Reads a {@link Duration}: `'500ms'`, `'30s'`, `'1.5h'`, `'2d'` or a number of milliseconds.
 *
 * @returns Whole milliseconds, 0 or more, a fraction rounded to the nearest
 * @throws RangeError when it is negative, not finite, over 2⁵³−1 ms or written otherwise
 */
export function durationMs(duration: Duration): number {
  const ms = Math.round(typeof duration === 'number' ? duration : textMs(duration))
  if (ms >= 0 && ms <= Number.MAX_SAFE_INTEGER) return ms
  throw new RangeError(
    `Cannot read duration ${JSON.stringify(String(duration).slice(0, 40))}: milliseconds of 0 or more, or a number with ms, s, m, h or d expected`,
  )
}

function textMs(text: unknown): number {
  // Bounded before the expression runs: text comes from configuration and from callers.
  const match =
    typeof text === 'string' && text.length <= 40
      ? /^(\d+(?:\.\d+)?) ?(ms|s|m|h|d)$/.exec(text)
      : null
  return match === null ? NaN : Number(match[1]) * (UNIT_MS[match[2] ?? ''] ?? NaN)
}
