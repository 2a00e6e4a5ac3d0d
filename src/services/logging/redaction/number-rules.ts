import { isCardNumber, isDeaNumber, isIban, isVin } from './check-digits.ts'
import type { TextRule } from './text-rule.ts'

/**
 * With a letter, as all have: of 17 digits alone, which a time may be, one in eleven would hold.
 */
const VEHICLE: TextRule = {
  rule: 'vehicle',
  needs: '',
  least: 17,
  most: 17,
  mixes: true,
  pattern: /(?<![\w-]|\d[.,])(?=\d*[A-Z])[A-HJ-NPR-Z\d]{13}\d{4}(?![\w-])/y,
  check: (found) => (isVin(found) ? 17 : 0),
}

/** What begins with a digit and proves itself: by check digits, or by how it is written. */
export const numberRules: readonly TextRule[] = [
  {
    rule: 'ssn',
    needs: '',
    least: 3,
    most: 3,
    minDigits: 9,
    pattern:
      /(?<![A-Za-z\d]|\d[-.])(?!000|666)\d{3}( ?[-_/.] ?| )(?!00)\d\d\1(?!0000)\d{4}(?![A-Za-z\d]|[-.]\d)/y,
  },
  {
    rule: 'card',
    needs: '',
    minDigits: 13,
    mixes: false,
    pattern:
      /(?<![A-Za-z\d]|[\da-f]{4}-|\d[.,]|[:,[] ?-)\d(?:[ -]?\d){12,22}(?![A-Za-z\d]|[.,]\d)/y,
    check: (found) =>
      /^\d{2,}/.test(found) ? longest(found, 13, 19, isCardNumber, isGroupedAsCard) : 0,
  },
  {
    // With marks that a number seldom has, or on lines: then as it stands on a card.
    rule: 'card',
    needs: '',
    least: 4,
    most: 4,
    minDigits: 13,
    mixes: false,
    pattern:
      /(?<![A-Za-z\d]|\d(?:[.,_/\t]| {2}|\r?\n))\d{4}([._/\t]| {2}| - | ?\r?\n)(?:\d{4}\1\d{4}\1\d{4}|\d{6}\1\d{5})(?![A-Za-z\d]|(?:[.,_/\t]|\r?\n)\d)/y,
    check: (found) => (isCardNumber(found.replace(/\D/g, '')) ? found.length : 0),
  },
  {
    rule: 'phone',
    needs: '',
    minDigits: 8,
    opens: true,
    pattern: new RegExp(
      [
        // +44 (0)20 7123 4567, 0033 1 42 68 53 00
        '(?<![\\w+]|\\d )(?:\\+ ?|00[ -]?(?=\\d{1,3}[ ()-]))\\(?[1-9](?:[ ()./-]{0,3}\\d){6,14}(?!\\d)',
        // (415) 555-0132, 415-555-0132, 1 415 555 0132
        '(?<![A-Za-z\\d#]|\\d[-.])(?:\\d{1,3}[-. ])?(?:\\(\\d{3}\\)[ .-]{0,2}|\\d{3} ?[-.] ?|[2-9]\\d\\d )\\d{3}[-. ]{1,3}\\d{4}(?![A-WYZa-wyz\\d]|[-.]\\d)',
        // 07700 900123, (020) 7946 0018, 090-1234-5678
        '(?<![\\w.,:/-]|\\d )\\(?0[1-9]\\d{0,3}\\)?(?:[ ./-]{1,2}\\d{2,8}){1,4}(?![A-WYZa-wyz\\d]|[-.:/]\\d)',
        // 8 (495) 123-45-67
        '(?<![\\w.,:/-]|\\d )[78] ?\\(\\d{3}\\) ?\\d{3}[- ]?\\d\\d[- ]?\\d\\d(?!\\d)',
      ]
        .map((form) => `${form}(?: ?(?:x|ext\\.?) ?\\d{1,6}(?!\\w))?`)
        .join('|'),
      'y',
    ),
    check: phoneLength,
  },
  {
    rule: 'ip',
    needs: '',
    most: 3,
    minDots: 3,
    pattern:
      /(?<![A-Za-z\d]|\d\.)(?:\d{1,3}\.){3}\d{1,3}(?![A-Za-z\d]|\.\d|-[A-Za-z])(?:\/\d{1,3}(?!\d))?/y,
    check: ipv4Length,
  },
  {
    rule: 'plan',
    needs: '',
    mixes: true,
    pattern:
      /(?<![\w-])[1-9](?![SLOIBZ])[A-Z](?![SLOIBZ])[A-Z\d]\d-?(?![SLOIBZ])[A-Z](?![SLOIBZ])[A-Z\d]\d-?(?![SLOIBZ])[A-Z](?![SLOIBZ])[A-Z]\d\d(?![\w-])/iy,
  },
  VEHICLE,
]

/** The same of what begins with a letter. */
export const codeRules: readonly TextRule[] = [
  {
    rule: 'iban',
    needs: '',
    least: 4,
    pattern: /(?<![A-Za-z\d])[A-Za-z]{2}\d\d(?:[ -]?[A-Za-z\d]){11,34}/y,
    check: (found) => longest(found, 15, 34, isIban),
  },
  {
    rule: 'dea',
    needs: '',
    least: 9,
    most: 9,
    pattern: /(?<![\w-])[ABCDEFGHJKLMPRSTUX][A-Z9]\d{7}(?![\w-])/y,
    check: (found) => (isDeaNumber(found) ? 9 : 0),
  },
  VEHICLE,
]

/** Addresses that may begin with a letter or a colon. */
export const addressRules: readonly TextRule[] = [
  {
    rule: 'ip',
    needs: '',
    pattern:
      /(?<![\w.:])[\da-f]{0,4}:[\da-f:]{1,40}(?:(?:\d{1,3}\.){3}\d{1,3})?(?!\w|\.\d)(?:%\w{1,16})?(?:\/\d{1,3}(?!\d))?/iy,
    check: (found) =>
      isIpv6(found.replace(/(?:%\w+)?(?:\/\d+)?$|(?<!:):$/, '')) ? found.length : 0,
  },
  {
    rule: 'mac',
    needs: '',
    pattern:
      /(?<![\da-f:-])[\da-f]{2}([:-])(?:[\da-f]{2}\1){4}[\da-f]{2}(?![\da-f:-])|(?<![\w.])[\da-f]{4}\.[\da-f]{4}\.[\da-f]{4}(?![\w.])/iy,
  },
]

/** The longest beginning that ends with a group, has so many digits or letters, and holds. */
function longest(
  text: string,
  least: number,
  most: number,
  holds: (compact: string) => boolean,
  isGrouped: (candidate: string, rest: string) => boolean = () => true,
): number {
  for (let end = text.length; end >= least; end--) {
    if (isAlphanumeric(text.charCodeAt(end)) || !isAlphanumeric(text.charCodeAt(end - 1))) continue
    const compact = text.slice(0, end).replace(/[ -]/g, '')
    if (compact.length < least || compact.length > most || !holds(compact)) continue
    if (isGrouped(text.slice(0, end), text.slice(end))) return end
  }
  return 0
}

function isAlphanumeric(code: number): boolean {
  const small = code | 32
  return (code > 47 && code < 58) || (small > 96 && small < 123)
}

/** In one, or in groups with one separator; not where more groups of four follow. */
function isGroupedAsCard(candidate: string, rest: string): boolean {
  return (
    /^\d+$|^\d{2,7}([ -])\d{2,7}(?:\1\d{2,7}){0,3}$/.test(candidate) &&
    (!/[ -]/.test(candidate) || !/^[ -]\d{4}(?!\d)/.test(rest))
  )
}

/** After these words digits in groups are no telephone number. */
const ORDER_BEFORE =
  /(?:order|invoice|ticket|sku|part|item|tracking|receipt|booking|transaction)[_ -]?(?:no|num|number|nr|id|ref|reference)\.?["']?\s?[:=]?\s?["']?$/i
const AFTER_ORDER = /(?:no|um|er|nr|id|ref|ce)\W{0,4}$/i
/** A date, or a number with one point. */
const OTHER = /^\d\d?([-./])\d\d?\1\d{2,4}(?!\d|\1\d)|^\+?\d+\.\d+$/

/** 8 digits after a `+`, 9 to 11 in groups; a date is none, nor a number with one point. */
function phoneLength(found: string, text: string, index: number): number {
  const end = index + found.length
  // 20240315T10
  if (text[end] === 'T' && /\d/.test(text[end + 1] ?? '')) return 0
  const first = found.charCodeAt(0)
  const digits = digitsBeforeExtension(found)
  const most = /^\(?0[1-9]/.test(found) ? 11 : 15
  if (digits < (first === 43 ? 8 : 9) || digits > most) return 0
  if (first !== 40 && OTHER.test(found)) return 0
  const isOrder =
    first > 47 &&
    first < 58 &&
    AFTER_ORDER.test(text.slice(Math.max(0, index - 7), index)) &&
    ORDER_BEFORE.test(text.slice(Math.max(0, index - 30), index))
  return isOrder ? 0 : found.length
}

/** An extension begins with an `x`. */
function digitsBeforeExtension(found: string): number {
  let digits = 0
  for (let at = 0; at < found.length; at++) {
    const code = found.charCodeAt(at)
    if (code === 120 || code === 101) break
    if (code > 47 && code < 58) digits++
  }
  return digits
}

/** `v1.2.3.4` and `Chrome/120.0.0.0` are versions. */
function ipv4Length(found: string, text: string, index: number): number {
  if (found.split(/[./]/).some((part) => Number(part) > 255)) return 0
  const before = text.slice(Math.max(0, index - 14), index)
  const isVersion = /(?:version|ver|release|build|v)["']? ?[ =:] ?["']?$/i.test(before)
  return isVersion || (found.endsWith('.0') && /[A-Za-z]\/$/.test(before)) ? 0 : found.length
}

/** All forms of RFC 4291 §2.2. */
function isIpv6(text: string): boolean {
  const [head = '', tail, ...more] = text.split('::')
  const groups = [head, tail ?? ''].flatMap((part) => (part === '' ? [] : part.split(':')))
  const last = groups.at(-1) ?? ''
  const embedded = last.includes('.')
  if (embedded)
    groups.splice(-1, 1, '0', last.split('.').every((part) => Number(part) <= 255) ? '0' : '')
  return (
    more.length === 0 &&
    /\d/.test(text) &&
    (tail === undefined ? groups.length === 8 : groups.length < 8) &&
    groups.every((group) => /^[\da-f]{1,4}$/i.test(group))
  )
}
