import { base64Text } from './base64-text.ts'
import { hexText } from './hex-text.ts'
import type { FoundSpans } from './text-rule.ts'

/** `-`, `/` and `_` may stand between words that are base64 each. */
const DIVIDES: ReadonlySet<number> = /* @__PURE__ */ new Set([45, 47, 95])

/**
 * Looks into what is base64 or hex of a text, in one or between marks that base64 has too.
 *
 * @param firstRule What is found first in a text that was decoded
 */
export function searchEncoded(
  text: string,
  start: number,
  end: number,
  firstRule: (text: string) => string | undefined,
  found: FoundSpans,
): void {
  const whole = hexText(text, start, end) ?? base64Text(text, start, end)
  if (whole !== undefined) {
    const rule = firstRule(whole)
    if (rule !== undefined) found.add(start, end, rule)
    return
  }
  for (let from = start, at = start; at <= end; at++) {
    if (at < end && !DIVIDES.has(text.charCodeAt(at))) continue
    const inner =
      at - from > 11 && at - from < end - start
        ? (hexText(text, from, at) ?? base64Text(text, from, at))
        : undefined
    const rule = inner === undefined ? undefined : firstRule(inner)
    if (rule !== undefined) found.add(from, at, rule)
    from = at + 1
  }
}

const FEWEST_PAIRS = 6

/**
 * Looks into bytes that are written as pairs of hex digits with a space after each.
 *
 * @returns Where they end
 */
export function searchPairs(
  text: string,
  start: number,
  firstRule: (text: string) => string | undefined,
  found: FoundSpans,
): number {
  let end = start + 2
  while (text[end] === ' ' && PAIR.test(text.slice(end + 1, end + 4))) end += 3
  if (end - start < 3 * FEWEST_PAIRS - 1) return end
  const hex = text.slice(start, end).replaceAll(' ', '')
  const decoded = hexText(hex, 0, hex.length)
  const rule = decoded === undefined ? undefined : firstRule(decoded)
  if (rule !== undefined) found.add(start, end, rule)
  return end
}

const PAIR = /^[2-7][\da-f](?![\dA-Za-z])/i
