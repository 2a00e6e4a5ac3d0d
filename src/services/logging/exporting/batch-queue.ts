import { checkOptions } from '../../../primitives/check-options.ts'
import { checkDuration, checkInteger } from '../../../primitives/check-range.ts'
import type { Duration } from '../../../primitives/duration.ts'
import { systemClock, type Clock } from '../../../runtime/ports/platform/clock.ts'
import { systemFetch, type FetchClient } from '../../../runtime/ports/platform/fetch-client.ts'
import { systemRandom, type RandomSource } from '../../../runtime/ports/platform/random-source.ts'
import { ExportError } from './export-error.ts'
import { MAX_ERRORS, type FlushResult } from './flush-result.ts'
import { createTurns } from './create-turns.ts'
import { postBatch, type BatchTarget } from './post-batch.ts'

/** How records wait and are sent; options that every sink over HTTP has. */
export interface BatchOptions {
  /**
   * Records that wait at most, 1 to 1,000,000; further ones are dropped and counted. Default
   * 10,000.
   */
  readonly maxQueued?: number
  /** Records of one request, 1 to 10,000; when so many wait they are sent. Default 500. */
  readonly maxBatch?: number
  /** UTF-16 units of one request's records, 1 to 100,000,000. Default 1,000,000. */
  readonly maxBatchLength?: number
  /** How long a record waits for others, 0 to 1 h; 0: until `flush`. Default 5 s. */
  readonly flushAfter?: Duration
  /** Tries in all while the receiver is away or busy, 1 to 10. Default 3. */
  readonly attempts?: number
  /** Longest time of one try, 1 ms to 5 min. Default 10 s. */
  readonly timeout?: Duration
  /** Keeps a Worker alive while it sends: `(promise) => ctx.waitUntil(promise)`. */
  readonly waitUntil?: ((promise: Promise<unknown>) => void) | undefined
  /** Default: the platform's. */
  readonly fetch?: FetchClient
  readonly clock?: Clock
  readonly random?: RandomSource
}

/** Names of {@link BatchOptions}, for those who check theirs. */
const BATCH_OPTIONS: readonly (keyof BatchOptions)[] = [
  'maxQueued',
  'maxBatch',
  'maxBatchLength',
  'flushAfter',
  'attempts',
  'timeout',
  'waitUntil',
  'fetch',
  'clock',
  'random',
]

/** Longest time for which a receiver that asks for it is left alone. */
const LONGEST_QUIET_MS = 3_600_000

/** Keeps records until they are sent together. */
export interface BatchQueue<Item> {
  /** Never throws. Without room the record is dropped. */
  add(item: Item): void
  /** Sends what waits now. Never rejects, and can be called as often as one likes. */
  flush(): Promise<FlushResult>
}

/**
 * Creates a queue with bounds. On Workers nothing of it outlives the call that flushes: their
 * requests may not wait for one another's.
 *
 * @param encode Writes one record; it may throw, and only that record is lost
 * @throws RangeError when an option is out of range
 */
export function createBatchQueue<Item>(
  action: string,
  target: BatchTarget,
  encode: (item: Item) => string,
  options: BatchOptions,
): BatchQueue<Item> {
  const { clock = systemClock, fetch = systemFetch, random = systemRandom, waitUntil } = options
  const { maxQueued: queued = 10_000, maxBatch: batched = 500, maxBatchLength = 1e6 } = options
  const { flushAfter = 5000, attempts: tries = 3, timeout = 10_000 } = options
  const maxQueued = checkInteger(action, 'maxQueued', queued, 1, 1_000_000)
  const maxBatch = checkInteger(action, 'maxBatch', batched, 1, 10_000)
  const maxLength = checkInteger(action, 'maxBatchLength', maxBatchLength, 1, 1e8)
  const flushAfterMs = checkDuration(action, 'flushAfter', flushAfter, 0, 3_600_000)
  const attempts = checkInteger(action, 'attempts', tries, 1, 10)
  const timeoutMs = checkDuration(action, 'timeout', timeout, 1, 300_000)
  let items: Item[] = []
  /** Written before, and to be sent again. */
  let parts: string[] = []
  let dropped = 0
  /** Of sending that nobody waited for; told by the next flush. */
  let untold: readonly unknown[] = []
  let timerSetAt = -Infinity
  /** Until when the receiver has asked to be left alone, and with what. */
  let quietUntil = 0
  let quiet: readonly unknown[] = []
  const inTurn = createTurns()
  let isPlanned = false

  const send = async (): Promise<void> => {
    isPlanned = true
    const { dropped: lost, errors } = await inTurn(() => {
      isPlanned = false
      return drain()
    })
    dropped += lost
    untold = [...untold, ...errors].slice(0, MAX_ERRORS)
  }
  const inBackground = (): void => {
    try {
      const sent = send()
      waitUntil?.(sent)
    } catch {
      // What is sent may then be cut off, and the caller's request is not to suffer for it.
    }
  }
  const plan = (): void => {
    if (flushAfterMs === 0 || Math.abs(clock.now() - timerSetAt) < 2 * flushAfterMs) return
    try {
      // On Workers a timer dies with its request: one that is overdue is set again.
      timerSetAt = clock.now()
      clock.setTimer(() => {
        timerSetAt = -Infinity
        if (items.length + parts.length > 0) inBackground()
      }, flushAfterMs)
    } catch {
      timerSetAt = -Infinity
    }
  }

  async function drain(): Promise<FlushResult> {
    const errors: unknown[] = [...untold]
    let sent = 0
    let lost = dropped
    dropped = 0
    untold = []
    // A clock may step back: then nothing is known of when.
    const quietMs = quietUntil - clock.now()
    if (quietMs > 0 && quietMs <= LONGEST_QUIET_MS && items.length + parts.length > 0)
      return { sent, dropped: lost, errors: [...errors, ...quiet].slice(0, MAX_ERRORS) }
    const taken = items
    const again = parts
    items = []
    parts = []
    for (const item of taken) {
      try {
        again.push(encode(item))
      } catch (cause) {
        lost++
        errors.push(
          new ExportError('not_encodable', `Cannot ${action}: a record cannot be encoded`, {
            cause,
          }),
        )
      }
    }
    let isAway = false
    for (const batch of divided(again, maxBatch, maxLength)) {
      let kept = batch
      if (!isAway) {
        const outcome = await postBatch(batch, target, {
          fetch,
          clock,
          random,
          attempts,
          timeoutMs,
        })
        sent += outcome.sent
        lost += outcome.lost
        errors.push(...outcome.errors)
        kept = outcome.kept
        isAway = outcome.isAway
        if (isAway) {
          quietUntil = clock.now() + Math.min(outcome.quietMs, LONGEST_QUIET_MS)
          quiet = outcome.errors
        }
      }
      const room = Math.max(0, maxQueued - items.length - parts.length)
      parts.push(...kept.slice(0, room))
      lost += Math.max(0, kept.length - room)
    }
    return { sent, dropped: lost, errors: errors.slice(0, MAX_ERRORS) }
  }

  return {
    add(item) {
      if (items.length + parts.length >= maxQueued) {
        dropped++
        return
      }
      items.push(item)
      if (items.length < maxBatch || flushAfterMs === 0) plan()
      else if (!isPlanned) inBackground()
    },
    flush: () => inTurn(drain),
  }
}

/** Checks the options of a sink that has others of its own besides. */
export function checkBatchOptions<Options extends BatchOptions>(
  action: string,
  options: Options,
  required: readonly (keyof Options & string)[],
  optional: readonly (keyof Options & string)[],
): void {
  checkOptions(action, options, required, [...optional, ...BATCH_OPTIONS])
}

function* divided(
  parts: readonly string[],
  maxBatch: number,
  maxLength: number,
): Generator<readonly string[]> {
  let batch: string[] = []
  let length = 0
  for (const part of parts) {
    if (batch.length >= maxBatch || (batch.length > 0 && length + part.length > maxLength)) {
      yield batch
      batch = []
      length = 0
    }
    batch.push(part)
    length += part.length
  }
  if (batch.length > 0) yield batch
}
