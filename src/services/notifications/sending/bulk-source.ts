import type { BulkMessage } from './bulk.ts'

/** A message in its place. */
export interface NumberedMessage {
  readonly index: number
  readonly message: BulkMessage
}

/** Messages, taken as they are sent. */
export interface BulkSource {
  /** @returns So many; fewer at the end */
  take(most: number): Promise<readonly NumberedMessage[]>
  /** Lets whoever makes them tidy up; who is making one just now is not waited for. */
  close(onError: (error: unknown) => void): Promise<void>
}

/** @throws TypeError when the messages are no list and no iterable */
export function createSource(
  messages: Iterable<BulkMessage> | AsyncIterable<BulkMessage>,
): BulkSource {
  const iterator = iteratorOf(messages)
  let index = 0
  let isOver = false
  let isTaking = false

  async function next(): Promise<IteratorResult<BulkMessage, unknown>> {
    isTaking = true
    try {
      return await iterator.next()
    } catch (error) {
      isOver = true
      throw error
    } finally {
      isTaking = false
    }
  }

  return {
    async take(most) {
      const taken: NumberedMessage[] = []
      while (taken.length < most && !isOver) {
        const { done, value } = await next()
        if (done === true) isOver = true
        else taken.push({ index: index++, message: value })
      }
      return taken
    },
    async close(onError) {
      if (isOver) return
      isOver = true
      const closing = (async () => iterator.return?.())().catch(onError)
      if (!isTaking) await closing
    },
  }
}

function iteratorOf(
  messages: Iterable<BulkMessage> | AsyncIterable<BulkMessage>,
): Iterator<BulkMessage> | AsyncIterator<BulkMessage> {
  const given: unknown = messages
  if (typeof given === 'object' && given !== null) {
    if (Symbol.asyncIterator in messages) return messages[Symbol.asyncIterator]()
    if (Symbol.iterator in messages) return messages[Symbol.iterator]()
  }
  throw new TypeError('Cannot send bulk: the messages are none, a list or an iterable expected')
}
