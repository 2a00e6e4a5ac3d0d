import type { Clock } from '../../runtime/ports/platform/clock.ts'
import { checkUser, firstTenant, type Authorize } from '../access/dashboard-user.ts'
import type { Sessions } from '../access/sessions.ts'
import type { SignInLinks } from '../access/sign-in-links.ts'
import { html, nothing, type Html } from '../html/html.ts'
import { plainPage } from '../html/frame.ts'
import type { View } from '../html/view.ts'
import { isOwnRequest } from './is-own-request.ts'
import { readForm } from './read-form.ts'
import { document, redirect } from './documents.ts'

/** What signing in needs. */
export interface SignInOptions {
  readonly authorize: Authorize
  readonly sessions: Sessions
  readonly links: SignInLinks
  readonly basePath: string
  readonly title: string
  readonly clock: Clock
  readonly view: View
}

const LINK = '/sign-in/link'
const MOST_CREDENTIAL = 8192

/** Serves what nobody needs to have signed in for; `null` where it is something else. */
export async function serveSignIn(
  path: string,
  request: Request,
  options: SignInOptions,
): Promise<Response | null> {
  const { method } = request
  if (path === '/sign-in' && method === 'GET')
    return document(form(options, toOf(request), null), 200)
  if (path === '/sign-in' && method === 'POST') return signIn(request, options)
  if (path === '/sign-in-links' && method === 'POST') return makeLink(request, options)
  if (path === LINK && method === 'GET') return document(linkPage(tokenIn(request), options), 200)
  if (path === LINK && method === 'POST') return followLink(tokenIn(request), request, options)
  // Nobody is signed out by a link to it.
  if (path === '/sign-out' && method === 'POST' && isOwnRequest(request))
    return redirect(`${options.basePath}/sign-in`, options.sessions.endOf(request))
  return null
}

async function signIn(request: Request, options: SignInOptions): Promise<Response> {
  const { authorize, sessions, basePath } = options
  const fields = isOwnRequest(request) ? await readForm(request, options.clock) : null
  const credential = fields?.get('key')?.trim() ?? ''
  const user =
    credential === '' || credential.length > MOST_CREDENTIAL
      ? null
      : checkUser(await authorize({ credential, request }))
  if (user === null)
    return document(
      form(options, fields?.get('to') ?? '', 'This key lets nobody in. Check it and try again.'),
      401,
    )
  const session = sessions.begin(user, firstTenant(user))
  return redirect(ownPath(fields?.get('to') ?? '', basePath), sessions.cookieOf(session, request))
}

/** For programs: a link for whoever the key is of. */
async function makeLink(request: Request, options: SignInOptions): Promise<Response> {
  const { authorize, links, basePath } = options
  const [, credential = ''] =
    /^Bearer (\S{1,8192})$/i.exec(request.headers.get('authorization') ?? '') ?? []
  const user = credential === '' ? null : checkUser(await authorize({ credential, request }))
  if (user === null) return Response.json({ error: 'unauthorized' }, { status: 401 })
  const { token, expiresAt } = links.issue(user)
  const url = new URL(signInPath(basePath, token), request.url).href
  return Response.json(
    { url, expiresAt },
    { status: 201, headers: { 'cache-control': 'no-store' } },
  )
}

/** Whoever opens a link is asked first: programs that look at links press no buttons. */
function linkPage(token: string, options: SignInOptions): Html {
  const { links, view, title } = options
  if (!links.isOurs(token)) return overPage(options)
  return plainPage({
    ...{ title: 'Sign in', view, product: title },
    body: html`<p>This link lets you in once.</p>
      <form method="post"><button class="button primary wide">Sign in</button></form>`,
  })
}

async function followLink(
  token: string,
  request: Request,
  options: SignInOptions,
): Promise<Response> {
  const { links, sessions, basePath } = options
  const user = isOwnRequest(request) ? await links.use(token) : null
  if (user === null) return document(overPage(options), 410)
  const session = sessions.begin(user, firstTenant(user))
  return redirect(basePath === '' ? '/' : basePath, sessions.cookieOf(session, request))
}

function overPage({ view, title, basePath }: SignInOptions): Html {
  return plainPage({
    ...{ title: 'The link is used up', view, product: title },
    body: html`<p>
        It lets somebody in once, within 15 minutes. Ask for another one, or sign in with a key.
      </p>
      <p><a class="button wide" href="${basePath}/sign-in">Sign in with a key</a></p>`,
  })
}

/** Where a link leads. What lets somebody in stands in the query, which logs leave out. */
export function signInPath(basePath: string, token: string): string {
  return `${basePath}${LINK}?token=${token}`
}

function tokenIn(request: Request): string {
  return new URL(request.url).searchParams.get('token') ?? ''
}

function toOf(request: Request): string {
  return new URL(request.url).searchParams.get('to') ?? ''
}

function form(options: SignInOptions, to: string, problem: string | null): Html {
  const { view, title, basePath } = options
  return plainPage({
    ...{ title: 'Sign in', view, product: title },
    body: html`<form method="post" action="${basePath}/sign-in" class="stack">
      <input type="hidden" name="to" value="${to.slice(0, 2000)}" />
      <label class="field"
        ><span>API key</span>
        <input
          type="password"
          name="key"
          autocomplete="current-password"
          required
          autofocus
          spellcheck="false"
          ${problem === null ? nothing : html` aria-invalid="true" aria-describedby="problem"`}
      /></label>
      ${problem === null ? nothing : html`<p id="problem" class="problem" role="alert">${problem}</p>`}
      <button class="button primary wide">Sign in</button>
      <p class="hint">
        The key stays with the server for this one request; your browser keeps a session of some
        hours.
      </p>
    </form>`,
  })
}

/** A path below the base path to go on at; anywhere else counts as not said. */
function ownPath(to: string, basePath: string): string {
  const home = basePath === '' ? '/' : basePath
  const url = URL.parse(to, 'https://here.invalid')
  if (url === null || url.origin !== 'https://here.invalid') return home
  const isBelow = url.pathname === basePath || url.pathname.startsWith(`${basePath}/`)
  return isBelow && to.startsWith('/') ? url.pathname + url.search : home
}
