import type { ReadableText } from './readable-text.ts'

const ESCAPES =
  /(?:%[\dA-Fa-f]{2})+|\\+(?:u\{?([\dA-Fa-f]{4,6})\}?|x([\dA-Fa-f]{2})|([^ux]))|&#(?:x([\dA-Fa-f]{1,6})|(\d{1,7}));|&(quot|amp|lt|gt|apos|commat|colon|period);|\+/g

const NAMED: Readonly<Record<string, string>> = {
  quot: '"',
  amp: '&',
  lt: '<',
  gt: '>',
  apos: "'",
  commat: '@',
  colon: ':',
  period: '.',
  n: '\n',
  r: '\r',
  t: '\t',
  b: ' ',
  f: ' ',
}

/**
 * Undoes one layer of what JSON, URLs, forms and HTML write characters with.
 *
 * @returns `undefined` when the text has none of it
 */
export function decodedText(text: string): ReadableText | undefined {
  // A form writes its spaces as +; elsewhere it begins a telephone number.
  const isForm = text.includes('+') && /^\S*=/.test(text)
  if (!isForm && !/[%\\&]/.test(text)) return undefined
  const origin: number[] = []
  let decoded = ''
  let done = 0
  const keep = (end: number): void => {
    decoded += text.slice(done, end)
    for (; done < end; done++) origin.push(done)
  }
  const put = (shown: string, start: number, end: number): void => {
    decoded += shown
    for (let unit = 0; unit < shown.length; unit++) origin.push(start)
    done = end
  }
  for (const match of text.matchAll(ESCAPES)) {
    const [all] = match
    const { index } = match
    if (all === '+' && !isForm) continue
    keep(index)
    if (all.startsWith('%')) putBytes(all, index, put)
    else put(characterOf(match), index, index + all.length)
  }
  if (origin.length === 0 && done === 0) return undefined
  keep(text.length)
  origin.push(text.length)
  return { text: decoded, origin }
}

function characterOf([all, unicode, byte, letter, hex, decimal, name]: RegExpExecArray): string {
  const code = unicode ?? byte ?? hex
  if (code !== undefined) return fromCode(Number.parseInt(code, 16))
  if (decimal !== undefined) return fromCode(Number(decimal))
  if (letter !== undefined) return NAMED[letter] ?? letter
  return all === '+' ? ' ' : (NAMED[name ?? ''] ?? all)
}

function fromCode(code: number): string {
  return code <= 0x10ffff ? String.fromCodePoint(code) : ' '
}

/** Characters of `%`-coded UTF-8; bytes that are none count as Latin ones. */
function putBytes(
  all: string,
  index: number,
  put: (shown: string, start: number, end: number) => void,
): void {
  for (let at = 0; at < all.length;) {
    const lead = Number.parseInt(all.slice(at + 1, at + 3), 16)
    const length = 3 * (lead < 0xc0 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4)
    let shown: string
    let end = at + length
    try {
      shown = decodeURIComponent(all.slice(at, end))
    } catch {
      shown = String.fromCharCode(lead)
      end = at + 3
    }
    put(shown, index + at, index + end)
    at = end
  }
}
