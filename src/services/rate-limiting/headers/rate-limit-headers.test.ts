import { expect, test } from 'vitest'
import { parseDictionary } from '../../../primitives/structured-dictionary.ts'
import type { LimitStanding, RateLimitOutcome } from '../deciding/outcome.ts'
import { parseRateLimitHeaders } from './parse-rate-limit-headers.ts'
import { rateLimitHeaders } from './rate-limit-headers.ts'

const NOW = 1_767_225_600_000

function outcomeOf(...limits: readonly LimitStanding[]): RateLimitOutcome {
  const [first] = limits
  return {
    allowed: limits.every(({ allowed }) => allowed),
    limit: first?.limit ?? 0,
    remaining: first?.remaining ?? 0,
    resetAt: NOW,
    retryAfterMs: Math.max(...limits.map(({ retryAfterMs }) => retryAfterMs)),
    waitMs: 0,
    policy: first?.name ?? '',
    limits,
    decidedBy: 'store',
    dryRun: false,
    operation: null,
    pending: Promise.resolve(),
  }
}

const standing: LimitStanding = {
  name: 'n',
  allowed: true,
  limit: 10,
  windowMs: 1500,
  remaining: 3,
  retryAfterMs: 0,
  nextAfterMs: 0,
  resetAfterMs: 1001,
}

test('rateLimitHeaders() writes structured fields whatever the names, seconds rounded up', () => {
  const names = ['a b', 'quoted "x"', String.raw`back\slash`, '; r=5', ',', '~'.repeat(64)]
  const limits = names.map((name) => ({ ...standing, name }))
  const headers = rateLimitHeaders(outcomeOf(...limits), 'draft', NOW)
  expect(headers['ratelimit']).toContain(';r=3;t=2')
  // The parser knows dictionaries; a list of items is one inner list of a member.
  const list = headers['ratelimit-policy']?.replaceAll(/;w=2, /g, ';w=2 ')
  const member = parseDictionary(`a=(${list})`)?.get('a')
  const items = member !== undefined && 'items' in member ? member.items : []
  expect(items.map(({ item }) => item.value)).toEqual(names)
  expect(items.map(({ parameters }) => [...parameters].map(([, { value }]) => value))).toEqual(
    names.map(() => [10, 2]),
  )
  const parsed = parseRateLimitHeaders(new Headers(headers), NOW)
  expect(parsed.limits.map(({ policy }) => policy)).toEqual(names)
})

test('with nothing left t says when something is again, as Retry-After does; else when all is', () => {
  const empty = { ...standing, remaining: 0, nextAfterMs: 150, resetAfterMs: 90_000 }
  expect(rateLimitHeaders(outcomeOf(empty), 'draft', NOW)['ratelimit']).toBe('"n";r=0;t=1')
  const denied = { ...empty, allowed: false, retryAfterMs: 4001 }
  expect(rateLimitHeaders(outcomeOf(denied), 'draft', NOW)).toMatchObject({
    ratelimit: '"n";r=0;t=5',
    'retry-after': '5',
  })
  const slots = { ...standing, windowMs: null }
  expect(rateLimitHeaders(outcomeOf(slots), 'draft', NOW)['ratelimit-policy']).toBe('"n";q=10')
})

test.for<[Record<string, string>, unknown, number]>([
  [{}, [], 0],
  [{ 'retry-after': '7' }, [], 7000],
  [{ 'retry-after': 'Thu, 01 Jan 2026 00:01:00 GMT' }, [], 60_000],
  [{ 'retry-after': 'soon' }, [], 0],
  [{ 'retry-after': '99999999' }, [], 86_400_000],
  [
    {
      ratelimit: '"burst";r=50;t=30',
      'ratelimit-policy': '"burst";q=100;w=60,"daily";q=1000;w=86400',
    },
    [['burst', 100, 50, 30_000]],
    0,
  ],
  [
    { ratelimit: '"a";r=0;t=30, "b";r=0;t=90' },
    [
      ['a', null, 0, 30_000],
      ['b', null, 0, 90_000],
    ],
    90_000,
  ],
  [{ ratelimit: 'limit=100, remaining=0, reset=50' }, [[null, 100, 0, 50_000]], 50_000],
  [
    { 'ratelimit-limit': '100, 100;w=60', 'ratelimit-remaining': '5', 'ratelimit-reset': '9' },
    [[null, 100, 5, 9000]],
    0,
  ],
  [
    { 'x-ratelimit-limit': '60', 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '1767225660' },
    [[null, 60, 0, 60_000]],
    60_000,
  ],
  [
    {
      'x-rate-limit-limit': '60',
      'x-rate-limit-remaining': '1',
      'x-rate-limit-reset': '1767225660000',
    },
    [[null, 60, 1, 60_000]],
    0,
  ],
  [
    {
      'x-ratelimit-limit-tokens': '9',
      'x-ratelimit-remaining-tokens': '0',
      'x-ratelimit-reset-tokens': '6m0.5s',
    },
    [['tokens', 9, 0, 360_500]],
    360_500,
  ],
  [{ ratelimit: '"a";r=x' }, [], 0],
  [{ ratelimit: '"a' }, [], 0],
  [{ 'x-ratelimit-remaining': 'many' }, [], 0],
])('parseRateLimitHeaders() reads %j', ([headers, limits, waitMs]) => {
  const parsed = parseRateLimitHeaders(new Headers(headers), NOW)
  expect(
    parsed.limits.map(({ policy, limit, remaining, resetAfterMs }) => [
      policy,
      limit,
      remaining,
      resetAfterMs,
    ]),
  ).toEqual(limits)
  expect(parsed.waitMs).toBe(waitMs)
})
