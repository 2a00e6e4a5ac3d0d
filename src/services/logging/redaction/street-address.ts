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

/** A street whose kind comes first, as in French, Spanish, Italian and Portuguese. */
const KIND_FIRST = /^(?:rue|calle|avenida|rua|viale|piazza|chemin|quai|via)$/i
const NUMBER_BEFORE = /(?<![\w.])\d{1,4}(?: ?(?:bis|ter))?,? $/
const NAMED_AFTER =
  /^(?:(?: (?:d[ueo]s?|del?|della|la|las|los|les))*(?: |(?: [dl])['’]))\p{Lu}[\p{L}'’-]*(?: (?:d[ue]s? |la )?\p{Lu}[\p{L}'’-]*){0,3}(?<number>,? \d{1,4}[A-Za-z]?(?![\w.:]))?(?:, ?\d{4,5}(?: \p{Lu}[\p{L}'’-]*){1,3})?/u

/** A street in one word with its kind at the end, as in German and its neighbours. */
const ONE_WORD =
  /^\p{Lu}[\p{L}-]*(?:stra(?:ss|ß)e|str(?=\.)|weg|platz|gasse|allee|straat|laan|gracht|plein|gatan|vägen|vej|gade|katu)\.? \d{1,4} ?[a-zA-Z]?(?![\w.:])(?:, ?\d{4,5}(?: ?[A-Z]{2})?(?: \p{Lu}[\p{L}-]*){1,2})?/u

/** Finds an address such as "Hauptstraße 12, 10115 Berlin" where a word begins. */
export function addOneWordStreet(text: string, start: number, found: FoundSpans): void {
  const address = ONE_WORD.exec(text.slice(start, start + LONGEST))
  if (address !== null) found.add(start, start + address[0].length, 'address')
}

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
  if (KIND_FIRST.test(word)) {
    const street = /^via$/.test(word) ? null : NAMED_AFTER.exec(after)
    const house = NUMBER_BEFORE.exec(before)?.[0] ?? ''
    if (street !== null && (house !== '' || street.groups?.['number'] !== undefined))
      found.add(start - house.length, end + street[0].length, 'address')
    return
  }
  const number = (UNIT.test(word) ? BEFORE_UNIT : BEFORE_STREET).exec(before)?.[0]
  if (number !== undefined)
    found.add(start - number.length, end + (AFTER.exec(after)?.[0].length ?? 0), 'address')
  else if (/box$/i.test(word))
    found.add(start, end + (/^ ?\d{1,7}/.exec(after)?.[0].length ?? 0), 'address')
  else if (/[ .]|[a-z][A-Z]/.test(word) || /^address$/i.test(word))
    found.add(end, end + (AFTER_INTRODUCTION.exec(after)?.[0].length ?? 0), 'address')
}
