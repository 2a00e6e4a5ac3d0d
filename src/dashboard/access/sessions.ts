import { encodeBase64Url } from '../../primitives/base64url.ts'
import { equalBytes } from '../../primitives/equal-bytes.ts'
import { encodeUtf8 } from '../../primitives/utf8.ts'
import type { Clock } from '../../runtime/ports/platform/clock.ts'
import type { RandomSource } from '../../runtime/ports/platform/random-source.ts'
import { checkUser, type DashboardUser } from './dashboard-user.ts'
import { createSignedText } from './signed-text.ts'

/** Somebody who has signed in, and whom they look after right now. */
export interface Session {
  /** Random; forms prove with it that they come from a page of ours. */
  readonly id: string
  readonly user: Required<DashboardUser>
  /** Whose services they look at. */
  readonly tenant: string
  /** ms since 1970. */
  readonly expiresAt: number
}

/** Sessions in signed cookies, kept nowhere else. */
export interface Sessions {
  begin(user: Required<DashboardUser>, tenant: string): Session
  /** @returns The session of a request, or `null` when it has none that is good */
  read(request: Request): Session | null
  /** The value of `Set-Cookie` that begins or goes on with it. */
  cookieOf(session: Session, request: Request): string
  /** The value of `Set-Cookie` that ends it. */
  endOf(request: Request): string
  /** What forms of a session carry. */
  formToken(session: Session): string
  isFormToken(session: Session, given: string): boolean
}

/** What {@link createSessions} needs. */
export interface SessionsOptions {
  readonly secret: string
  readonly basePath: string
  readonly lastsMs: number
  readonly clock: Clock
  readonly random: RandomSource
}

const NAME = 'wc_dashboard'

/** Creates sessions that a browser keeps, and shows to nobody but this dashboard. */
export function createSessions(options: SessionsOptions): Sessions {
  const { secret, basePath, lastsMs, clock, random } = options
  const cookies = createSignedText('dashboard session', secret)
  const forms = createSignedText('dashboard form', secret)

  function attributes(request: Request): string {
    // What is served without TLS, on a developer's machine, would not be given a cookie otherwise.
    const secure = new URL(request.url).protocol === 'https:' ? '; Secure' : ''
    return `; Path=${basePath === '' ? '/' : basePath}; HttpOnly; SameSite=Strict${secure}`
  }

  return {
    begin(user, tenant) {
      const ends = clock.now() + lastsMs
      return {
        id: encodeBase64Url(random.bytes(16)),
        user,
        tenant,
        expiresAt: Math.min(ends, user.expiresAt ?? ends),
      }
    },
    read(request) {
      const text = readCookie(request, NAME)
      const read = text === undefined ? null : cookies.read(text)
      if (!Array.isArray(read) || read[0] !== 1) return null
      const [, id, user, tenant, expiresAt] = read as readonly unknown[]
      // This file wrote it, perhaps in another version.
      if (typeof id !== 'string' || typeof tenant !== 'string') return null
      if (typeof expiresAt !== 'number' || expiresAt <= clock.now()) return null
      const known = checkUser(user)
      return known === null ? null : { id, user: known, tenant, expiresAt }
    },
    cookieOf(session, request) {
      const { id, user, tenant, expiresAt } = session
      const maxAge = Math.max(Math.floor((expiresAt - clock.now()) / 1000), 0)
      const text = cookies.sign([1, id, user, tenant, expiresAt])
      return `${NAME}=${text}${attributes(request)}; Max-Age=${maxAge}`
    },
    endOf: (request) => `${NAME}=${attributes(request)}; Max-Age=0`,
    formToken: ({ id }) => forms.codeOf(id),
    isFormToken: ({ id }, given) => equalBytes(encodeUtf8(given), encodeUtf8(forms.codeOf(id))),
  }
}

/** @returns The value of a cookie, or `undefined` */
export function readCookie(request: Request, name: string): string | undefined {
  const header = request.headers.get('cookie') ?? ''
  const found = header
    .split(';')
    .map((part) => part.trim())
    .find((part) => part.startsWith(`${name}=`))
  return found?.slice(name.length + 1)
}
