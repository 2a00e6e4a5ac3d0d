import { NotificationError } from '../notification-error.ts'
import { tagAttributes, tagsIn } from '../templates/tag-attributes.ts'

/** What is rewritten, and into what. */
export interface RewriteOptions {
  isOurs(url: string): boolean
  /** Makes the link for a URL; `null` leaves links alone. */
  readonly click: ((url: string) => Promise<string>) | null
  /** Makes the URL of the picture; `null` for none. */
  readonly picture: (() => Promise<string>) | null
}

const MOST_LINKS = 500
const MOST_URL_CHARACTERS = 2000

/**
 * Rewrites the links of a mail, before it is written as MIME: encoded, a link would not be found
 * any more.
 */
export async function rewriteLinks(
  html: string,
  { isOurs, click, picture }: RewriteOptions,
): Promise<string> {
  let written = html
  if (click !== null) {
    const tags = [...tagsIn(html)].filter(isLink)
    if (tags.length > MOST_LINKS)
      throw new NotificationError(
        'invalid_request',
        `Cannot count clicks: the mail has ${tags.length} links, at most ${MOST_LINKS} allowed`,
      )
    let end = 0
    written = ''
    for (const tag of tags) {
      written += html.slice(end, tag.index) + (await rewriteTag(tag[0], isOurs, click))
      end = tag.index + tag[0].length
    }
    written += html.slice(end)
  }
  if (picture === null) return written
  const image = `<img src="${escaped(await picture())}" width="1" height="1" alt="" style="display:none">`
  const body = written.toLowerCase().lastIndexOf('</body')
  return body < 0 ? written + image : written.slice(0, body) + image + written.slice(body)
}

function isLink([, slash, name = '']: readonly string[]): boolean {
  return slash === '' && name.toLowerCase() === 'a'
}

async function rewriteTag(
  tag: string,
  isOurs: (url: string) => boolean,
  click: (url: string) => Promise<string>,
): Promise<string> {
  const attributes = tagAttributes(tag)
  const written = attributes.get('href')
  // `<a data-track="off">`: a link that works once, or one that must be read as it is.
  if (written === undefined || attributes.get('data-track')?.value.toLowerCase() === 'off')
    return tag
  const href = leadsTo(unescaped(written.value).trim())
  if (href === null || isOurs(href)) return tag
  return `${tag.slice(0, written.start)}"${escaped(await click(href))}"${tag.slice(written.end)}`
}

/**
 * @returns Where a browser would go, in the characters that a redirect may have; `null` for what is
 *   no link to another site, or too long
 */
function leadsTo(href: string): string | null {
  if (!/^https?:\/\//i.test(href)) return null
  const plain = /^[!-~]*$/.test(href) ? href : (URL.parse(href)?.href ?? '')
  return URL.canParse(plain) && plain.length <= MOST_URL_CHARACTERS ? plain : null
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;')
}

/** What writers of HTML put for a character that they do not want to stand there by itself. */
const REFERENCE = /&(?:#(\d{1,7});?|#x([\da-f]{1,6});?|(quot|apos|lt|gt|amp);)/gi
const NAMED: Readonly<Record<string, string>> = { quot: '"', apos: "'", lt: '<', gt: '>', amp: '&' }

/** A link that is counted leads where it would lead otherwise. */
function unescaped(text: string): string {
  return text.replaceAll(
    REFERENCE,
    (written: string, decimal?: string, hex?: string, name?: string) => {
      if (name !== undefined) return NAMED[name.toLowerCase()] ?? written
      const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16)
      const isCharacter = code > 0 && code <= 0x10_ffff && (code < 0xd800 || code > 0xdfff)
      return isCharacter ? String.fromCodePoint(code) : written
    },
  )
}
