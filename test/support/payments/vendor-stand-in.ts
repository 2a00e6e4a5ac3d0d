import type { FetchClient } from '../../../src/runtime/ports/platform/fetch-client.ts'
import type { Json } from '../../../src/runtime/ports/json.ts'

/** One request as a vendor saw it. */
export interface SeenRequest {
  readonly method: string
  readonly path: string
  readonly headers: Headers
  /** The body, decoded: a form `a[b][0]=c` is an object. */
  readonly body: Json
}

/** What a stand-in answers. */
export interface StandInAnswer {
  readonly status: number
  readonly body: Json
}

/** A vendor on this side of the network. */
export interface StandIn {
  readonly fetch: FetchClient
  readonly requests: readonly SeenRequest[]
  /** Requests that were carried out, repetitions of a key not counted, by method and path pattern. */
  readonly carriedOut: Map<string, number>
  /** The next request whose path holds `part` is carried out, but its answer gets lost. */
  loseAnswer(part: string): void
  /** Keys are no longer remembered, as after their time is over. */
  forgetKeys(): void
  /** The next request whose path holds `part` fails with `status` before anything is done. */
  failNext(part: string, status: number, body: Json): void
}

/** A route: what it does. Its answer is kept under the request's key. */
export interface Route {
  readonly pattern: RegExp
  readonly method: string
  act(seen: SeenRequest, ids: readonly string[]): StandInAnswer
}

/**
 * Serves routes as a vendor does: a key is answered once, the same again, and an error when another
 * request comes under it.
 *
 * @param keyOf Where this vendor's key is
 */
export function createStandIn(
  routes: readonly Route[],
  keyOf: (seen: SeenRequest) => string | null,
  reused: StandInAnswer,
): StandIn {
  const requests: SeenRequest[] = []
  const carriedOut = new Map<string, number>()
  const answers = new Map<string, { readonly text: string; readonly answer: StandInAnswer }>()
  let lost: string | null = null
  let failure: { readonly part: string; readonly answer: StandInAnswer } | null = null

  function answerOf(seen: SeenRequest): StandInAnswer {
    if (failure !== null && seen.path.includes(failure.part)) {
      const { answer } = failure
      failure = null
      return answer
    }
    const text = JSON.stringify([seen.method, seen.path, seen.body])
    const key = seen.method === 'GET' ? null : keyOf(seen)
    const known = key === null ? undefined : answers.get(key)
    if (known !== undefined) return known.text === text ? known.answer : reused
    const [path = ''] = seen.path.split('?')
    for (const { pattern, method, act } of routes) {
      const match = pattern.exec(path)
      if (match === null || method !== seen.method) continue
      const answer = act(seen, match.slice(1).map(decodeURIComponent))
      const name = `${method} ${pattern.source.replaceAll(/[\\^$]/g, '').replaceAll('([/]+)', '*')}`
      if (answer.status < 400) carriedOut.set(name, (carriedOut.get(name) ?? 0) + 1)
      if (key !== null) answers.set(key, { text, answer })
      return answer
    }
    return { status: 404, body: { error: 'no such route', path: seen.path } }
  }

  return {
    requests,
    carriedOut,
    loseAnswer(part) {
      lost = part
    },
    forgetKeys() {
      answers.clear()
    },
    failNext(part, status, body) {
      failure = { part, answer: { status, body } }
    },
    async fetch(input, init = {}) {
      const url = new URL(input)
      const headers = new Headers(init.headers)
      const text = typeof init.body === 'string' ? init.body : ''
      const isForm = headers.get('content-type')?.startsWith('application/x-www-form') === true
      const body = text === '' ? null : isForm ? decodeForm(text) : (JSON.parse(text) as Json)
      const seen = {
        method: init.method ?? 'GET',
        path: url.pathname + url.search,
        headers,
        body,
      }
      requests.push(seen)
      const { status, body: answered } = answerOf(seen)
      if (lost !== null && seen.path.includes(lost)) {
        lost = null
        throw new TypeError('connection reset')
      }
      return new Response(status === 204 ? null : JSON.stringify(answered), {
        status,
        headers: { 'content-type': 'application/json' },
      })
    },
  }
}

/** `a[b][0]=c` as `{ a: { b: ['c'] } }`. */
export function decodeForm(text: string): Json {
  const root: { [key: string]: unknown } = {}
  for (const [name, value] of new URLSearchParams(text)) {
    const path = name.split(/[[\]]+/).filter((part) => part !== '')
    let at: { [key: string]: unknown } = root
    path.forEach((part, index) => {
      if (index === path.length - 1) at[part] = value
      else at = (at[part] ??= {}) as { [key: string]: unknown }
    })
  }
  return listed(root) as Json
}

/** Objects with the keys 0, 1, … are lists. */
function listed(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).map(([key, member]) => [key, listed(member)] as const)
  if (entries.length > 0 && entries.every(([key], index) => key === String(index)))
    return entries.map(([, member]) => member)
  return Object.fromEntries(entries)
}
