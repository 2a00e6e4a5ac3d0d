import type { FoundSpans, TextRule } from './text-rule.ts'

/** Finds all that a rule with the flag `g` finds. */
export function searchAll(
  text: string,
  { pattern, rule, check }: TextRule,
  found: FoundSpans,
): void {
  pattern.lastIndex = 0
  for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
    const { 0: all, index } = match
    const part = match.groups?.['v'] ?? all
    const start = index + all.length - part.length
    found.add(start, start + (check === undefined ? part.length : check(part, text, start)), rule)
  }
}

/**
 * Tries a rule with the flag `y` at one place.
 *
 * @returns Where what was found ends, 0 where nothing was
 */
export function searchAt(
  text: string,
  start: number,
  { pattern, rule, check }: TextRule,
  found: FoundSpans,
): number {
  pattern.lastIndex = start
  if (!pattern.test(text)) return 0
  let end = pattern.lastIndex
  if (check !== undefined) end = start + check(text.slice(start, end), text, start)
  found.add(start, end, rule)
  return end === start ? 0 : end
}
