import type { TextRule } from './text-rule.ts'

/** E-mail addresses of all alphabets. Looked for where {@link localStart} says. */
export const emailRule: TextRule = {
  rule: 'email',
  needs: '@',
  // To the end of a text, or of what was left of it, a domain may be cut.
  pattern:
    /(?:[^\s@<>()[\]{},;:"`|\\/=?&]+|"\w[^"@\n]{0,63}")@(?:(?:[^\s@<>()[\]{},;:"'`|\\/=?&.%#!*+]+\.)+(?:xn--[\w-]+|[^\s\d@<>()[\]{},;:"'`|\\/=?&.%#!*+]{2,})|(?:\d{1,3}\.){3}\d{1,3}(?!\d)|\[[\da-fA-F.:IPv]{3,45}\]|(?!\d+\.\d)[\w-]{2,}(?:\.[\w-]+)*(?=$|…|\.{3}|\[))/y,
}

/** Where what stands before an `@` begins. */
export function localStart(text: string, at: number): number {
  let start = at
  while (start > 0 && !isEnd(text.charCodeAt(start - 1))) start--
  if (start < at || text[at - 1] !== '"') return start
  return Math.max(text.lastIndexOf('"', at - 2), at - 66)
}

const ENDS: Uint8Array = /* @__PURE__ */ Uint8Array.from({ length: 128 }, (_, code) =>
  Number(/[\s@<>()[\]{},;:"`|\\/=?&]/.test(String.fromCharCode(code))),
)

/** Whether a character stands outside of what is before an `@`. */
function isEnd(code: number): boolean {
  return code < 128 ? ENDS[code] === 1 : /\s/.test(String.fromCharCode(code))
}
