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
export function localStart(codes: Uint8Array, at: number): number {
  let start = at
  while (start > 0 && ENDS[codes[start - 1] as number] === 0) start--
  if (start < at || start === 0 || codes[at - 1] !== QUOTE) return start
  for (start = at - 2; start > 0 && start > at - 66; start--) if (codes[start] === QUOTE) break
  return Math.max(start, 0)
}

const QUOTE = 34
const ENDS: Uint8Array = /* @__PURE__ */ Uint8Array.from({ length: 129 }, (_, code) =>
  Number(/[\s@<>()[\]{},;:"`|\\/=?&]/.test(String.fromCharCode(code))),
)
