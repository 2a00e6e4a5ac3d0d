import type { Replace } from './redaction-mode.ts'
import type { Span } from './text-rule.ts'

/**
 * Puts what stands for each span in its place. What was JSON stays JSON: a number's place is taken
 * by a text in quotes.
 *
 * @param most Units of `text` after which nothing is shown any more; a span over them counts whole
 */
export function replaceSpans(
  text: string,
  spans: readonly Span[],
  most: number,
  replace: Replace,
): string {
  const quoted = beginsJson(text) ? createQuoteCounter(text) : undefined
  let result = ''
  let at = 0
  for (const { start, end, rule } of spans) {
    if (start >= most) break
    const shown = replace(text.slice(start, end), rule) ?? ''
    const bare = quoted !== undefined && isBareValue(text, start, end) && !quoted(start)
    result += text.slice(at, start) + (bare ? JSON.stringify(shown) : shown)
    at = end
  }
  return at < most ? result + text.slice(at, most) : result
}

/** Whether a span is all that stands between a name or comma and the next. */
function isBareValue(text: string, start: number, end: number): boolean {
  return (
    /[:,[]\s*$/.test(text.slice(Math.max(0, start - 8), start)) &&
    /^\s*(?:[,\]}]|$)/.test(text.slice(end, end + 8))
  )
}

/** Tells whether a place is within a text of the JSON. Places must be asked for in order. */
function createQuoteCounter(text: string): (place: number) => boolean {
  let at = 0
  let inside = false
  return (place) => {
    for (; at < place; at++) {
      if (text[at] === '\\' && inside) at++
      else if (text[at] === '"') inside = !inside
    }
    return inside
  }
}

/** Whether a text begins as a list or an object of JSON. */
export function beginsJson(text: string): boolean {
  const first = text.charCodeAt(0)
  return first > 32 && first < 128 ? first === 91 || first === 123 : /^\s*[[{]/.test(text)
}
