/** What typographers and programs write where the alphabet of SMS has something plain. */
const PLAIN: Readonly<Record<string, string>> = {
  '"': '«»“”„‟❝❞〝〞ʺˮ',
  "'": '‘’‚‛❛❜ʹʻʼʽˈˊˋ´`',
  '-': '‐‑‒–—―⁃−﹣•',
  '...': '…',
  '!!': '‼',
  ',': '、﹐﹑､',
  '.': '。﹒｡',
  '<': '‹﹤',
  '>': '›﹥',
  '/': '⁄∕',
  '*': '⁎∗',
  '~': '˜∼',
  '1/4': '¼',
  '1/2': '½',
  '3/4': '¾',
  // White space of every width, and what separates lines and paragraphs.
  ' ': '\t\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000',
  // What nobody sees.
  '': '\u00ad\u200b\u2060\u2068\u2069\ufeff',
}

const REPLACED = /* @__PURE__ */ new Map(
  Object.entries(PLAIN).flatMap(([plain, written]) =>
    Array.from(written, (character): [string, string] => [character, plain]),
  ),
)

/** What `normalizeSms` answers. */
export function plainSms(text: string): string {
  return Array.from(text, plainOf).join('')
}

function plainOf(character: string): string {
  const plain = REPLACED.get(character)
  if (plain !== undefined) return plain
  const code = character.charCodeAt(0)
  return code >= 0xff01 && code <= 0xff5e ? String.fromCharCode(code - 0xfee0) : character
}
