import { JOB_LIMITS } from '../../ports/job-store/job-limits.ts'

/** How QStash is to deliver a message. */
export interface Delivery {
  /** Rounded up to whole seconds. */
  readonly delayMs?: number
  readonly retries?: number | undefined
  readonly deduplicationId?: string | undefined
}

/**
 * The request headers that say so (https://upstash.com/docs/qstash/api-reference/messages/publish-a-message).
 *
 * @throws RangeError when something is out of range
 */
export function deliveryHeaders({
  delayMs = 0,
  retries,
  deduplicationId,
}: Delivery): Readonly<Record<string, string>> {
  if (!(delayMs >= 0 && delayMs <= JOB_LIMITS.delayMs))
    throw new RangeError(
      `Cannot send through QStash: delay is ${delayMs} ms, 0 to ${JOB_LIMITS.delayMs} allowed`,
    )
  if (retries !== undefined && !(Number.isInteger(retries) && retries >= 0 && retries <= 100))
    throw new RangeError(
      `Cannot send through QStash: retries is ${retries}, an integer from 0 to 100 expected`,
    )
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
