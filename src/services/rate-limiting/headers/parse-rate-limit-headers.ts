import { parseRetryAfter } from '../../../primitives/retry-after.ts'
import {
  parseDictionary,
  type Parameters,
  type StructuredItem,
} from '../../../primitives/structured-dictionary.ts'

/** What somebody else's answer says of their limits. */
export interface ParsedRateLimit {
  /** Names the limit, where it has a name. */
  readonly policy: string | null
  /** `null` where it is not said. */
  readonly limit: number | null
  readonly remaining: number | null
  /** Until something is left again or the window ends, in ms. */
  readonly resetAfterMs: number | null
}

/** See {@link parseRateLimitHeaders}. */
export interface ParsedRateLimits {
  /**
   * How long to wait before the next request, in ms: `Retry-After`, else the reset of a limit with
   * nothing left; else 0.
   */
  readonly waitMs: number
  readonly limits: readonly ParsedRateLimit[]
}

/** No answer makes anyone wait longer. */
const MAX_WAIT_MS = 86_400_000
/** Numbers above this are instants: seconds since 1970, or ms. */
const INSTANT_S = 1_000_000_000
const INSTANT_MS = 1_000_000_000_000
const MAX_LIMITS = 16

/**
 * Reads what an answer of somebody else says of their rate limits, to throttle calls to them:
 * `Retry-After`, `RateLimit` and `RateLimit-Policy` of the IETF drafts, old and new, and
 * `X-RateLimit-*` with seconds, instants or durations as they are in use. What is malformed is left
 * out.
 *
 * @param now ms since 1970, what instants are measured against
 *
 * @example
 * const response = await fetch('https://api.example.com/orders')
 * const { waitMs } = parseRateLimitHeaders(response.headers, Date.now())
 */
export function parseRateLimitHeaders(headers: Headers, now: number): ParsedRateLimits {
  const limits = [...readDraft(headers), ...readLegacy(headers, now)].slice(0, MAX_LIMITS)
  const retryAfter = headers.get('retry-after')
  const retryMs = retryAfter === null ? null : parseRetryAfter(retryAfter, now)
  const spent = limits.flatMap(({ remaining, resetAfterMs }) =>
    remaining === 0 && resetAfterMs !== null ? [resetAfterMs] : [],
  )
  return { waitMs: Math.min(retryMs ?? Math.max(0, ...spent), MAX_WAIT_MS), limits }
}

/**
 * `"name";r=1;t=2, …` of the current draft, and `limit=1, remaining=2, reset=3` of earlier ones.
 */
function readDraft(headers: Headers): readonly ParsedRateLimit[] {
  const standing = headers.get('ratelimit')
  if (standing === null) return []
  const quotas = new Map(
    readItems(headers.get('ratelimit-policy') ?? '').map(({ name, parameters }) => [
      name,
      numberOf(parameters, 'q'),
    ]),
  )
  const items = readItems(standing)
  if (items.length > 0)
    return items
      .map(({ name, parameters }) => ({
        policy: name,
        limit: quotas.get(name) ?? null,
        remaining: numberOf(parameters, 'r'),
        resetAfterMs: toMs(numberOf(parameters, 't')),
      }))
      .filter(({ remaining }) => remaining !== null)
  const fields = parseDictionary(standing)
  if (fields === null) return []
  const field = (name: string): number | null => {
    const member = fields.get(name)
    return member !== undefined && 'item' in member && member.item.kind === 'integer'
      ? member.item.value
      : null
  }
  const read = {
    policy: null,
    limit: field('limit'),
    remaining: field('remaining'),
    resetAfterMs: toMs(field('reset')),
  }
  return read.limit === null && read.remaining === null ? [] : [read]
}

interface NamedItem {
  readonly name: string
  readonly parameters: Parameters
}

/** A list of strings or tokens with parameters, read as the inner list of a dictionary's member. */
function readItems(text: string): readonly NamedItem[] {
  const items: NamedItem[] = []
  for (const part of splitList(text)) {
    const member = parseDictionary(`a=${part}`)?.get('a')
    if (member === undefined || !('item' in member)) return []
    const { item, parameters }: StructuredItem = member
    if (item.kind !== 'string' && item.kind !== 'token') return []
    if (items.length === MAX_LIMITS) return items
    items.push({ name: item.value, parameters })
  }
  return items
}

/** The members of a list: commas within quotes do not divide it. */
function splitList(text: string): readonly string[] {
  if (text.length > 4096) return []
  const parts = text.match(/(?:"(?:[^"\\]|\\.)*"|[^",])+/g) ?? []
  return parts.map((part) => part.trim())
}

function numberOf(parameters: Parameters, name: string): number | null {
  const item = parameters.get(name)
  return item?.kind === 'integer' && item.value >= 0 ? item.value : null
}

/**
 * `x-ratelimit-*` and `ratelimit-*`, alone or for each kind, as in `x-ratelimit-remaining-tokens`.
 */
function readLegacy(headers: Headers, now: number): readonly ParsedRateLimit[] {
  const found: ParsedRateLimit[] = []
  for (const prefix of ['x-ratelimit', 'x-rate-limit', 'ratelimit'])
    for (const kind of ['', '-requests', '-tokens']) {
      const read = (name: string): string | null => headers.get(`${prefix}-${name}${kind}`)
      const [limit, remaining] = [wholeOf(read('limit')), wholeOf(read('remaining'))]
      if (limit === null && remaining === null) continue
      const policy = kind === '' ? null : kind.slice(1)
      found.push({ policy, limit, remaining, resetAfterMs: resetOf(read('reset'), now) })
    }
  return found
}

function wholeOf(text: string | null): number | null {
  const digits = text === null ? undefined : /^\s*(\d{1,15})(?:\D.*)?$/s.exec(text)?.[1]
  return digits === undefined ? null : Number(digits)
}

/** Seconds from now, seconds or ms since 1970, or a duration such as `6m0s` or `20ms`. */
function resetOf(text: string | null, now: number): number | null {
  if (text === null || text.length > 100) return null
  const trimmed = text.trim()
  if (/^\d{1,15}(?:\.\d{1,9})?$/.test(trimmed)) {
    const value = Number(trimmed)
    if (value >= INSTANT_MS) return Math.max(Math.ceil(value - now), 0)
    if (value >= INSTANT_S) return Math.max(Math.ceil(value * 1000 - now), 0)
    return Math.ceil(value * 1000)
  }
  if (/^(?:\d{1,9}(?:\.\d{1,9})?(?:ms|d|h|m|s))+$/.test(trimmed)) {
    let ms = 0
    for (const [, amount, unit = ''] of trimmed.matchAll(/([\d.]+)(ms|d|h|m|s)/g))
      ms += Number(amount) * (UNIT_MS[unit] ?? 0)
    return Math.ceil(ms)
  }
  const instant = Date.parse(trimmed)
  return Number.isNaN(instant) ? null : Math.max(instant - now, 0)
}

const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
}

function toMs(seconds: number | null): number | null {
  return seconds === null ? null : seconds * 1000
}
