import type { TextRule } from './text-rule.ts'

/** E-mail addresses of all alphabets. Looked for where {@link localStart} says. */
export const emailRule: TextRule = {
  rule: 'email',
  needs: '@',
  // To the end of a text, or of what was left of it, a domain may be cut.
  pattern:
    /(?:[^\s@<>()[\]{},;:"`|\\/=?&]+|"[^"@\n]{1,64}")@(?:(?:[^\s@<>()[\]{},;:"'`|\\/=?&.%#!*+]+\.)+(?:xn--[\w-]+|[^\s\d@<>()[\]{},;:"'`|\\/=?&.%#!*+]{2,}|\d{1,3}(?!\d))|[\w-]{2,}(?:\.[\w-]+)*(?=$|…|\.{3}|\[))/y,
}

/** Where what stands before an `@` begins. */
export function localStart(text: string, at: number): number {
  let start = at
  while (start > 0 && !/[\s@<>()[\]{},;:"`|\\/=?&]/.test(text[start - 1] ?? '')) start--
  if (start < at || text[at - 1] !== '"') return start
  return Math.max(text.lastIndexOf('"', at - 2), at - 66)
}
