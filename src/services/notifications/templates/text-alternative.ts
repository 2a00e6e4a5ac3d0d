import { tagAttributes, tagsIn } from './tag-attributes.ts'

/** What may begin something that shows nothing of itself. */
const HIDING = /<(?:(head|style|script|title|template)\b|!(--)?)/gi

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
  const source = withoutHidden(html)
  const text = createLines()
  let end = 0
  let href: string | null = null
  let linkStart = 0
  for (const match of tagsIn(source)) {
    const [whole, slash = '', written = '', attributes = ''] = match
    text.add(wordsOf(source.slice(end, match.index)))
    end = match.index + whole.length
    const name = written.toLowerCase()
    const closes = slash === '/'
    if (name === 'a') {
      if (closes && href !== null) endLink(text, linkStart, href)
      href = closes ? null : linkIn(attributes)
      linkStart = text.mark()
    } else if (name === 'img') text.add(wordsOf(tagAttributes(attributes).get('alt')?.value ?? ''))
    else if (name === 'br') text.breakLine('\n')
    else if (PARAGRAPHS.has(name)) {
      text.breakLine('\n\n')
      if (name === 'hr') text.add('---\n\n')
    } else if (LINES.has(name)) {
      text.breakLine('\n')
      if (name === 'li' && !closes) text.add('- ')
    } else if ((name === 'td' || name === 'th') && closes) text.add(' ', true)
  }
  text.add(wordsOf(source.slice(end)))
  return text
    .since(0)
    .replaceAll(/[ \t]+$/gm, '')
    .replaceAll(/\n{3,}/g, '\n\n')
    .trim()
}

/** White space of HTML is one space. */
function wordsOf(piece: string): string {
  return decodeEntities(piece.replaceAll(/[ \t\r\n\f]+/g, ' '))
}

/** Text that grows at its end, where it may be trimmed; nothing before is looked at again. */
interface Lines {
  /** @param always Also where there is white space before */
  add(words: string, always?: boolean): void
  /** In the place of white space at the end. */
  breakLine(mark: string): void
  /** Where the text ends now. */
  mark(): number
  since(mark: number): string
}

function createLines(): Lines {
  const pieces: string[] = []
  let space = ''
  return {
    add(words, always = false) {
      const isStart = pieces.length === 0 || space !== ''
      // No space at the start of a line, or behind another.
      const added = isStart && !always ? words.replace(/^ /, '') : words
      const seen = added.trimEnd()
      if (seen === '') space += added
      else {
        pieces.push(space + seen)
        space = added.slice(seen.length)
      }
    },
    breakLine(mark) {
      space = mark
    },
    mark: () => pieces.length,
    since: (mark) => pieces.slice(mark).join(''),
  }
}

function endLink(text: Lines, start: number, href: string): void {
  const shown = text.since(start).trim()
  if (shown === href || shown === href.replace(/^mailto:|^tel:/, '')) return
  text.breakLine('\n')
  text.add(`${href}\n`)
}

function linkIn(attributes: string): string | null {
  const href = decodeEntities(tagAttributes(attributes).get('href')?.value ?? '').trim()
  return /^(?:https?:|mailto:|tel:)/i.test(href) ? href : null
}

/** Puts a space for each part that shows nothing. What has no end is looked for once. */
function withoutHidden(html: string): string {
  const endless = new Set<string>()
  let shown = ''
  let from = 0
  const endOf = (mark: RegExp, at: number): number => {
    if (endless.has(mark.source)) return -1
    mark.lastIndex = at
    const found = mark.exec(html)
    if (found === null) endless.add(mark.source)
    return found === null ? -1 : found.index + found[0].length
  }
  HIDING.lastIndex = 0
  for (let found = HIDING.exec(html); found !== null; found = HIDING.exec(html)) {
    const [whole, name, dashes] = found
    const at = found.index
    let end = -1
    if (name !== undefined) {
      const open = endOf(/>/g, at)
      if (open >= 0) end = endOf(new RegExp(`</${name.toLowerCase()}\\s*>`, 'gi'), open)
    } else {
      if (dashes !== undefined) end = endOf(/-->/g, at + whole.length)
      if (end < 0) end = endOf(/>/g, at)
    }
    if (end < 0) continue
    shown += `${html.slice(from, at)} `
    from = end
    HIDING.lastIndex = end
  }
  return shown + html.slice(from)
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
