import type { FetchClient } from '../../../runtime/ports/platform/fetch-client.ts'

/** As many as the platforms follow. */
const MAX_REDIRECTS = 20
const REDIRECTS: ReadonlySet<number> = /* @__PURE__ */ new Set([301, 302, 303, 307, 308])
/** What is for one origin alone, as the Fetch standard and its servers have it. */
const OF_ORIGIN = ['authorization', 'proxy-authorization', 'cookie', 'host']
const OF_BODY = ['content-encoding', 'content-language', 'content-length', 'content-type']

/**
 * Fetches as `redirect: 'follow'` does, but asks for the headers of each request anew: the platform
 * would hand them on to whatever origin an answer names.
 *
 * @param headersFor Adds to the caller's headers what the server of a URL may know
 * @throws TypeError after 20 redirects, and where a body cannot be sent twice
 */
export async function followRedirects(
  fetch: FetchClient,
  url: string,
  init: RequestInit,
  headersFor: (url: string, own: Headers) => Headers,
): Promise<Response> {
  const own = new Headers(init.headers)
  let { method = 'GET', body } = init
  let at = url
  for (let redirects = 0; ; redirects++) {
    const headers = headersFor(at, new Headers(own))
    const response = await fetch(at, {
      ...init,
      method,
      headers,
      redirect: 'manual',
      // Asked again with GET there is none.
      body: body ?? null,
    })
    const { status } = response
    const location = REDIRECTS.has(status) ? response.headers.get('location') : null
    if (location === null || !URL.canParse(location, at)) return response
    const next = new URL(location, at)
    if (redirects >= MAX_REDIRECTS || !/^https?:$/.test(next.protocol))
      throw new TypeError('Cannot fetch: redirected too often, or to what is no HTTP')
    await response.body?.cancel()
    if ((status === 303 && method !== 'HEAD') || (status < 303 && method === 'POST')) {
      method = 'GET'
      body = undefined
      for (const name of OF_BODY) own.delete(name)
    } else if (body instanceof ReadableStream)
      throw new TypeError('Cannot fetch: redirected, and a stream cannot be sent twice')
    if (next.origin !== new URL(at).origin) for (const name of OF_ORIGIN) own.delete(name)
    at = next.href
  }
}
