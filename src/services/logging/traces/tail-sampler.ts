import { checkDuration, checkInteger, checkNumber } from '../../../primitives/check-range.ts'
import { checkOptions } from '../../../primitives/check-options.ts'
import type { SpanRecord } from './span.ts'
import type { TailSampling } from './tracing-options.ts'

/** Holds the spans of each trace until its part here has ended. */
export interface TailSampler {
  /** @param root Stands for the trace's part here */
  add(record: SpanRecord, root: object): void
  /** Tells that the first span of the part has ended, and no more will come. */
  end(root: object): void
}

const NOTHING = { spans: [], failed: false, startMs: 0, endMs: 0 }

/** Spans of a trace that wait for its end. */
interface Waiting {
  readonly spans: SpanRecord[]
  failed: boolean
  startMs: number
  endMs: number
}

/**
 * Keeps the traces that failed or were slow. What is held has bounds, and what never ends is
 * decided on when others need the room.
 *
 * @throws RangeError when an option is out of range
 */
export function createTailSampler(
  options: TailSampling,
  keep: (record: SpanRecord) => void,
): TailSampler {
  const action = 'create tracing'
  checkOptions(action, options, [], ['errors', 'slowerThan', 'share', 'maxSpans', 'maxTraces'])
  const { errors = true, slowerThan } = options
  const slowMs =
    slowerThan === undefined
      ? Infinity
      : checkDuration(action, 'tail.slowerThan', slowerThan, 0, Number.MAX_SAFE_INTEGER)
  const { share: given = 0, maxSpans: spans = 1000, maxTraces: traces = 1000 } = options
  const share = checkNumber(action, 'tail.share', given, 0, 1)
  const maxSpans = checkInteger(action, 'tail.maxSpans', spans, 1, 100_000)
  const maxTraces = checkInteger(action, 'tail.maxTraces', traces, 1, 100_000)
  const waiting = new Map<object, Waiting>()
  /** What became of parts that ended: spans of work after the answer come later. */
  const kept = new WeakMap<object, boolean>()

  const isKept = (traceId: string, failed: boolean, ms: number): boolean =>
    (errors && failed) || ms > slowMs || Number.parseInt(traceId.slice(-13), 16) / 2 ** 52 < share

  function decide(root: object): boolean {
    const { spans, failed, startMs, endMs } = waiting.get(root) ?? NOTHING
    waiting.delete(root)
    const isWorth = isKept(spans[0]?.traceId ?? '', failed, endMs - startMs)
    if (isWorth) {
      kept.set(root, true)
      spans.forEach(keep)
    }
    return isWorth
  }

  return {
    add(record, root) {
      const decided = kept.get(root)
      if (decided !== undefined) {
        const { traceId, status, startMs, endMs } = record
        // Alone it still says what went wrong.
        if (decided || isKept(traceId, status === 'error', endMs - startMs)) keep(record)
        return
      }
      let trace = waiting.get(root)
      if (trace === undefined) {
        if (waiting.size >= maxTraces) {
          const [oldest] = waiting.keys()
          if (oldest !== undefined) decide(oldest)
        }
        trace = { spans: [], failed: false, startMs: record.startMs, endMs: record.endMs }
        waiting.set(root, trace)
      }
      trace.failed ||= record.status === 'error'
      trace.startMs = Math.min(trace.startMs, record.startMs)
      trace.endMs = Math.max(trace.endMs, record.endMs)
      if (trace.spans.length < maxSpans) trace.spans.push(record)
    },
    end(root) {
      kept.set(root, decide(root))
    },
  }
}
