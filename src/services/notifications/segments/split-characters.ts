import { lazily } from '../../../primitives/lazily.ts'

/** It loads the platform's tables of characters. */
const segmenter = /* @__PURE__ */ lazily(
  () => new Intl.Segmenter('en', { granularity: 'grapheme' }),
)

/** What joins the character before a zero-width joiner in Unicode 10, whatever that is. */
const GLUED =
  '[\\u2640\\u2642\\u2695\\u2696\\u2708\\u2764\\u{1f308}\\u{1f33e}\\u{1f373}\\u{1f393}\\u{1f3a4}\\u{1f3a8}\\u{1f3eb}\\u{1f3ed}\\u{1f466}-\\u{1f469}\\u{1f48b}\\u{1f4bb}\\u{1f4bc}\\u{1f527}\\u{1f52c}\\u{1f5e8}\\u{1f680}\\u{1f692}]'
const startsGlued = /* @__PURE__ */ lazily(() => new RegExp(`^${GLUED}`, 'u'))
const startsTone = /^\p{Emoji_Modifier}/u

/** Emoji that take a skin tone only since Unicode 11. */
const NEW_BASES =
  '\\u{1f46a}-\\u{1f46d}\\u{1f46f}\\u{1f48f}\\u{1f491}\\u{1f90c}\\u{1f90f}\\u{1f91d}\\u{1f93c}\\u{1f977}\\u{1f9b5}\\u{1f9b6}\\u{1f9b8}\\u{1f9b9}\\u{1f9bb}\\u{1f9cd}-\\u{1f9cf}\\u{1fac3}-\\u{1fac5}\\u{1faf0}-\\u{1faf8}'

/** What Unicode 10 extends a character with: marks that take no room of their own. */
const EXTENDS = '[\\p{Mn}\\p{Me}\\u200c\\uff9e\\uff9f\\u{e0020}-\\u{e007f}]'

/** What the calculator lets a skin tone follow: an emoji that takes one, with one mark at most. */
const takesTone = /* @__PURE__ */ lazily(
  () =>
    new RegExp(`^(?:(?!${EXTENDS}).)*(?![${NEW_BASES}])\\p{Emoji_Modifier_Base}${EXTENDS}?$`, 'su'),
)

/** The calculator ends a flag behind its first mark, whatever follows. */
const FLAG = '^\\p{Regional_Indicator}{2}\\P{Emoji_Modifier}'
const isWholeFlag = /* @__PURE__ */ lazily(() => new RegExp(`${FLAG}$`, 'su'))

/** Marks that Unicode 10 did not have yet. */
const NEW_MARKS =
  '\\u07fd\\u0897-\\u089f\\u08ca-\\u08d3\\u09fe\\u0b55\\u0c04\\u0c3c\\u0cf3\\u0d81\\u0eba\\u0ece\\u1715\\u180f\\u1abf-\\u1aeb\\u1dfa\\ua82c\\ua8ff'

/**
 * Where newer runtimes see one character and Unicode 10 may have seen two: before a letter that a
 * virama joins, with a joiner behind it or not, before a newer mark or a newer emoji behind a
 * joiner, before a skin tone, and before the second mark on a flag.
 */
const breaks = /* @__PURE__ */ lazily(
  () =>
    new RegExp(
      `(?<=[\\p{M}\\u200d])(?=\\p{L})(?![\\u0e33\\u0eb3\\uff9e\\uff9f])|(?=[${NEW_MARKS}])|(?<=\\u200d)(?=\\p{Extended_Pictographic})(?!${GLUED})|(?=\\p{Emoji_Modifier})|(?<=${FLAG})(?!$)`,
      'su',
    ),
)

/**
 * Splits text into what a reader sees as one character, by the rules of Unicode 10, which Twilio's
 * calculator goes by; runtimes know newer ones.
 */
export function splitCharacters(text: string): readonly string[] {
  const characters: string[] = []
  for (const { segment } of segmenter().segment(text)) {
    for (const piece of segment === '\r\n' ? ['\r', '\n'] : segment.split(breaks())) {
      const last = characters.at(-1)
      if (last !== undefined && isGlued(last, piece))
        characters[characters.length - 1] = last + piece
      else characters.push(piece)
    }
  }
  return characters
}

function isGlued(last: string, piece: string): boolean {
  if (startsTone.test(piece)) return takesTone().test(last)
  return last.endsWith('\u200d') && startsGlued().test(piece) && !isWholeFlag().test(last)
}
