import { BackendError } from '../../ports/backend-error.ts'
import type { Json } from '../../ports/json.ts'
import type { QueueLike } from './queue-binding.ts'

/**
 * Sends one message. Its delay is always said, so that the queue's own default does not apply.
 *
 * @throws BackendError
 */
export async function sendMessage(
  queue: QueueLike,
  body: Json,
  delaySeconds: number,
): Promise<void> {
  try {
    await queue.send(body, { contentType: 'json', delaySeconds })
  } catch (cause) {
    const busy = cause instanceof Error && /too many requests|overloaded|429/i.test(cause.message)
    throw new BackendError(
      busy ? 'backend_overloaded' : 'backend_unavailable',
      'Cannot send to Cloudflare Queues: the queue did not take the message',
      { cause },
    )
  }
}
