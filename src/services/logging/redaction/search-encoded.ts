import { base64Text } from './base64-text.ts'
import type { FoundSpans } from './text-rule.ts'

/** `-`, `/` and `_` may stand between words that are base64 each. */
const DIVIDES: ReadonlySet<number> = /* @__PURE__ */ new Set([45, 47, 95])

/**
 * Looks into what is base64 of a text, in one or between marks that are also in its alphabets.
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
  const whole = base64Text(text, start, end)
  if (whole !== undefined) {
    const rule = firstRule(whole)
    if (rule !== undefined) found.add(start, end, rule)
    return
  }
  for (let from = start, at = start; at <= end; at++) {
    if (at < end && !DIVIDES.has(text.charCodeAt(at))) continue
    const inner = at - from > 11 && at - from < end - start ? base64Text(text, from, at) : undefined
    const rule = inner === undefined ? undefined : firstRule(inner)
    if (rule !== undefined) found.add(from, at, rule)
    from = at + 1
  }
}
