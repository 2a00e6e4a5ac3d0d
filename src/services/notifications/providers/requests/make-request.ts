import { readBytes } from '../../../../primitives/read-bytes.ts'
import { parseRetryAfter } from '../../../../primitives/retry-after.ts'
import type { ProviderContext } from '../provider.ts'
import { networkError, type ProviderAnswer, type ProviderRequest } from './ask-provider.ts'
import { wasNeverSent } from './was-never-sent.ts'

const MOST_ANSWER_BYTES = 262_144

/** What `askProvider` does. */
export async function makeRequest(
  provider: string,
  { url, headers = {}, body, init }: ProviderRequest,
  { fetch, signal, clock }: ProviderContext,
): Promise<ProviderAnswer> {
  let response: Response
  if (signal.aborted) throw networkError(provider, 'unavailable', signal.reason)
  try {
    // A redirect is no answer that these vendors give; followed, it would carry the credentials
    // elsewhere.
    response = await fetch(url, {
      method: 'POST',
      redirect: 'manual',
      signal,
      ...init,
      headers,
      body,
    })
  } catch (cause) {
    throw networkError(provider, wasNeverSent(cause) ? 'unavailable' : 'ambiguous', cause)
  }
  const text = await readText(response, signal)
  const wait = response.headers.get('retry-after')
  return {
    status: response.status,
    ok: response.status >= 200 && response.status < 300,
    headers: response.headers,
    retryAfterMs: wait === null ? null : parseRetryAfter(wait, clock.now()),
    text,
    json: parse(text),
  }
}

/** An answer that breaks off has said its status, and that is what counts. */
async function readText({ body }: Response, signal: AbortSignal): Promise<string> {
  if (body === null) return ''
  try {
    const bytes = await readBytes(body, MOST_ANSWER_BYTES, signal)
    return bytes === null ? '' : new TextDecoder().decode(bytes)
  } catch {
    return ''
  }
}

function parse(text: string): unknown {
  // Many answers are empty, and to throw costs more than to ask.
  if (text === '') return null
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
