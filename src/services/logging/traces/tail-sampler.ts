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

  function decide(root: object): void {
    const trace = waiting.get(root)
    if (trace === undefined) return
    waiting.delete(root)
    const { spans, failed, startMs, endMs } = trace
    const chance = Number.parseInt(spans[0]?.traceId.slice(-13) ?? '', 16) / 2 ** 52
    if ((errors && failed) || endMs - startMs > slowMs || chance < share) spans.forEach(keep)
  }

  return {
    add(record, root) {
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
    end: decide,
  }
}
