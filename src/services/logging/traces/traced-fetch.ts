import { addsTraceparent } from '../../../runtime/ports/platform/adds-traceparent.ts'
import { systemFetch, type FetchClient } from '../../../runtime/ports/platform/fetch-client.ts'
import { followRedirects } from './follow-redirects.ts'
import type { TraceContext } from './trace-parent.ts'
import type { TracingService } from './tracing-service.ts'

/** Sends a request as the platform's `fetch` does, which takes the same arguments. */
export type TracedFetch = (url: string | URL | Request, init?: RequestInit) => Promise<Response>

/** What {@link createTracedFetch} needs of the service. */
type Tracer = Pick<TracingService, 'startSpan' | 'runSpan' | 'inject' | 'mayTell'>

/**
 * Makes a `fetch` whose requests are spans. Where an answer redirects, the next server is told of
 * the trace only when it may know it, too.
 *
 * @param parent What each is a part of. Default: the span that is open
 */
export function createTracedFetch(
  tracer: Tracer,
  fetch: FetchClient,
  parent?: TraceContext,
): TracedFetch {
  let injects: boolean | undefined
  return (given, more = {}) => {
    const [url, init] = requestOf(given, more)
    const { method = 'GET' } = init
    const target = URL.canParse(url) ? new URL(url) : undefined
    const span = tracer.startSpan(method, {
      kind: 'client',
      ...(parent !== undefined && { parent }),
      attributes: {
        'http.request.method': method,
        'server.address': target?.hostname,
        // Without its query, which may have anything in it.
        'url.full': target === undefined ? undefined : target.origin + target.pathname,
      },
    })
    return tracer.runSpan(span, async () => {
      injects ??= fetch !== systemFetch || !addsTraceparent()
      const mayTell = injects && tracer.mayTell(url)
      const headersFor = (at: string, headers: Headers): Headers => {
        if (tracer.mayTell(at)) tracer.inject(headers, span)
        return headers
      }
      const follows = init.redirect === undefined || init.redirect === 'follow'
      const own = new Headers(init.headers)
      const response =
        mayTell && follows
          ? await followRedirects(fetch, url, init, headersFor)
          : await fetch(url, { ...init, headers: mayTell ? headersFor(url, own) : own })
      span.setAttribute('http.response.status_code', response.status)
      if (response.status >= 400) span.setStatus('error')
      return response
    })
  }
}

/** A request as its URL and what is sent there; `more` goes before what it says itself. */
function requestOf(
  given: string | URL | Request,
  more: RequestInit,
): readonly [url: string, init: RequestInit] {
  if (typeof given === 'string' || given instanceof URL) return [String(given), more]
  const { url, method, headers, body, redirect, signal } = given
  // A stream is sent as it is read.
  const streamed = body === null ? {} : { body, duplex: 'half' }
  return [url, { method, headers, redirect, signal, ...streamed, ...more }]
}
