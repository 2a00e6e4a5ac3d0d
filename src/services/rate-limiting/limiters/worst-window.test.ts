import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import {
  decideRateLimits,
  type LimitState,
} from '../../../runtime/ports/rate-limit-store/decide-rate-limits.ts'
import { checkRateLimits } from '../../../runtime/ports/rate-limit-store/check-rate-limits.ts'
import type { RateLimit } from '../../../runtime/ports/rate-limit-store/rate-limit-store.ts'
import { LIMIT_RULES } from '../limits/limit-rules.ts'
import { readLimit } from '../limits/read-limit.ts'

const WINDOW_MS = 1000
const LIMITS = [1, 5, 10, 100] as const

/**
 * The most that pass in any window when somebody takes all there is at `first`, and from `second`
 * on whatever comes.
 */
function admittedBy(limit: RateLimit, first: number, second: number): number {
  const [checked] = checkRateLimits('s', [limit])
  if (checked === undefined) throw new Error('One limit was given')
  let state: LimitState | null = null
  const passed: number[] = []
  const takeAll = (now: number): void => {
    for (;;) {
      const call = { now, operation: '', look: false, record: null }
      const verdict = decideRateLimits([{ limit: checked, state }], call)
      if (!verdict.admitted) return
      for (const write of verdict.writes) state = write.state
      passed.push(now)
    }
  }
  const start = 1_767_225_600_000
  takeAll(start + first)
  for (let at = second; at < 3 * WINDOW_MS; at++) takeAll(start + at)
  let worst = 0
  for (let from = 0, to = 0; to < passed.length; to++) {
    while ((passed[from] ?? 0) <= (passed[to] ?? 0) - WINDOW_MS) from++
    worst = Math.max(worst, to - from + 1)
  }
  return worst
}

function worstOf(limit: RateLimit): number {
  let worst = 0
  for (const first of [0, 1, 499, 500, 501, 990, 998, 999])
    for (const second of [first + 1, 1000, 1001, 1500, 1999])
      worst = Math.max(worst, admittedBy(limit, first, second))
  return worst
}

const kinds: readonly (readonly [string, (limit: number) => RateLimit])[] = [
  [
    'fixed-window',
    (limit) => ({ algorithm: 'fixed-window', name: 'n', limit, windowMs: WINDOW_MS }),
  ],
  [
    'sliding-window',
    (limit) => ({ algorithm: 'sliding-window', name: 'n', limit, windowMs: WINDOW_MS }),
  ],
  ['gcra', (limit) => ({ algorithm: 'gcra', name: 'n', limit, windowMs: WINDOW_MS })],
  [
    'gcra, burst 1',
    (limit) => ({ algorithm: 'gcra', name: 'n', limit, windowMs: WINDOW_MS, burst: 1 }),
  ],
  [
    'gcra, hardCap',
    (limit) => readLimit('t', { limit, window: WINDOW_MS, hardCap: true }, LIMIT_RULES).at(1, 0),
  ],
  ['sliding-log', (limit) => ({ algorithm: 'sliding-log', name: 'n', limit, windowMs: WINDOW_MS })],
]

test.for(kinds)(
  'the docs say the worst window of %s as a simulation finds it',
  ([name, limitOf]) => {
    const docs = readFileSync(
      join(import.meta.dirname, '../../../../docs/rate-limiting.md'),
      'utf8',
    )
    const row = docs.split('\n').find((line) => line.startsWith(`| \`${name}\` `))
    const cells = row
      ?.split('|')
      .map((cell) => cell.trim())
      .slice(2, 2 + LIMITS.length)
    expect(cells, name).toEqual(LIMITS.map((limit) => `${worstOf(limitOf(limit))}`))
  },
)
