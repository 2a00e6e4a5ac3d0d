import type {
  MessageBatchLike,
  MessageLike,
  QueueLike,
} from '../../src/runtime/engines/cloudflare-queues/index.ts'
import { createFakeClock, type FakeClock } from '../../src/testing/fake-clock.ts'

/** A queue of Cloudflare's with one consumer, on a clock that only {@link advance} moves. */
export interface LocalQueue extends QueueLike {
  readonly clock: FakeClock
  /** Every message sent, with its delay. */
  readonly sent: readonly { readonly body: unknown; readonly delaySeconds: number }[]
  /** What became of each message delivered, in order: `ack`, or `retry` with its delay. */
  readonly settled: readonly string[]
  /** Bodies of the messages that were retried too often. */
  readonly deadLetters: readonly unknown[]
  /** Messages that wait for their delivery. */
  waiting(): number
  /** Lets time pass, and waits for every batch due by then. */
  advance(ms: number): Promise<void>
}

/** What {@link createLocalQueue} may be told. */
export interface LocalQueueOptions {
  readonly consume: (batch: MessageBatchLike) => Promise<void>
  readonly clock?: FakeClock
  /** Default 100. */
  readonly batchSize?: number
  /** Default 3. */
  readonly maxRetries?: number
}

interface QueuedMessage {
  readonly id: string
  readonly text: string
  at: number
  attempts: number
}

/** Keeps to https://developers.cloudflare.com/queues/configuration/: at least once, the first of ack and retry counts. */
export function createLocalQueue(options: LocalQueueOptions): LocalQueue {
  const { consume, clock = createFakeClock(), batchSize = 100, maxRetries = 3 } = options
  const sent: { readonly body: unknown; readonly delaySeconds: number }[] = []
  const settled: string[] = []
  const deadLetters: unknown[] = []
  let waiting: QueuedMessage[] = []

  function retry(message: QueuedMessage, delaySeconds: number): void {
    settled.push(`retry ${delaySeconds}`)
    if (message.attempts > maxRetries) deadLetters.push(JSON.parse(message.text))
    else waiting.push({ ...message, at: clock.now() + delaySeconds * 1000 })
  }

  async function deliver(batch: readonly QueuedMessage[]): Promise<void> {
    const open = new Set(batch)
    const messages = batch.map((message): MessageLike => {
      message.attempts++
      const settle = (how: () => void): void => {
        if (open.delete(message)) how()
      }
      return {
        id: message.id,
        body: JSON.parse(message.text) as unknown,
        attempts: message.attempts,
        ack: () => settle(() => settled.push('ack')),
        retry: ({ delaySeconds = 0 } = {}) => settle(() => retry(message, delaySeconds)),
      }
    })
    let failed = false
    try {
      await consume({ messages })
    } catch {
      failed = true
    }
    // What the handler did not settle is acknowledged, or retried where it threw.
    for (const message of open) {
      if (failed) retry(message, 0)
      else settled.push('ack')
    }
  }

  return {
    clock,
    sent,
    settled,
    deadLetters,
    waiting: () => waiting.length,
    async send(body, { delaySeconds }) {
      if (!Number.isInteger(delaySeconds) || delaySeconds < 0 || delaySeconds > 43_200)
        throw new Error(`Queue send failed: delaySeconds is ${delaySeconds}`)
      const text = JSON.stringify(body)
      if (text.length > 128_000) throw new Error('Queue send failed: message too large')
      sent.push({ body, delaySeconds })
      waiting.push({
        id: String(sent.length),
        text,
        at: clock.now() + delaySeconds * 1000,
        attempts: 0,
      })
    },
    async advance(ms) {
      const end = clock.now() + ms
      for (;;) {
        const next = waiting.toSorted((a, b) => a.at - b.at)[0]
        if (next === undefined || next.at > end) break
        await clock.advance(Math.max(next.at - clock.now(), 0))
        const batch = waiting.filter(({ at }) => at <= clock.now()).slice(0, batchSize)
        waiting = waiting.filter((message) => !batch.includes(message))
        await deliver(batch)
      }
      await clock.advance(Math.max(end - clock.now(), 0))
    },
  }
}
