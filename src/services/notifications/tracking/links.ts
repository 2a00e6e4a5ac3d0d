import { decodeBase64Url, encodeBase64Url } from '../../../primitives/base64url.ts'
import { checkOptions } from '../../../primitives/check-options.ts'
import { checkDuration } from '../../../primitives/check-range.ts'
import type { Duration } from '../../../primitives/duration.ts'
import { decodeUtf8, encodeUtf8, utf8Length } from '../../../primitives/utf8.ts'
import { systemClock, type Clock } from '../../../runtime/ports/platform/clock.ts'
import { systemRandom, type RandomSource } from '../../../runtime/ports/platform/random-source.ts'
import { normalAddress } from '../addresses/mailbox.ts'
import type { LinkVisit, LinkWriter, UnsubscribeOptions } from './link-writer.ts'
import {
  openPicture,
  redirectTo,
  unsubscribedPage,
  unsubscribePage,
  unusablePage,
} from './link-pages.ts'
import { rewriteLinks } from './rewrite-links.ts'

export type { LinkWriter } from './link-writer.ts'

/** What {@link createLinks} needs. */
export interface LinksOptions {
  /**
   * Where `handleLink` answers: `https://example.com/n`. With `http:` mails do not offer
   * unsubscribing with one click.
   */
  readonly baseUrl: string
  /**
   * At least 16 bytes. Of several the first writes links, and all read them, so that they can be
   * rotated.
   */
  readonly secrets: string | readonly string[]
  /** How long links can be used, 1 day to 10 years. Default 1 year: people keep mails. */
  readonly expiresIn?: Duration
  /** An address where unsubscribing by mail is read, too. */
  readonly unsubscribeMailbox?: string
  /** Default: the platform's. */
  readonly clock?: Clock
  /** Default: the platform's. */
  readonly random?: RandomSource
}

type Kind = 'o' | 'c' | 'u'

const ACTION = 'create links'
const DAY_MS = 86_400_000
const LEAST_SECRET_BYTES = 16
const MOST_TOKEN_CHARACTERS = 8000
const IV_BYTES = 12

/**
 * Makes links of our own: clicks, pictures that count opens, unsubscribing (RFC 2369, RFC 8058).
 * What a link means is sealed in it: nobody can change where it leads, nor read whose it is.
 *
 * @example
 * const links = createLinks({ baseUrl: 'https://example.com/n', secrets: env.LINK_SECRET })
 * const notifications = createNotifications({ backend, from, email, links })
 * app.all('/n/*', (c) => notifications.handleLink(c.req.raw))
 *
 * @throws TypeError or RangeError when an option is malformed
 */
export function createLinks(options: LinksOptions): LinkWriter {
  checkOptions(
    ACTION,
    options,
    ['baseUrl', 'secrets'],
    ['expiresIn', 'unsubscribeMailbox', 'clock', 'random'],
  )
  const { clock = systemClock, random = systemRandom, unsubscribeMailbox } = options
  const base = readBase(options.baseUrl)
  const secrets = readSecrets(options.secrets)
  const expiresIn = options.expiresIn ?? '365d'
  const lifeMs = checkDuration(ACTION, 'expiresIn', expiresIn, DAY_MS, 3650 * DAY_MS)
  const mailbox = unsubscribeMailbox === undefined ? null : normalAddress(unsubscribeMailbox)
  if (unsubscribeMailbox !== undefined && mailbox === null)
    throw new TypeError(`Cannot ${ACTION}: unsubscribeMailbox is no e-mail address`)
  // Keys are kept, never their promises: on Workers a promise of one request may not be awaited in
  // another.
  const keys: (CryptoKey | undefined)[] = secrets.map(() => undefined)

  async function keyAt(index: number): Promise<CryptoKey> {
    const material = encodeUtf8(`notification-links\0${secrets[index] ?? ''}`)
    const digest = await crypto.subtle.digest('SHA-256', material)
    return (keys[index] ??= await crypto.subtle.importKey('raw', digest, 'AES-GCM', false, [
      'encrypt',
      'decrypt',
    ]))
  }

  async function linkOf(kind: Kind, ...parts: readonly (string | null)[]): Promise<string> {
    const content = JSON.stringify([clock.now() + lifeMs, ...parts])
    const iv = random.bytes(IV_BYTES)
    const algorithm = { name: 'AES-GCM', iv, additionalData: encodeUtf8(kind) }
    const sealed = await crypto.subtle.encrypt(algorithm, await keyAt(0), encodeUtf8(content))
    const token = new Uint8Array(IV_BYTES + sealed.byteLength)
    token.set(iv)
    token.set(new Uint8Array(sealed), IV_BYTES)
    return `${base.origin}${base.pathname}/${kind}/${encodeBase64Url(token)}`
  }

  /** @returns What a link means; `null` when it was not made here, or its time is over */
  async function open(kind: string, token: string): Promise<readonly unknown[] | null> {
    const bytes = token.length <= MOST_TOKEN_CHARACTERS ? decodeBase64Url(token) : null
    if (bytes === null || bytes.length <= IV_BYTES) return null
    const iv = bytes.slice(0, IV_BYTES)
    const algorithm = { name: 'AES-GCM', iv, additionalData: encodeUtf8(kind) }
    for (const index of secrets.keys()) {
      try {
        const key = await keyAt(index)
        const content = await crypto.subtle.decrypt(algorithm, key, bytes.slice(IV_BYTES))
        const parts: unknown = JSON.parse(decodeUtf8(new Uint8Array(content)))
        if (!Array.isArray(parts)) return null
        const list: readonly unknown[] = parts
        const [until, ...rest] = list
        return typeof until === 'number' && until > clock.now() ? rest : null
      } catch {
        // Another secret's, or nobody's.
      }
    }
    return null
  }

  const unsubscribeUrl = ({ messageId, address, category }: UnsubscribeOptions): Promise<string> =>
    linkOf('u', messageId, address, category)

  return {
    unsubscribeUrl,
    async unsubscribeHeaders(given) {
      const url = await unsubscribeUrl(given)
      const mail = mailbox === null ? '' : `, <${mailtoOf(mailbox)}>`
      return {
        'List-Unsubscribe': `<${url}>${mail}`,
        // One click takes https (RFC 8058 §3.1): whoever listens could unsubscribe others.
        ...(base.origin.startsWith('https:') && {
          'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click',
        }),
      }
    },
    rewrite: (html, { messageId, trackOpens, trackClicks }) =>
      rewriteLinks(html, {
        isOurs: (url) => url.startsWith(`${base.origin}${base.pathname}/`),
        click: trackClicks ? (url) => linkOf('c', messageId, url) : null,
        picture: trackOpens ? () => linkOf('o', messageId) : null,
      }),
    async read(request) {
      const { pathname } = new URL(request.url)
      if (!pathname.startsWith(`${base.pathname}/`)) return null
      const [kind = '', token = '', ...more] = pathname.slice(base.pathname.length + 1).split('/')
      if (!/^[ocu]$/.test(kind) || token === '' || more.length > 0) return null
      const { method } = request
      const allowed = kind === 'u' ? ['GET', 'HEAD', 'POST'] : ['GET', 'HEAD']
      if (!allowed.includes(method))
        return {
          kind: 'page',
          answer: new Response(null, { status: 405, headers: { allow: allowed.join(', ') } }),
        }
      const parts = await open(kind, token)
      if (parts === null) return { kind: 'page', answer: unusablePage() }
      return visitOf(kind, method, parts)
    },
  }
}

function visitOf(kind: string, method: string, parts: readonly unknown[]): LinkVisit {
  const [messageId, second, third] = parts
  if (typeof messageId !== 'string') return { kind: 'page', answer: unusablePage() }
  if (kind === 'o')
    return method === 'GET'
      ? { kind: 'open', messageId, answer: openPicture() }
      : { kind: 'page', answer: openPicture() }
  if (typeof second !== 'string') return { kind: 'page', answer: unusablePage() }
  if (kind === 'c')
    return method === 'GET'
      ? { kind: 'click', messageId, url: second, answer: redirectTo(second) }
      : { kind: 'page', answer: redirectTo(second) }
  // Programs that look through mails follow links; only a post means it (RFC 8058 §3.2).
  if (method !== 'POST') return { kind: 'page', answer: unsubscribePage() }
  const category = typeof third === 'string' ? third : null
  return { kind: 'unsubscribe', messageId, address: second, category, answer: unsubscribedPage() }
}

function readBase(url: unknown): { readonly origin: string; readonly pathname: string } {
  const parsed = typeof url === 'string' ? URL.parse(url) : null
  const isPlain = parsed !== null && parsed.search === '' && parsed.hash === ''
  if (isPlain && /^https?:$/.test(parsed.protocol))
    return { origin: parsed.origin, pathname: parsed.pathname.replace(/\/+$/, '') }
  throw new TypeError(`Cannot ${ACTION}: baseUrl is no http or https URL without query`)
}

/** What stands for something else in a URL, or in a header, is encoded (RFC 6068 §2). */
function mailtoOf(address: string): string {
  const at = address.lastIndexOf('@')
  return `mailto:${encodeURIComponent(address.slice(0, at))}@${address.slice(at + 1)}`
}

function readSecrets(secrets: unknown): readonly string[] {
  const list: readonly unknown[] = Array.isArray(secrets) ? secrets : [secrets]
  if (list.length < 1 || list.length > 10)
    throw new RangeError(`Cannot ${ACTION}: secrets are ${list.length}, 1 to 10 expected`)
  return list.map((secret) => {
    if (typeof secret === 'string' && utf8Length(secret) >= LEAST_SECRET_BYTES) return secret
    throw new RangeError(
      `Cannot ${ACTION}: a secret is no text of at least ${LEAST_SECRET_BYTES} bytes`,
    )
  })
}
