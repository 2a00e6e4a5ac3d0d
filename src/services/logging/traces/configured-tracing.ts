import { NotConfiguredError } from '../../../runtime/ports/not-configured-error.ts'
import { TracingService } from './tracing-service.ts'
import type { TracingOptions } from './tracing-options.ts'
import type { Attributes, Span } from './span.ts'

let configured: TracingService | undefined

/**
 * Chooses what `startTrace` and `trace` act on, once for the program.
 *
 * @param tracing A service or its options; `undefined` takes the choice back
 * @returns What was chosen
 *
 * @example
 * configureTracing({ service: 'shop', sampler: ratioSampler(0.1) })
 * using span = startTrace('charge card', { orderId: 'order-42' })
 */
export function configureTracing(tracing: TracingService | TracingOptions): TracingService
export function configureTracing(tracing: undefined): undefined
export function configureTracing(
  tracing: TracingService | TracingOptions | undefined,
): TracingService | undefined {
  configured =
    tracing === undefined || tracing instanceof TracingService
      ? tracing
      : new TracingService(tracing)
  return configured
}

/**
 * Begins a span that `end()`, or `using`, ends: a part of the one that is open, else a trace.
 *
 * @throws NotConfiguredError before `configureTracing`
 * @example
 * ```ts
 * const span = startTrace('payment.process')
 * // …
 * span.end()
 * ```
 */
export function startTrace(name: string, attributes?: Attributes): Span {
  return configuredTracing('start trace').startTrace(name, attributes)
}

/**
 * Runs `act` within a span of its own, which ends with it. What it throws is noted and thrown on.
 *
 * @throws NotConfiguredError before `configureTracing`
 * @example
 * ```ts
 * const user = await trace('db.query', { table: 'users' }, async (span) => db.find(id))
 * ```
 */
export function trace<Result>(name: string, act: (span: Span) => Result): Result
export function trace<Result>(
  name: string,
  attributes: Attributes,
  act: (span: Span) => Result,
): Result
export function trace<Result>(
  name: string,
  given: Attributes | ((span: Span) => Result),
  act?: (span: Span) => Result,
): Result {
  const tracing = configuredTracing('trace')
  if (typeof given === 'function') return tracing.trace(name, given)
  if (act === undefined)
    throw new TypeError('Cannot trace: the last argument is no function, one expected')
  return tracing.trace(name, given, act)
}

function configuredTracing(action: string): TracingService {
  if (configured !== undefined) return configured
  throw new NotConfiguredError(action, 'configureTracing({ service, sinks })')
}
