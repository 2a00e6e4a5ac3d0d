import { lazily } from '../../../primitives/lazily.ts'

/** A text as a person reads it, and where each of its units stood in the text it was made from. */
export interface ReadableText {
  readonly text: string
  /** The start of each unit, and at last the end of the text; `undefined` where nothing moved. */
  readonly origin?: readonly number[] | undefined
}

/**
 * Writes a text with the letters and digits that it looks like: full-width and mathematical forms
 * (NFKC), digits of all scripts, look-alikes of other alphabets, every dash as `-`, every space as
 * a space, and nothing where nothing is seen.
 */
export function readableText(text: string): ReadableText {
  const origin: number[] = []
  let readable = ''
  let at = 0
  for (const character of text) {
    const shown = character < '\x7f' ? character : readableCharacter(character)
    for (let unit = 0; unit < shown.length; unit++) origin.push(at)
    readable += shown
    at += character.length
  }
  origin.push(at)
  return { text: readable, origin }
}

/** What was found out of characters; texts have few different ones. */
const shownAs = new Map<string, string>()
const MAX_SHOWN = 4000

function readableCharacter(character: string): string {
  let shown = shownAs.get(character)
  if (shown === undefined) {
    shown = lookAt(character)
    if (shownAs.size >= MAX_SHOWN) shownAs.clear()
    shownAs.set(character, shown)
  }
  return shown
}

function lookAt(character: string): string {
  const known = lookAlikes().get(character)
  if (known !== undefined) return known
  if (/\p{Cf}|[\ufe00-\ufe0f\u115f\u1160\u3164]/u.test(character)) return ''
  if (/\p{Zs}/u.test(character)) return ' '
  if (/\p{Pd}|[\u2212\u2043\u02d7]/u.test(character)) return '-'
  if (/\p{Nd}/u.test(character)) return digitOf(character)
  const form = character.normalize('NFKC')
  return lookAlikes().get(form) ?? form
}

/**
 * Digits of a script stand in a row of ten from 0; those of mathematics are letters' forms to NFKC.
 */
function digitOf(character: string): string {
  const form = character.normalize('NFKC')
  if (/^\d$/.test(form)) return form
  const code = form.codePointAt(0) ?? 0
  let value = 0
  while (value < 9 && /\p{Nd}/u.test(String.fromCodePoint(code - value - 1))) value++
  return String(value)
}

/** Letters that look like those of the Latin alphabet, in pairs. */
const PAIRS =
  'аaеeоoрpсcуyхxіiјjѕsһhԁdԛqԝwкkмmтtвbнhґrАAВBЕEКKМMНHОOРPСCТTХXУYІIЈJЅS' +
  'αaοoνvρpεeιiκkτtυuχxΑAΒBΕEΖZΗHΙIΚKΜMΝNΟOΡPΤTΥYΧXıiɑaɡgℓl⁃-․.·.•.‧.∙.⋅.。.﹒.∕/⁄/꞉:ː:∶:‚,٫.'

const lookAlikes = /* @__PURE__ */ lazily(readPairs)

function readPairs(): Map<string, string> {
  const pairs = Array.from(PAIRS)
  return new Map(
    pairs.flatMap((letter, at) => (at % 2 === 0 ? [[letter, pairs[at + 1] ?? ''] as const] : [])),
  )
}
