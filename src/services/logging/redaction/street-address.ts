import type { FoundSpans } from './text-rule.ts'

/**
 * Before a word such as "Street": a number and names. Before one such as "Apt": a number and
 * whatever a street is called.
 */
const BEFORE_STREET =
  /(?<![\w.$€£-])\d{1,6}(?:[-/]\d{1,4})?[A-Za-z]? (?:[A-Z\d][\w'’.-]{0,24} ){1,5}$/
const BEFORE_UNIT = /(?<![\w.$€£-])\d{1,6}(?:[\s,]{1,3}[\p{L}\d.'’-]{1,30}){1,5}[\s,]{1,3}$/u
const UNIT = /^(?:apt|apartment|suite|ste|unit)$/i

/** After it an apartment's number, and a town with its state or postal code. */
const AFTER =
  /^\.?(?:[, ]{0,2}(?:(?:Apt|Suite|Ste|Unit|Fl)\.? ?#?|#)[\w-]{1,8})?(?: ?\d{1,5}\b)?(?:(?:[\s,]{1,3}\p{Lu}[\p{L}.'’-]{0,30}){1,5}(?:(?<=\b[A-Z]{2})|[\s,]{1,3}\d{4,6}(?:-\d{3,4})?)(?!\w))?/u

/** After words such as "lives at": a number, and what follows to the end of the sentence. */
const AFTER_INTRODUCTION = /^:? \d{1,6}[A-Za-z]? (?:\p{Lu}|\d)[^\n;?!"]{0,90}/u
const LONGEST = 130

/** Finds the street address that a word at `start` belongs to, or leads to. */
export function addStreetAddress(
  text: string,
  start: number,
  end: number,
  found: FoundSpans,
): void {
  const word = text.slice(start, end)
  const before = text.slice(Math.max(0, start - LONGEST), start)
  const after = text.slice(end, end + LONGEST)
  const number = (UNIT.test(word) ? BEFORE_UNIT : BEFORE_STREET).exec(before)?.[0]
  if (number !== undefined)
    found.add(start - number.length, end + (AFTER.exec(after)?.[0].length ?? 0), 'address')
  else if (/box$/i.test(word))
    found.add(start, end + (/^ ?\d{1,7}/.exec(after)?.[0].length ?? 0), 'address')
  else if (/[ .]|[a-z][A-Z]/.test(word) || /^address$/i.test(word))
    found.add(end, end + (AFTER_INTRODUCTION.exec(after)?.[0].length ?? 0), 'address')
}
