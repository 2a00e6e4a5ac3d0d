import { readBytes } from '../../../primitives/read-bytes.ts'
import { runWithin } from '../../../primitives/run-within.ts'
import type { Clock } from '../../../runtime/ports/platform/clock.ts'
import type { FetchClient } from '../../../runtime/ports/platform/fetch-client.ts'
import { WebhookVerificationError } from '../webhook-verification-error.ts'

/** What {@link fetchText} sends with. */
export interface FetchTextTools {
  readonly fetch: FetchClient
  readonly clock: Clock
}

/** Longest answer that is read, bytes: a chain of certificates has some 6,000. */
const MAX_BYTES = 65_536

/** How long a vendor may take to answer, ms: its own delivery waits meanwhile. */
const TIMEOUT_MS = 5000

/**
 * Asks a vendor for what is needed to check its signature. Redirects are not followed.
 *
 * @returns The body of an answer with status 200
 * @throws WebhookVerificationError `key_unavailable` when there is none in time
 */
export async function fetchText(
  { fetch, clock }: FetchTextTools,
  url: string,
  init: RequestInit = {},
): Promise<string> {
  try {
    const late = (): Error => new Error(`No answer within ${TIMEOUT_MS} ms`)
    const never = new AbortController().signal
    return await runWithin(clock, TIMEOUT_MS, never, late, async (signal) => {
      // Never 'error': workerd throws on it before it sends anything.
      const response = await fetch(url, { ...init, redirect: 'manual', signal })
      if (response.status !== 200) {
        await response.body?.cancel()
        throw new Error(`Status ${response.status}`)
      }
      const bytes = response.body && (await readBytes(response.body, MAX_BYTES, signal))
      if (bytes === null) throw new Error(`No body, or more than ${MAX_BYTES} bytes`)
      return new TextDecoder().decode(bytes)
    })
  } catch (cause) {
    throw new WebhookVerificationError('key_unavailable', undefined, { cause })
  }
}
