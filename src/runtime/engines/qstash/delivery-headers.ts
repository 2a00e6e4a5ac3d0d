import { checkInteger, checkNumber } from '../../../primitives/check-range.ts'
import { JOB_LIMITS } from '../../ports/job-store/job-limits.ts'

/** How QStash is to deliver a message. */
export interface Delivery {
  /** Rounded up to whole seconds. */
  readonly delayMs?: number
  readonly retries?: number | undefined
  readonly deduplicationId?: string | undefined
}

const SEND = 'send through QStash'

/**
 * The request headers that say so
 * (https://upstash.com/docs/qstash/api-reference/messages/publish-a-message).
 *
 * @throws RangeError when something is out of range
 */
export function deliveryHeaders({
  delayMs = 0,
  retries,
  deduplicationId,
}: Delivery): Readonly<Record<string, string>> {
  checkNumber(SEND, 'delay', delayMs, 0, JOB_LIMITS.delayMs)
  if (retries !== undefined) checkInteger(SEND, 'retries', retries, 0, 100)
  if (deduplicationId !== undefined && !/^[\x21-\x7e]{1,256}$/.test(deduplicationId))
    throw new RangeError(
      'Cannot send through QStash: deduplicationId is not 1 to 256 printable characters without spaces, as it must be',
    )
  return {
    ...(delayMs > 0 && { 'upstash-delay': `${Math.ceil(delayMs / 1000)}s` }),
    ...(retries !== undefined && { 'upstash-retries': String(retries) }),
    ...(deduplicationId !== undefined && { 'upstash-deduplication-id': deduplicationId }),
  }
}
