/** One side of a comparison. */
export interface Contender {
  readonly name: string
  /** Does the same work as every other contender, once. @returns Operations a second, or what the comparison's `unit` says */
  round(): Promise<number>
}

/** What {@link compare} runs. */
export interface Comparison {
  readonly title: string
  /** What is done, with payload, counts and durability: the reader must be able to tell what was compared. */
  readonly setting: string
  /** Ours first; the others are measured in the same rounds. */
  readonly contenders: readonly [Contender, Contender, ...Contender[]]
  /** The ratio that ours is to reach against the second contender, or not to exceed where less is better. */
  readonly target: number
  /** What the figures are. Default `a second`. */
  readonly unit?: string
  /** Default `more`. */
  readonly better?: 'more' | 'less'
  /** Measured rounds after one that warms up. Default 7. */
  readonly rounds?: number
}

/** Several comparisons that are set up together. */
export interface Comparisons {
  readonly comparisons: readonly Comparison[]
  tearDown(): Promise<void>
}

/** The figures of one comparison. */
export interface Outcome {
  readonly title: string
  readonly setting: string
  readonly unit: string
  readonly rows: readonly {
    readonly name: string
    readonly median: number
    readonly least: number
    readonly most: number
  }[]
  /** Ours over the anchor, round by round; the median of those. */
  readonly ratio: number
  readonly leastRatio: number
  readonly mostRatio: number
  readonly target: number
  /** `unsure` when the anchor itself varied by more than {@link MOST_SPREAD}. */
  readonly verdict: 'reached' | 'missed' | 'unsure'
}

/** The anchor's most over its least: above this the machine is too restless for a verdict. */
export const MOST_SPREAD = 1.5

/** Runs the contenders in turn, round by round, so that whatever disturbs the machine disturbs all of them. */
export async function compare({
  title,
  setting,
  contenders,
  target,
  unit = 'a second',
  better = 'more',
  rounds = 7,
}: Comparison): Promise<Outcome> {
  const rates = contenders.map((): number[] => [])
  for (let round = -1; round < rounds; round++) {
    for (const [index, contender] of contenders.entries()) {
      const rate = await contender.round()
      if (round >= 0) rates[index]?.push(rate)
    }
  }
  const [ours = [], anchor = []] = rates
  const ratios = ours.map((rate, index) => rate / (anchor[index] ?? Number.NaN))
  const spread = Math.max(...anchor) / Math.min(...anchor)
  const ratio = median(ratios)
  const reached = better === 'more' ? ratio >= target : ratio <= target
  return {
    title,
    setting,
    unit,
    rows: contenders.map(({ name }, index) => {
      const own = rates[index] ?? []
      return { name, median: median(own), least: Math.min(...own), most: Math.max(...own) }
    }),
    ratio,
    leastRatio: Math.min(...ratios),
    mostRatio: Math.max(...ratios),
    target,
    verdict: spread > MOST_SPREAD ? 'unsure' : reached ? 'reached' : 'missed',
  }
}

/** Measures `act` as operations a second. */
export async function rateOf(operations: number, act: () => Promise<void>): Promise<number> {
  const startedAt = performance.now()
  await act()
  return (operations * 1000) / (performance.now() - startedAt)
}

/** The value in the middle, or between the two that are. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2
}
