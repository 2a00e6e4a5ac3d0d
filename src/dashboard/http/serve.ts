import { encodeBase64Url } from '../../primitives/base64url.ts'
import type { Clock } from '../../runtime/ports/platform/clock.ts'
import type { RandomSource } from '../../runtime/ports/platform/random-source.ts'
import type { AuditLog } from '../../services/logging/audit/audit-log.ts'
import {
  checkUser,
  firstTenant,
  mayAct,
  type Authorize,
  type DashboardUser,
} from '../access/dashboard-user.ts'
import type { Session, Sessions } from '../access/sessions.ts'
import type { SignInLinks } from '../access/sign-in-links.ts'
import { serveAsset } from '../assets/serve-asset.ts'
import type { DashboardServices } from '../dashboard-services.ts'
import { askPage } from '../html/ask-page.ts'
import { framePage, plainPage } from '../html/frame.ts'
import { html, type Html } from '../html/html.ts'
import { readView, type View } from '../html/view.ts'
import type { Call, Done, Page, RecordedAct } from './call.ts'
import { MissingPageError } from './missing-page-error.ts'
import { document, redirect } from './documents.ts'
import { isOwnRequest } from './is-own-request.ts'
import { streamParts } from './live.ts'
import { readForm } from './read-form.ts'
import { createRouter, type ActRoute, type Match, type Route } from './route.ts'
import { serveSignIn } from './sign-in.ts'

/** What requests are served with. */
export interface ServeOptions {
  readonly routes: readonly Route[]
  readonly authorize: Authorize
  readonly sessions: Sessions
  readonly links: SignInLinks
  readonly basePath: string
  readonly title: string
  readonly servicesOf: (tenant: string, user: Required<DashboardUser>) => Promise<DashboardServices>
  readonly auditOf: (tenant: string) => Pick<AuditLog, 'record' | 'entries' | 'head'>
  readonly onError: (error: unknown, request: Request) => void
  readonly clock: Clock
  readonly random: RandomSource
}

/** Whom a request is from, and what is sent along with the answer to keep them signed in. */
interface Admitted {
  readonly session: Session
  readonly cookie: string | null
}

/**
 * Serves requests: who asks, whether a page of ours asked, what they may; then the route, on record
 * where it is an act. The one place that lets a request through.
 */
export function createServe(options: ServeOptions): (request: Request) => Promise<Response> {
  const { basePath, title, sessions, authorize, clock, onError } = options
  const router = createRouter(options.routes)

  return async (request) => {
    const url = new URL(request.url)
    const view = readView(request, basePath, clock.now())
    try {
      const path = pathBelow(url.pathname)
      if (path === null) return plain(404, 'Not found', 'There is nothing at this address.', view)
      const asset = serveAsset(path, request)
      if (asset !== null) return asset
      const early = await serveSignIn(path, request, { ...options, view })
      if (early !== null) return early
      const admitted = await admit(request)
      if (admitted === null) return redirect(`${basePath}/sign-in?to=${toOf(url)}`)
      if (path === '/live' && request.method === 'GET')
        return await live(request, url, view, admitted)
      return await answer(request, { path, url, view, admitted })
    } catch (error) {
      return failed(error, request, view)
    }
  }

  function pathBelow(pathname: string): string | null {
    if (pathname === basePath) return '/'
    if (!pathname.startsWith(`${basePath}/`)) return null
    return pathname.slice(basePath.length).replace(/(?<=.)\/$/, '')
  }

  function toOf(url: URL): string {
    return encodeURIComponent(url.pathname + url.search)
  }

  async function admit(request: Request): Promise<Admitted | null> {
    const known = sessions.read(request)
    const asked = known === null ? { request } : { request, session: known.user }
    const user = checkUser(await authorize(asked))
    if (user === null) return null
    if (known !== null)
      return { session: { ...known, user, tenant: user.tenant ?? known.tenant }, cookie: null }
    // The application knows them by itself; forms of theirs need a token all the same.
    const session = sessions.begin(user, firstTenant(user))
    return { session, cookie: sessions.cookieOf(session, request) }
  }

  interface Asked {
    readonly path: string
    readonly url: URL
    readonly view: View
    readonly admitted: Admitted
  }

  async function answer(request: Request, asked: Asked): Promise<Response> {
    const { path, view, admitted } = asked
    const match = router.find(request.method, path)
    if (match === null) {
      const isKnown = router.knows(path)
      const [status, name] = isKnown
        ? ([405, 'Not allowed'] as const)
        : ([404, 'Not found'] as const)
      return framed(missing(name, status), { asked, services: await servicesFor(admitted.session) })
    }
    const { route } = match
    const isForm = route.method === 'POST'
    const form = isForm ? await readForm(request, clock) : new URLSearchParams()
    if (form === null)
      return plain(413, 'Not taken', 'The form is longer than is taken here.', view)
    if (route.method !== 'GET') {
      const token = isForm ? (form.get('token') ?? '') : (request.headers.get('x-form-token') ?? '')
      if (!isOwnRequest(request) || !sessions.isFormToken(admitted.session, token))
        return plain(
          403,
          'The form is too old',
          'You have signed in anew since it was shown, or it came from somewhere else. Nothing was changed: go back, load the page again and try once more.',
          view,
        )
    }
    const services = await servicesFor(admitted.session)
    const call = callOf(request, { asked, match, form, services, parts: new Map() })
    if (!mayAct(admitted.session.user.role, route.role)) {
      if (route.method === 'POST')
        await call.record({ action: route.act, target: route.target(call), outcome: 'denied' })
      return framed(missing(`Your role does not allow this: ${route.role} is needed`, 403), {
        asked,
        services,
      })
    }
    if (route.method !== 'POST') return finished(await route.handle(call), { asked, services })
    return act(route, call, { asked, services })
  }

  interface Served {
    readonly asked: Asked
    readonly services: DashboardServices
  }

  async function act(route: ActRoute, call: Call, served: Served): Promise<Response> {
    if (route.ask !== undefined && call.field('sure') !== 'yes') {
      const question = await route.ask(call)
      return framed(askPage(question, call), served)
    }
    const entry = { action: route.act, target: route.target(call) }
    let result: Done | Page | Response
    try {
      result = await route.handle(call)
    } catch (error) {
      await call.record({ ...entry, outcome: 'failure' })
      throw error
    }
    if (result instanceof Response || 'body' in result) {
      await call.record({ ...entry, outcome: 'success' })
      return finished(result, served)
    }
    const { to, count } = result
    await call.record({
      ...{ ...entry, outcome: 'success' },
      ...(count !== undefined && { detail: { count } }),
    })
    return withCookie(redirect(basePath + noticed(to, route, count)), served.asked.admitted)
  }

  function finished(result: Page | Response, served: Served): Response {
    if (result instanceof Response) return withCookie(result, served.asked.admitted)
    return framed(result, served)
  }

  function framed(page: Page, { asked, services }: Served): Response {
    const { view, url, admitted } = asked
    const { session } = admitted
    const body = framePage(page, {
      ...{ view, title, services, user: session.user, tenant: session.tenant },
      ...{ notice: noticeOf(url), path: url.pathname + url.search },
      formToken: sessions.formToken(session),
    })
    return withCookie(document(body, page.status ?? 200), admitted)
  }

  function noticeOf(url: URL): string | null {
    const name = url.searchParams.get('done')
    const route = options.routes.find((one) => one.method === 'POST' && one.act === name)
    if (route?.method !== 'POST' || route.done === undefined) return null
    const count = Number(url.searchParams.get('count') ?? 1)
    return route.done(Number.isSafeInteger(count) && count >= 0 ? count : 1)
  }

  async function live(
    request: Request,
    url: URL,
    view: View,
    admitted: Admitted,
  ): Promise<Response> {
    const target = URL.parse(url.searchParams.get('page') ?? '', url.origin)
    const path = target === null || target.origin !== url.origin ? null : pathBelow(target.pathname)
    const match = path === null ? null : router.find('GET', path)
    if (target === null || path === null || match?.route.method !== 'GET')
      return plain(404, 'Not found', 'There is no page to follow at this address.', view)
    const { route } = match
    if (!mayAct(admitted.session.user.role, route.role))
      return plain(403, 'Not allowed', 'Your role does not allow this.', view)
    return streamParts({
      clock,
      signal: request.signal,
      async read() {
        // Whoever has lost their key meanwhile sees nothing more.
        const again = checkUser(await authorize({ request, session: admitted.session.user }))
        if (again === null || !mayAct(again.role, route.role)) return null
        if (admitted.session.expiresAt <= clock.now()) return null
        const parts = new Map<string, Html>()
        const services = await servicesFor(admitted.session)
        const asked = { path, url: target, view: { ...view, now: clock.now() }, admitted }
        await route.handle(
          callOf(request, { asked, match, form: new URLSearchParams(), services, parts }),
        )
        return parts
      },
    })
  }

  async function servicesFor({ tenant, user }: Session): Promise<DashboardServices> {
    const services = await options.servicesOf(tenant, user)
    return services.audit === undefined ? { ...services, audit: options.auditOf(tenant) } : services
  }

  function callOf(
    request: Request,
    given: {
      readonly asked: Asked
      readonly match: Match
      readonly form: URLSearchParams
      readonly services: DashboardServices
      readonly parts: Map<string, Html>
    },
  ): Call {
    const { asked, match, form, services, parts } = given
    const { session } = asked.admitted
    return {
      ...{ request, url: asked.url, user: session.user, tenant: session.tenant, services },
      ...{ view: asked.view, now: asked.view.now },
      formToken: sessions.formToken(session),
      param: (name) => match.params.get(name) ?? '',
      query: (name) => asked.url.searchParams.get(name) ?? '',
      field: (name) => form.get(name) ?? '',
      fields: form,
      clock,
      live(name, part) {
        parts.set(name, part)
        return html`<div data-live="${name}">${part}</div>`
      },
      async record(recorded: RecordedAct) {
        const { action, target, outcome, detail } = recorded
        await services.audit?.record({
          ...{ actor: session.user.id, action: `dashboard.${action}`, outcome },
          target: target.toWellFormed().slice(0, 400) || '-',
          ...(detail !== undefined && { detail }),
        })
      },
    }
  }

  function withCookie(response: Response, { cookie }: Admitted): Response {
    if (cookie !== null && !response.headers.has('set-cookie'))
      response.headers.append('set-cookie', cookie)
    return response
  }

  function plain(status: number, name: string, text: string, view: View): Response {
    return document(
      plainPage({ title: name, body: html`<p>${text}</p>`, view, product: title }),
      status,
    )
  }

  function failed(error: unknown, request: Request, view: View): Response {
    if (error instanceof MissingPageError) return plain(404, 'Not found', error.message, view)
    const refused = refusalOf(error)
    if (refused !== null)
      return plain(refused.status, 'That was not possible', refused.message, view)
    if (error instanceof RangeError || error instanceof TypeError)
      return plain(422, 'That was not possible', error.message, view)
    const id = encodeBase64Url(options.random.bytes(6))
    onError(new Error(`Dashboard page ${id} could not be served`, { cause: error }), request)
    return plain(
      503,
      'The page could not be made',
      `A service did not answer. Try again; if it stays so, the log has the reason beside ${id}.`,
      view,
    )
  }
}

/** What the services, and whoever authorizes, say to who asks: it is meant to be read. */
function refusalOf(error: unknown): { readonly status: number; readonly message: string } | null {
  if (!(error instanceof Error) || !('status' in error)) return null
  const { status, message } = error
  if (typeof status !== 'number' || status < 400 || status > 499) return null
  return { status, message }
}

/** A place to go on, with what is to be said there. */
function noticed(to: string, route: ActRoute, count: number | undefined): string {
  if (route.done === undefined) return to
  const [path = '', query = ''] = to.split('?')
  const params = new URLSearchParams(query)
  params.set('done', route.act)
  if (count === undefined) params.delete('count')
  else params.set('count', String(count))
  return `${path}?${params.toString()}`
}

function missing(what: string, status: number): Page {
  return {
    ...{ title: what, section: '', status },
    body: html`<p class="lead">Nothing was changed.</p>`,
  }
}
