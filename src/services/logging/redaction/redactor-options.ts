import { checkOptions } from '../../../primitives/check-options.ts'
import { checkInteger } from '../../../primitives/check-range.ts'
import type { PlainLimits } from '../values/value-rules.ts'
import type { ReplaceOptions } from './redaction-mode.ts'

/** Options of `createRedactor` and `redactPII`. */
export interface RedactorOptions extends ReplaceOptions, Partial<PlainLimits> {
  /**
   * `default`: secrets, and what says who someone is by itself. `hipaa`: also what Safe Harbor
   * lists besides, such as dates, towns and URLs. Default `default`.
   */
  readonly preset?: 'default' | 'hipaa'
  /**
   * Further names that hide their values, in any case and shape: `internalNote` is `internal_note`
   * too.
   */
  readonly keys?: readonly string[]
  /** Names whose values are shown as they are, whatever they hold. */
  readonly allow?: readonly string[]
  /** Further rules by their name. They must take linear time. */
  readonly patterns?: Readonly<Record<string, RegExp>>
  /** Rules that are left out, as `['ip']`. */
  readonly except?: readonly string[]
  /** Objects within objects that are followed, 1 to 1,000. Default 64. */
  readonly maxDepth?: number
  /** Values of one call that are copied, the rest is left out; 1 to 10,000,000. Default 100,000. */
  readonly maxValues?: number
  /** UTF-16 units of one text, the rest is cut off; 1 to 16,777,216. Default 1,048,576. */
  readonly maxTextLength?: number
}

const CREATE = 'create redactor'
const NAMES = [
  'preset',
  'keys',
  'allow',
  'patterns',
  'except',
  'mode',
  'hash',
  'onToken',
  'maxDepth',
  'maxValues',
  'maxTextLength',
] as const

/**
 * @throws TypeError when an option is of another kind or name
 * @throws RangeError when a number is out of range
 */
export function checkRedactorOptions(options: RedactorOptions): PlainLimits {
  checkOptions(CREATE, options, [], NAMES)
  const { preset, keys, allow, except, patterns = {} } = options
  const { maxDepth = 64, maxValues = 100_000, maxTextLength = 2 ** 20 } = options
  if (preset !== undefined && preset !== 'default' && preset !== 'hipaa')
    throw new TypeError(
      `Cannot ${CREATE}: preset is ${JSON.stringify(preset)}, "default" or "hipaa" expected`,
    )
  for (const [name, list] of Object.entries({ keys, allow, except }))
    if (!(list ?? []).every?.((item) => typeof item === 'string' && item !== ''))
      throw new TypeError(`Cannot ${CREATE}: ${name} is no list of names, one expected`)
  for (const [name, pattern] of Object.entries(patterns))
    if (!(pattern instanceof RegExp))
      throw new TypeError(`Cannot ${CREATE}: patterns.${name} is no RegExp, one expected`)
  return {
    maxDepth: checkInteger(CREATE, 'maxDepth', maxDepth, 1, 1000),
    maxValues: checkInteger(CREATE, 'maxValues', maxValues, 1, 10_000_000),
    maxTextLength: checkInteger(CREATE, 'maxTextLength', maxTextLength, 1, 2 ** 24),
  }
}
