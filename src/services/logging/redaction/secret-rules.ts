import { base64Text } from './base64-text.ts'
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
  're_[A-Za-z\\d]{6,}_\\w{12,}',
  'AGE-SECRET-KEY-1[A-Z\\d]{8,}',
  'SG\\.[\\w-]{8,}(?:\\.[\\w-]*)?',
  'key-[\\da-f]{16,}',
  '(?:npm|hf|dop_v\\d|sntrys|wcr|shp[a-z]{2}|gsk|pypi|xai|xapp|dckr_pat|lin_api)[-_][\\w-]{12,}',
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
    needs: '-----BEGIN',
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
  // //user:password@host, without a scheme.
  {
    rule: 'credentials',
    needs: '//',
    pattern: /(?<=(?<![:\\\w])\/\/)[^\s/:@"'<>]{1,64}:[^\s/@"'<>]{1,200}(?=@)/g,
  },
  // user:password@tcp(host), as Go writes it.
  {
    rule: 'credentials',
    needs: 'tcp(',
    pattern: /(?<![\w.%+-])[\w.%+-]{1,64}:[^\s:@/"'<>]{1,128}(?=@tcp\()/g,
  },
  {
    rule: 'credentials',
    needs: 'jdbc:oracle:',
    pattern: /(?<=jdbc:oracle:\w{1,10}:)[^\s@/]{1,64}\/[^\s@]{1,128}(?=@)/g,
  },
  // Other words follow "Basic" too: what is a user's name and password has a colon.
  {
    rule: 'secret',
    needs: 'asic ',
    words: ['basic'],
    pattern: /\bBasic (?<v>[A-Za-z\d+/_-]{6,4096}={0,2})(?!\w)/gi,
    check: (found) => {
      const bare = found.replace(/=+$/, '')
      return base64Text(bare, 0, bare.length)?.includes(':') === true ? found.length : 0
    },
  },
  // Signatures and codes of addresses that let in whoever has them.
  { rule: 'secret', needs: 'sig=', pattern: /(?<=[?&]sig=)[^&\s"'#<>]+/g },
  {
    rule: 'secret',
    needs: 'code=',
    pattern: /(?<=[?&]code=)(?=[^&\s]{0,64}\d)(?=[^&\s]{0,64}[A-Za-z])[\w.~%/+-]{16,}/g,
  },
  {
    rule: 'secret',
    needs: 'hooks.slack.com/',
    pattern: /(?<=hooks\.slack\.com\/(?:services|workflows|triggers)\/)[\w/]+/g,
  },
  {
    rule: 'secret',
    needs: '/webhooks/',
    pattern: /(?<=discord(?:app)?\.com\/api\/(?:v\d{1,2}\/)?webhooks\/\d{1,20}\/)[\w-]+/g,
  },
  { rule: 'token', needs: '/bot', pattern: /(?<=\/bot)\d{6,12}:[\w-]{24,}/g },
  // Command lines.
  {
    rule: 'secret',
    needs: '-u',
    pattern:
      /(?<=\s)(?:-u|--user|--proxy-user)[ =]?["']?[^\s:"']{1,64}:(?!\d+(?:[\s"']|$))(?<v>[^\s"']{1,200})/g,
  },
  {
    rule: 'secret',
    needs: 'mysql',
    words: ['mysql', 'mysqldump', 'mysqladmin', 'mysqlimport'],
    pattern:
      /\bmysql(?:dump|admin|import)? (?:[^\n|;&]{0,100}? )?-p(?!id\b|ort\b)(?<v>[^\s"']{1,100})/g,
  },
  {
    rule: 'secret',
    needs: 'sshpass',
    words: ['sshpass'],
    pattern: /\bsshpass\s{1,4}-p\s{0,4}(?<v>\S{1,200})/g,
  },
  // Cookies of sessions, by the beginnings that browsers know.
  {
    rule: 'secret',
    needs: '__',
    words: ['host', 'secure'],
    pattern: /(?<=__(?:Host|Secure)-[\w.-]{1,40}=)[^;,\s"']{6,}/g,
  },
  {
    rule: 'secret',
    needs: 'IDENTIFIED',
    words: ['identified'],
    pattern: /\bIDENTIFIED (?:WITH \w{1,30} )?BY '(?<v>[^'\n]{1,200})(?=')/g,
  },
  {
    rule: 'secret',
    needs: 'pass',
    words: ['pass'],
    pattern:
      /(?<![\w-])pass(?:=["']?|\\{0,8}"\s{0,4}:\s{0,4}\\{0,8}")(?<v>(?!\d+(?:[\s&;,"']|$))[^\s&;,"'\\]{1,200})/g,
  },
]

/** By rule, what may have a number after a `#`. */
const NUMBERED: readonly (readonly [rule: string, names: string])[] = [
  ['mrn', 'chart|patient|pt|MR|hosp|hospital'],
  ['license', 'DL|licen[cs]e'],
  ['plan', 'member|policy|group|subscriber|insurance|medicare|medicaid'],
  ['vehicle', 'plate'],
]

/** What is written so that programs do not know it, and other forms with words of their own. */
export const writtenRules: readonly TextRule[] = [
  ...['(at)', '[at]'].map((needs): TextRule => ({
    rule: 'email',
    needs,
    pattern:
      /(?<![\w.+-])[\w.+-]{1,64} ?[[(]at[\])] ?[\w-]{1,63}(?: ?[[(]dot[\])] ?[\w-]{2,63}|\.[\w-]{2,63}){1,4}/g,
  })),
  {
    rule: 'email',
    needs: ' dot ',
    words: ['dot'],
    pattern:
      /(?<![\w.+-])[\w.+-]{1,64} at [\w-]{1,63} dot (?:com|org|net|edu|gov|io|[a-z]{2})(?!\w)/gi,
  },
  // The magnetic stripe of a card.
  { rule: 'card', needs: '%B', pattern: /(?<=%B)\d{12,19}(?=\^)/g },
  // With a # for "number".
  ...NUMBERED.map(([rule, names]): TextRule => ({
    rule,
    needs: '#',
    pattern: new RegExp(`\\b(?:${names}) ?#:? ?(?<v>[A-Z-]{0,4}\\d[\\w-]{2,20})`, 'gi'),
  })),
  {
    rule: 'license',
    needs: 'DL',
    words: ['dl'],
    pattern: /\bDL:? (?<v>[A-Z]{1,2}\d{5,8}|[A-Z]?\d{3,4}-\d{3,4}-\d{3,5}|\d{7,9})(?!\w)/g,
  },
  {
    rule: 'device',
    needs: '/',
    pattern: /\bS\/N[:#]? ?(?<v>[A-Z-]{0,4}\d?[\w-]{3,20}\d\w{0,6})/gi,
  },
  // Of armed forces: PSC 1437, Box 3833, APO AA 66791.
  {
    rule: 'address',
    needs: 'PO A',
    words: ['apo', 'fpo', 'dpo'],
    pattern:
      /(?<!\w)(?:(?:PSC|Unit|CMR) \d{1,5},? Box \d{1,5}[\s,]{1,3})?[AFD]PO,? A[AEP],? {1,2}\d{5}(?:-\d{4})?(?!\w)/g,
  },
  // A name before what its bearer is.
  {
    rule: 'name',
    needs: ',',
    words: ['md', 'm', 'rn', 'dds', 'phd', 'np', 'dvm'],
    pattern:
      /(?<![\p{L}\d])\p{Lu}[\p{L}'’-]{1,30}(?: \p{Lu}[\p{L}.'’-]{0,30}){1,2}(?=, (?:M\.?D\b|R\.?N\b|DDS\b|Ph\.?D\b|NP\b|DVM\b))/gu,
  },
  {
    rule: 'name',
    needs: 'ame: ',
    pattern: /(?<=\b[Nn]ame: )\p{Lu}[\p{Ll}'’-]{1,30}, \p{Lu}[\p{Ll}'’-]{1,30}(?![\p{L}\d])/gu,
  },
  {
    rule: 'account',
    needs: 'a/c',
    pattern: /\ba\/c(?: no\.?| number)?[:#]? {0,2}(?<v>\d{6,18})(?!\w)/g,
  },
]
