/** What shows nothing of itself. */
const HIDDEN =
  /<(head|style|script|title|template)\b[^>]*>[\s\S]*?<\/\1\s*>|<!--[\s\S]*?-->|<![^>]*>/gi

const TAG = /<(\/?)([a-z][a-z0-9]*)((?:[^>"']|"[^"]*"|'[^']*')*)>/gi

/** What begins and ends with a line of its own; two breaks make an empty line. */
const PARAGRAPHS = new Set('p h1 h2 h3 h4 h5 h6 ul ol table blockquote pre hr'.split(' '))
const LINES = new Set('div tr li section article header footer dl dt dd address br'.split(' '))

const ENTITIES: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: ' ',
  copy: '©',
  reg: '®',
  trade: '™',
  hellip: '…',
  mdash: '—',
  ndash: '–',
  lsquo: '‘',
  rsquo: '’',
  ldquo: '“',
  rdquo: '”',
  euro: '€',
  bull: '•',
  middot: '·',
  laquo: '«',
  raquo: '»',
  zwnj: '',
}

/**
 * Makes the text that mail clients without HTML show. A link's URL stands on a line of its own, so
 * that nothing around it becomes part of it.
 */
export function textFromHtml(html: string): string {
  let text = ''
  let end = 0
  let href: string | null = null
  let linkStart = 0
  const source = html.replaceAll(HIDDEN, ' ')
  const add = (piece: string): void => {
    // White space of HTML is one space, and none at the start of a line.
    const words = decodeEntities(piece.replaceAll(/[ \t\r\n\f]+/g, ' '))
    text += /(?:^|[\s])$/.test(text) ? words.replace(/^ /, '') : words
  }
  for (const match of source.matchAll(TAG)) {
    const [whole, slash = '', written = '', attributes = ''] = match
    add(source.slice(end, match.index))
    end = match.index + whole.length
    const name = written.toLowerCase()
    const closes = slash === '/'
    if (name === 'a') {
      if (closes && href !== null) text = endLink(text, linkStart, href)
      href = closes ? null : linkIn(attributes)
      linkStart = text.length
    } else if (name === 'img') add(attributeIn(attributes, 'alt') ?? '')
    else if (name === 'br') text = `${text.trimEnd()}\n`
    else if (PARAGRAPHS.has(name)) text = `${text.trimEnd()}\n\n${name === 'hr' ? '---\n\n' : ''}`
    else if (LINES.has(name)) text = `${text.trimEnd()}\n${name === 'li' && !closes ? '- ' : ''}`
    else if (name === 'td' || name === 'th') text = closes ? `${text} ` : text
  }
  add(source.slice(end))
  return text
    .replaceAll(/[ \t]+$/gm, '')
    .replaceAll(/\n{3,}/g, '\n\n')
    .trim()
}

function endLink(text: string, start: number, href: string): string {
  const shown = text.slice(start).trim()
  if (shown === href || shown === href.replace(/^mailto:|^tel:/, '')) return text
  return `${text.trimEnd()}\n${href}\n`
}

function linkIn(attributes: string): string | null {
  const href = attributeIn(attributes, 'href')?.trim() ?? ''
  return /^(?:https?:|mailto:|tel:)/i.test(href) ? href : null
}

function attributeIn(attributes: string, name: string): string | null {
  const found = new RegExp(`(?:^|\\s)${name}\\s*=\\s*("[^"]*"|'[^']*'|[^\\s"'>]+)`, 'i').exec(
    attributes,
  )
  const value = found?.[1]?.replaceAll(/^["']|["']$/g, '')
  return value === undefined ? null : decodeEntities(value)
}

function decodeEntities(text: string): string {
  return text.replaceAll(
    /&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|([a-z]{2,8}));/gi,
    (whole, ten, hex, name) => {
      if (typeof name === 'string') return ENTITIES[name.toLowerCase()] ?? whole
      const code = typeof ten === 'string' ? Number(ten) : Number.parseInt(String(hex), 16)
      const isCharacter = code > 0 && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff)
      return isCharacter ? String.fromCodePoint(code) : ''
    },
  )
}
