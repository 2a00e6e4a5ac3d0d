import { checkOptions } from '../../../primitives/check-options.ts'
import type { TracingOptions } from './tracing-options.ts'

const NAMES = [
  'service',
  'sinks',
  'sampler',
  'tail',
  'propagateTo',
  'redact',
  'maxAttributes',
  'maxEvents',
  'onError',
  'platform',
  'context',
  'clock',
  'random',
  'fetch',
] as const

/** @throws TypeError when an option is of another kind or name */
export function checkTracing(action: string, options: TracingOptions): void {
  checkOptions(action, options, [], NAMES)
  const { service, sinks, propagateTo, redact, platform } = options
  const check = (name: string, isRight: boolean, expected: string): void => {
    if (!isRight)
      throw new TypeError(`Cannot ${action}: ${name} is of another kind, ${expected} expected`)
  }
  check('service', service === undefined || typeof service === 'string', 'a text')
  check('sinks', sinks === undefined || isSinks(sinks), 'sinks as [otlp({ url })]')
  const isList = Array.isArray(propagateTo) || typeof propagateTo === 'function'
  check('propagateTo', propagateTo === undefined || isList, 'a list of origins or a function')
  const isRedact = typeof redact === 'object' || redact === 'show-everything'
  check('redact', redact === undefined || isRedact, 'options, a redactor or "show-everything"')
  check('platform', platform === undefined || isFunction(platform, 'enterSpan'), 'a tracing')
  for (const name of ['sampler', 'onError', 'context', 'fetch'] as const)
    check(name, options[name] === undefined || isFunction(options, name), 'a function')
}

function isSinks(sinks: unknown): boolean {
  return Array.isArray(sinks) && sinks.every((sink) => isFunction(sink, 'writeSpan'))
}

function isFunction(value: unknown, name: string): boolean {
  return typeof (value as Readonly<Record<string, unknown>> | null)?.[name] === 'function'
}
