import { durationMs, type Duration } from '../primitives/duration.ts'
import type { OptionName } from './options.ts'
import { UsageError } from './usage-error.ts'

/** What the command line says of options, read as a command wants them. */
export interface GivenOptions {
  has(name: OptionName): boolean
  text(name: OptionName): string | undefined
  /** Every value of an option that may stand there several times. */
  texts(name: OptionName): readonly string[]
  choice<Choice extends string>(name: OptionName, choices: readonly Choice[]): Choice | undefined
  choices<Choice extends string>(name: OptionName, choices: readonly Choice[]): readonly Choice[]
  integer(name: OptionName, least: number, most: number): number | undefined
  /** A length of time, ms. */
  duration(name: OptionName, leastMs: number, mostMs: number): number | undefined
  /** A moment, ms since 1970: `2h` is two hours ago. */
  instant(name: OptionName): number | undefined
}

const DATE = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d))?$/

/** @param now ms since 1970. Every reading throws UsageError where the value is another. */
export function createGivenOptions(
  values: ReadonlyMap<OptionName, readonly string[]>,
  now: number,
): GivenOptions {
  const texts = (name: OptionName): readonly string[] => values.get(name) ?? []
  function text(name: OptionName): string | undefined {
    const [first, ...more] = texts(name)
    if (more.length > 0) throw refusal(name, 'it is there twice, once expected')
    return first
  }
  function chosen<Choice extends string>(
    name: OptionName,
    given: string,
    choices: readonly Choice[],
  ): Choice {
    const found = choices.find((choice) => choice === given)
    if (found !== undefined) return found
    throw refusal(name, `one of ${choices.join(', ')} expected`)
  }
  return {
    ...{ text, texts },
    has: (name) => values.has(name),
    choice(name, choices) {
      const given = text(name)
      return given === undefined ? undefined : chosen(name, given, choices)
    },
    choices: (name, choices) => texts(name).map((given) => chosen(name, given, choices)),
    integer(name, least, most) {
      const given = text(name)
      if (given === undefined) return undefined
      const value = /^\d{1,16}$/.test(given) ? Number(given) : NaN
      if (value >= least && value <= most) return value
      throw refusal(name, `a whole number from ${least} to ${most} expected`)
    },
    duration(name, leastMs, mostMs) {
      const given = text(name)
      if (given === undefined) return undefined
      const ms = msOf(given)
      if (ms >= leastMs && ms <= mostMs) return ms
      throw refusal(name, 'a number with its unit expected, as 30s, 5m, 2h or 1d, in its bounds')
    },
    instant(name) {
      const given = text(name)
      if (given === undefined) return undefined
      const at = /^\d{1,16}$/.test(given) ? Number(given) : instantOf(given, now)
      if (at >= 0 && at <= 8.64e15) return at
      throw refusal(name, '2h for two hours ago, a date in ISO 8601 or ms since 1970 expected')
    },
  }
}

function instantOf(text: string, now: number): number {
  return DATE.test(text) ? Date.parse(text) : Math.max(0, now - msOf(text))
}

/** @returns NaN where it is no duration with a unit */
function msOf(text: string): number {
  try {
    // It is read as one or refused.
    return durationMs(text as Duration)
  } catch {
    return NaN
  }
}

function refusal(name: OptionName, message: string): UsageError {
  return new UsageError(`Cannot use --${name}: ${message}`)
}
