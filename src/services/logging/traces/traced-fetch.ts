import { addsTraceparent } from '../../../runtime/ports/platform/adds-traceparent.ts'
import { systemFetch, type FetchClient } from '../../../runtime/ports/platform/fetch-client.ts'
import type { TraceContext } from './trace-parent.ts'
import type { TracingService } from './tracing-service.ts'

/** What {@link createTracedFetch} needs of the service. */
type Tracer = Pick<TracingService, 'startSpan' | 'runSpan' | 'inject' | 'mayTell'>

/**
 * Makes a `fetch` whose requests are spans.
 *
 * @param parent What each is a part of. Default: the span that is open
 */
export function createTracedFetch(
  tracer: Tracer,
  fetch: FetchClient,
  parent?: TraceContext,
): FetchClient {
  let injects: boolean | undefined
  return (url, init) => {
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
      const headers = new Headers(init.headers)
      if (injects && tracer.mayTell(url)) tracer.inject(headers, span)
      const response = await fetch(url, { ...init, headers })
      span.setAttribute('http.response.status_code', response.status)
      if (response.status >= 400) span.setStatus('error')
      return response
    })
  }
}
