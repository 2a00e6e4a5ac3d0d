import type { TextRule } from './text-rule.ts'

/** Beginnings of keys and tokens that their makers give them to be known by. */
const BEGINNINGS = [
  'eyJ[\\w-]{6,}(?:\\.[\\w-]*){0,4}',
  '[sr]k[-_](?:\\w{1,12}-)?[\\w-]{8,}',
  'whsec_[\\w+/=-]{6,}',
  'gh[pousr]_\\w{6,}',
  'github_pat_\\w{6,}',
  'gl[a-z]{1,4}-[\\w-]{12,}',
  'xox[a-z]-[\\w-]{6,}',
  'A[KS]IA[A-Z\\d]{8,}',
  'AIza[\\w-]{16,}',
  'ya29\\.[\\w-]{8,}',
  'SG\\.[\\w-]{8,}(?:\\.[\\w-]*)?',
  'key-[\\da-f]{16,}',
  '(?:npm|hf|dop_v\\d|sntrys|wcr|shp[a-z]{2}|gsk|pypi)[-_][\\w-]{12,}',
  '(?:[a-z\\d]+[-_])?(?:secret|token|key|pat)[-_](?=[\\w-]{0,64}\\d)[\\w-]{16,}',
]

/** Keys and tokens, whole or cut. Looked for where a word begins. */
export const tokenRule: TextRule = {
  rule: 'token',
  needs: '',
  pattern: /* @__PURE__ */ new RegExp(BEGINNINGS.join('|'), 'y'),
}

/** Credentials that stand in a form of their own. */
export const secretRules: readonly TextRule[] = [
  {
    rule: 'private-key',
    needs: 'PRIVATE KEY',
    pattern:
      /-----BEGIN [A-Z\d ]{0,40}PRIVATE KEY[^]*?(?:-----END [A-Z\d ]{0,40}PRIVATE KEY(?:-----)?|$)/g,
  },
  // Up to the last `@` of the authority: a password may have `:` and `@`.
  { rule: 'credentials', needs: '://', pattern: /(?<=:\/\/)[^\s/?#"'<>`\\]+(?=@)/g },
  // With a `/` or `?` that should have been encoded, or cut; what is a port is none.
  {
    rule: 'credentials',
    needs: '://',
    pattern:
      /(?<=:\/\/)[^\s:@/["']*:(?!\d{0,5}(?:[\s/?#"'<>\\]|$))(?:[^\s"'<>@]{1,256}(?=@)|[^\s"'<>@/?#]+$)/g,
  },
]
