import { format } from 'node:util'
import { expect, test } from 'vitest'

/** What a mistake in a program, or in its configuration, hands over instead of a number. */
const ODD = [NaN, -Infinity, -1, null, '', '5', 'soon', '-1s', {}, [], true, 5n]

/** What no option of a kind may be, besides. */
const ODD_OF = {
  count: [Infinity, 1e300, 1.5, '1s'],
  duration: [Infinity, 1e300, 1.5],
  share: [Infinity, 1e300, 1.5, '1s'],
  rate: [0, '1s'],
  weight: [Infinity, 1e300, '1s'],
} as const

type Kind = keyof typeof ODD_OF

/** A function of a door, with those of its options that are numbers. */
export interface Numeric {
  readonly name: string
  /** `a.b` is option `b` of option `a`. */
  readonly options: Readonly<Record<string, Kind>>
  call(options: object): unknown
}

/** Options that must be there for another one, by the option whose part that is. */
const AROUND: Readonly<Record<string, object>> = {
  backoff: { type: 'exponential' },
  deduplication: { id: 'd' },
  rateLimit: { limit: 1, window: '1s' },
}

/**
 * Tests that each door refuses, with a sentence of ours, what its options cannot mean.
 *
 * @param isAbsent What counts as left out. Default: nothing but `undefined`
 */
export function testOptionRanges(
  table: readonly Numeric[],
  isAbsent: (value: unknown) => boolean = () => false,
): void {
  const cases = table.flatMap(({ name, options, call }) =>
    Object.entries(options).map(([option, kind]) => ({ name, option, kind, call })),
  )

  test.for(cases)('$name refuses odd values of $option', async ({ option, kind, call }) => {
    for (const value of [...ODD, ...ODD_OF[kind]]) {
      if (isTaken(option, value) || isAbsent(value)) continue
      const refused = await refusalOf(() => call(optionsOf(option, value)))
      expect(refused, format('%s', value)).toBeInstanceOf(Error)
      // A sentence of ours, and not what the language says of a missing method.
      expect(String(refused), format('%s', value)).toMatch(REFUSAL)
    }
  })

  test.for(table)(
    '$name refuses an option that it does not know',
    async ({ name, options, call }) => {
      const [first = ''] = Object.keys(options)
      if (Object.keys(options).length === 1 && POSITIONAL.has(name)) return
      const given = { [`${first.split('.')[0]}Ms`]: 1 }
      const refused = await refusalOf(() => call(given))
      expect(refused).toBeInstanceOf(Error)
      expect(String(refused)).toContain('is not known')
    },
  )
}

const REFUSAL =
  /^(Media|Notification|Payment|Range|RateLimited|Scan|Schedule|Storage|Type|Webhook)Error: Cannot [a-z]/

/** Their number is an argument, not an option. */
const POSITIONAL = new Set(['JobQueue.purge()', 'nextRuns()', 'saga() of a version'])

/** Says what was thrown, or rejected with. */
async function refusalOf(act: () => unknown): Promise<unknown> {
  try {
    await act()
    return null
  } catch (error) {
    return error
  }
}

/** Where a number is not the only thing that an option can be. */
function isTaken(option: string, value: unknown): boolean {
  if (option === 'backoff') return typeof value === 'object' && value !== null
  // A BullMQ worker keeps all for -1.
  return option === 'removeOnComplete.count' && value === 0
}

function optionsOf(option: string, value: unknown): object {
  const [name = '', ...rest] = option.split('.')
  if (rest.length === 0) return { [name]: value }
  return { [name]: { ...AROUND[name], ...optionsOf(rest.join('.'), value) } }
}
