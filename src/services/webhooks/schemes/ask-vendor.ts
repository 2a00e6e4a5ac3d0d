import { readBytes } from '../../../primitives/read-bytes.ts'
import { runWithin } from '../../../primitives/run-within.ts'
import type { Clock } from '../../../runtime/ports/platform/clock.ts'
import type { FetchClient } from '../../../runtime/ports/platform/fetch-client.ts'
import { WebhookVerificationError } from '../webhook-verification-error.ts'

/** What {@link askVendor} sends with. */
export interface VendorTools {
  readonly fetch: FetchClient
  readonly clock: Clock
}

/** What a vendor answered. */
export interface VendorAnswer {
  readonly status: number
  /** The body of an answer with status 200, else nothing. */
  readonly text: string
}

/** Longest answer that is read, bytes: a chain of certificates has some 6,000. */
const MAX_BYTES = 65_536

/** How long a vendor may take to answer, ms: its own delivery waits meanwhile. */
export const VENDOR_TIMEOUT_MS = 5000

/**
 * Asks a vendor for what is needed to check its signature. Redirects are not followed.
 *
 * @throws WebhookVerificationError `key_unavailable` when there is no answer in time
 */
export async function askVendor(
  { fetch, clock }: VendorTools,
  url: string,
  init: RequestInit = {},
): Promise<VendorAnswer> {
  try {
    const late = (): Error => new Error(`No answer within ${VENDOR_TIMEOUT_MS} ms`)
    const never = new AbortController().signal
    return await runWithin(clock, VENDOR_TIMEOUT_MS, never, late, async (signal) => {
      // Never 'error': workerd throws on it before it sends anything.
      const { status, body } = await fetch(url, { ...init, redirect: 'manual', signal })
      if (status !== 200) {
        await body?.cancel()
        return { status, text: '' }
      }
      const bytes = body && (await readBytes(body, MAX_BYTES, signal))
      if (bytes === null) throw new Error(`No body, or more than ${MAX_BYTES} bytes`)
      return { status, text: new TextDecoder().decode(bytes) }
    })
  } catch (cause) {
    throw unavailable(cause)
  }
}

/** What cannot be told now, and why: the sender should try again. */
export function unavailable(cause: unknown): WebhookVerificationError {
  return new WebhookVerificationError('key_unavailable', undefined, { cause })
}

/**
 * @returns What an answer with status 200 holds
 * @throws WebhookVerificationError `key_unavailable`
 */
export function textOf({ status, text }: VendorAnswer): string {
  if (status === 200) return text
  throw unavailable(new Error(`Status ${status}`))
}
