import { encodeUtf8 } from '../../../primitives/utf8.ts'
import type { Clock } from '../../../runtime/ports/platform/clock.ts'
import type { FetchClient } from '../../../runtime/ports/platform/fetch-client.ts'
import { StorageError } from '../storage-error.ts'
import { createHttpClient, errorOptionsOf } from './http-client.ts'

/** What {@link createTokenSource} asks whom. */
export interface TokenSourceOptions {
  readonly fetch: FetchClient
  readonly clock: Clock
  readonly url: string
  /** Fields of the request for a token. */
  readonly form: () => Promise<Readonly<Record<string, string>>>
}

/** A token is not used in its last minutes: a request takes time. */
const MARGIN_MS = 120_000
const TIMEOUT = '30s'

/** Gets tokens by OAuth 2.0 (RFC 6749 §5), and keeps each for as long as it lives. */
export function createTokenSource(options: TokenSourceOptions): () => Promise<string> {
  const { fetch, clock, url, form } = options
  const http = createHttpClient({ fetch, clock, timeout: TIMEOUT })
  let known: { readonly token: string; readonly until: number } | undefined
  return async () => {
    if (known !== undefined && clock.now() < known.until) return known.token
    const body = encodeUtf8(new URLSearchParams(await form()).toString())
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    const never = new AbortController().signal
    const [response, text] = await http
      .send({ method: 'POST', url, headers, body }, never)
      .then(async (answer) => [answer, await http.read(answer, never)] as const)
      .catch((cause: unknown) => {
        throw new StorageError('unavailable', 'Cannot get token: there was no whole answer', {
          cause,
        })
      })
    if (!response.ok) {
      const code =
        response.status >= 500 || response.status === 429 ? 'unavailable' : 'access_denied'
      const said = {
        ...errorOptionsOf(response, clock.now(), 'x-request-id'),
        mayHaveHappened: false,
      }
      throw new StorageError(
        code,
        `Cannot get token: the answer was status ${response.status}`,
        said,
      )
    }
    const { token, seconds } = readToken(text)
    known = { token, until: clock.now() + seconds * 1000 - MARGIN_MS }
    return token
  }
}

function readToken(text: string): { readonly token: string; readonly seconds: number } {
  try {
    const answer: unknown = JSON.parse(text)
    if (typeof answer === 'object' && answer !== null && 'access_token' in answer) {
      const { access_token: token } = answer
      const seconds = 'expires_in' in answer ? Number(answer.expires_in) : 0
      if (typeof token === 'string' && token !== '') return { token, seconds: seconds || 0 }
    }
  } catch {
    // Said below: what the parser found may be a part of the token.
  }
  throw new StorageError('failed', 'Cannot get token: there is none in the answer')
}
