import { callQuietly } from '../../../primitives/call-quietly.ts'
import { readThrown } from '../../../primitives/read-thrown.ts'
import { readableCopy } from '../values/readable-copy.ts'
import type { RequestObservation } from './observation.ts'
import { Observed, type ObserverHost, type WorkStart } from './observed.ts'
import { abortedResponse, isAbort, problemResponse } from './problem-response.ts'
import {
  followBody,
  isResponse,
  isStreaming,
  withHeader,
  type BodyEnd,
} from './response-changes.ts'

/** Others are counted as one: whoever calls may invent as many as there are words. */
const METHODS = /^(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS)$/

/** @returns `undefined` for a word that HTTP does not know */
export function knownMethod(method: string): string | undefined {
  return METHODS.test(method) ? method : undefined
}

/** How a request went. */
interface Outcome {
  readonly response: Response
  /** What was thrown instead of an answer. */
  readonly failure?: { readonly error: unknown } | undefined
  /** ms until the answer began. */
  readonly durationMs: number
  /** Of a body that was followed. */
  readonly body?: BodyEnd & { readonly bodyMs: number }
}

/** A request and its answer. */
export class HandledRequest extends Observed implements RequestObservation {
  readonly #request: Request
  readonly #path: string
  #route: string | undefined
  #failure: Outcome['failure']

  constructor(host: ObserverHost, start: WorkStart, request: Request) {
    const path = pathOf(request.url)
    // Without its query, which may have anything in it.
    super(host, start, 'server', { 'http.request.method': request.method, 'url.path': path })
    this.#request = request
    this.#path = path
    callQuietly(() => {
      this.#route = host.options.route?.(request)
    })
  }

  protected get transaction(): string {
    return `${this.#request.method} ${this.#route ?? this.#path}`
  }

  setRoute(route: string): void {
    this.#route = route
  }

  setError(error: unknown): void {
    this.#failure = { error }
  }

  async handle(
    act: (observation: RequestObservation) => Response | Promise<Response>,
  ): Promise<Response> {
    return this.within(async () => {
      let response: Response
      try {
        response = checkAnswer(await act(this))
      } catch (error) {
        // Some throw an answer to give it at once.
        if (!isResponse(error)) this.#failure = { error }
        response = isResponse(error) ? error : this.#answerTo(error)
      }
      response = withHeader(response, 'x-request-id', this.requestId)
      const outcome = { response, failure: this.#failure, durationMs: this.passedMs() }
      if (isStreaming(response)) return this.#follow(outcome)
      this.#conclude(outcome)
      return response
    })
  }

  #answerTo(error: unknown): Response {
    if (isAbort(error, this.#request.signal)) return abortedResponse()
    let own: Response | undefined
    callQuietly(() => {
      own = this.host.options.problem?.(error, this.requestId)
    })
    return isResponse(own) ? own : problemResponse(error, this.requestId)
  }

  /** The work goes on while its answer is read. */
  #follow(outcome: Outcome): Response {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.start.waitUntil?.(promise)
    return followBody(outcome.response, (end) => {
      this.#conclude({ ...outcome, body: { ...end, bodyMs: this.passedMs() } })
      resolve()
    })
  }

  #conclude(outcome: Outcome): void {
    const { response, failure, durationMs, body } = outcome
    const { method } = this.#request
    const { status } = response
    const route = this.#route
    const thrown = body?.end === 'failed' ? body : failure
    // `Response.error()` has the status 0: nobody gets an answer.
    const isFailed = status >= 500 || status === 0 || body?.end === 'failed'
    const isSlow = durationMs >= this.host.slowMs
    this.host.measure(
      { method: knownMethod(method) ?? 'OTHER', route: route ?? '', status: `${status}` },
      durationMs,
    )
    if (route !== undefined) this.span?.updateName(`${this.start.name} ${route}`)
    this.span?.setAttributes({
      'http.response.status_code': status,
      ...(route !== undefined && { 'http.route': route }),
    })
    if (isFailed && thrown !== undefined) {
      this.span?.recordError(thrown.error)
      this.host.report(thrown.error, this.details(true))
    } else if (isFailed) this.span?.setStatus('error')
    const isWell = !isFailed && !isSlow && thrown === undefined
    const level = isFailed ? 'error' : isSlow ? 'warn' : 'info'
    this.finish(isWell && this.#isSkipped() ? undefined : level, messageOf(outcome, isSlow), {
      ...this.#further(response),
      method,
      ...(route === undefined ? { path: this.#path } : { route }),
      status,
      durationMs,
      ...(body !== undefined && { bodyMs: body.bodyMs, bodyEnd: body.end }),
      ...(thrown !== undefined && shownOf(thrown.error, isFailed)),
    })
  }

  #isSkipped(): boolean {
    let skipped = false
    callQuietly(() => {
      skipped = this.host.options.skip?.(this.#request) === true
    })
    return skipped
  }

  #further(response: Response): object {
    let fields: object = {}
    callQuietly(() => {
      fields = readableCopy(this.host.options.fields?.(this.#request, response))
    })
    return fields
  }
}

function messageOf({ response, failure, body }: Outcome, isSlow: boolean): string {
  if (body?.end === 'failed') return 'response broke off'
  if (response.status >= 500 || response.status === 0) return 'request failed'
  if (response.status === 499 && failure !== undefined) return 'request aborted'
  return isSlow ? 'slow request' : 'request'
}

/** Of what the caller did wrong the code is enough. */
function shownOf(error: unknown, isFailed: boolean): object {
  if (isFailed) return { err: error }
  const { code } = readThrown(error)
  return code === null ? {} : { code }
}

function checkAnswer(response: Response): Response {
  if (isResponse(response)) return response
  throw new TypeError('Cannot answer request: the handler returned no Response, one expected')
}

function pathOf(url: string): string {
  return URL.canParse(url) ? new URL(url).pathname : '/'
}
