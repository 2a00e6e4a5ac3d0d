import { checkNumber } from '../../../primitives/check-range.ts'
import type { TraceContext } from './trace-parent.ts'
import type { Attributes, SpanKind } from './span.ts'

/** What a sampler decides on. */
export interface SpanCandidate {
  readonly traceId: string
  readonly name: string
  readonly kind: SpanKind
  readonly attributes: Attributes
  /** What it is a part of; `undefined` for the first span of a trace. */
  readonly parent: TraceContext | undefined
}

/** Decides whether a span is recorded, and whoever it calls told so. */
export type Sampler = (candidate: SpanCandidate) => boolean

/**
 * Records a share of the traces, the same ones on every machine: what the id's last 7 bytes say.
 *
 * @param share 0 to 1
 * @throws RangeError when it is out of range
 *
 * @example
 * const tracing = new TracingService({ service: 'shop', sampler: ratioSampler(0.1) })
 */
export function ratioSampler(share: number): Sampler {
  checkNumber('create sampler', 'share', share, 0, 1)
  // 13 digits are 52 bits, which a number holds.
  return ({ traceId }) => Number.parseInt(traceId.slice(-13), 16) / 2 ** 52 < share
}

/**
 * Does as whoever called does; `root` decides where nobody did. Default: all are recorded.
 *
 * @example
 * const sampler = parentSampler(ratioSampler(0.1))
 */
export function parentSampler(root: Sampler = () => true): Sampler {
  return (candidate) => candidate.parent?.sampled ?? root(candidate)
}
