import type { Json } from '../../ports/json.ts'

/** What is called of a queue's producer binding. */
export interface QueueLike {
  send(
    body: Json,
    options: { readonly contentType: 'json'; readonly delaySeconds: number },
  ): Promise<unknown>
}

/** What is read and called of a batch that a Worker's `queue` handler gets. */
export interface MessageBatchLike {
  readonly messages: readonly MessageLike[]
}

/** What is read and called of one message. */
export interface MessageLike {
  readonly id: string
  readonly body: unknown
  /** 1 on the first delivery. */
  readonly attempts: number
  ack(): void
  retry(options?: { readonly delaySeconds?: number }): void
}

/**
 * The longest delay of a message, to send and to retry: 12 hours
 * (https://developers.cloudflare.com/queues/platform/limits/).
 */
export const MAX_DELAY_S = 43_200
