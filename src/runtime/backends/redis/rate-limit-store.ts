import { encodeHex } from '../../../primitives/hex.ts'
import { BackendError } from '../../ports/backend-error.ts'
import type { Clock } from '../../ports/platform/clock.ts'
import type { RandomSource } from '../../ports/platform/random-source.ts'
import type { Taken } from '../../ports/rate-limit-store/algorithms/algorithm.ts'
import type { GcraState } from '../../ports/rate-limit-store/algorithms/gcra.ts'
import {
  decideRateLimits,
  fieldOf,
  settleRateLimits,
  type LimitState,
  type OperationRecord,
  type RateLimitVerdict,
  type StoredLimit,
} from '../../ports/rate-limit-store/decide-rate-limits.ts'
import type { FullRateLimit } from '../../ports/rate-limit-store/full-rate-limit.ts'
import { checkRateLimits } from '../../ports/rate-limit-store/check-rate-limits.ts'
import {
  checkConsumeOptions,
  checkLimitNames,
  checkSettlement,
} from '../../ports/rate-limit-store/rate-limit-limits.ts'
import type { RateLimitStore } from '../../ports/rate-limit-store/rate-limit-store.ts'
import { createSpreadRateLimits } from '../../ports/rate-limit-store/spread-rate-limits.ts'
import type { RedisClient } from './client.ts'
import { codeOfReply } from './to-backend-error.ts'
import type { KeysOf } from './keys.ts'
import { consumeScript, gcraScript, settleScript } from './rate-limit-scripts.ts'
import { createScript, lua, type RedisScript } from './script.ts'

const resetScript = createScript(lua`
redis.call('DEL', unpack(KEYS))
return {}
`)

/** What {@link createRedisRateLimitStore} needs. */
export interface RedisRateLimitTools {
  readonly client: RedisClient
  readonly keysOf: KeysOf
  /** Moves the server's clock, in ms. */
  readonly offset: () => number
  /** The clock of this process. */
  readonly clock: Clock
  readonly random: RandomSource
}

const OPERATION_BYTES = 12

/**
 * Creates a {@link RateLimitStore} on Redis: a key a limit, which expires once it is as if unused,
 * and one an operation.
 */
export function createRedisRateLimitStore(tools: RedisRateLimitTools): RateLimitStore {
  const together = createTogether(tools)
  // The nodes of a cluster each decide on their own.
  const spread = createSpreadRateLimits({
    placeOf: (subject) => subject,
    open: (place) => createTogether(tools, place),
    newOperation: () => encodeHex(tools.random.bytes(OPERATION_BYTES)),
  })
  let isCluster = false

  async function run<Result>(act: (store: typeof spread) => Promise<Result>): Promise<Result> {
    if (isCluster) return act(spread)
    try {
      return await act(together)
    } catch (error) {
      if (!(error instanceof BackendError) || codeOfReply(error.cause) !== 'CROSSSLOT') throw error
      isCluster = true
      return act(spread)
    }
  }

  return {
    clock: tools.clock,
    consume: (...args) => run((store) => store.consume(...args)),
    settle: (...args) => run((store) => store.settle(...args)),
    reset: (...args) => run((store) => store.reset(...args)),
  }
}

/**
 * All limits of a call in one script.
 *
 * @param place The subject beside whose keys those of operations are kept. Default: each call's own
 */
function createTogether(
  { client, keysOf, offset }: RedisRateLimitTools,
  place?: string,
): Pick<RateLimitStore, 'consume' | 'settle' | 'reset'> {
  const tagOf = (subject: string): string => keysOf('limit', subject, []).join('')
  const keyOf = (subject: string, { name }: { readonly name: string }): string =>
    `${tagOf(subject)}:${name}`
  // No operation has an exclamation mark in it.
  const operationKeyOf = (subject: string, operation: string): string =>
    place === undefined || place === subject
      ? `${tagOf(subject)}!${operation}`
      : `${tagOf(place)}!${operation}!${subject}`

  async function ask(
    script: RedisScript,
    subject: string,
    limits: readonly FullRateLimit[],
    mode: string,
    operation: string,
    rememberMs: number,
  ): Promise<Found> {
    const moved = offset()
    const keys = limits.map((limit) => keyOf(limit.subject ?? subject, limit))
    if (operation !== '') keys.push(operationKeyOf(subject, operation))
    const reply = await client.run(script, keys, [
      String(moved),
      mode,
      operation,
      String(rememberMs),
      ...limits.flatMap(parametersOf),
    ])
    return readReply(limits, reply, moved)
  }

  async function consumeOneGcra(
    subject: string,
    limit: FullRateLimit & { readonly algorithm: 'gcra' },
  ): Promise<RateLimitVerdict | null> {
    const answer = await client.runForInteger(
      gcraScript,
      [keyOf(subject, limit)],
      [String(limit.cost * limit.unit), String(limit.capacity)],
    )
    if (answer === null) return null
    const passes = answer >= 0
    const left = passes ? answer : -1 - answer
    const state: GcraState = { at: 0, used: left, rate: limit.rate, booked: 0 }
    const call = { now: 0, operation: '', look: false, record: null }
    return agreed(decideRateLimits([{ limit, state }], call), passes)
  }

  return {
    async consume(subject, limits, options = {}) {
      const checked = checkRateLimits(subject, limits)
      const rememberMs = checkConsumeOptions(checked, options)
      const { operation = '', look = false } = options
      const [only] = checked
      if (only !== undefined && checked.length === 1 && isPlain(only, operation, look, offset())) {
        const verdict = await consumeOneGcra(only.subject ?? subject, only)
        if (verdict !== null) return verdict.decisions
      }
      const mode = look ? 'look' : 'consume'
      const found = await ask(consumeScript, subject, checked, mode, operation, rememberMs)
      const { now, record, stored } = found
      const verdict = decideRateLimits(stored, { now, operation, look, record })
      return agreed(verdict, found.answer.startsWith('=yes')).decisions
    },

    async settle(subject, limits, operation) {
      const checked = checkRateLimits(subject, limits)
      checkSettlement(checked, operation)
      const found = await ask(settleScript, subject, checked, 'settle', operation, 0)
      return settleRateLimits(found.stored, { ...found, operation })?.decisions ?? null
    },

    async reset(subject, limits) {
      checkLimitNames(subject, limits)
      const keys = limits.map((limit) => keyOf(limit.subject ?? subject, limit))
      await client.run(resetScript, keys, [String(offset())])
    },
  }
}

/** What a script found before it decided; the same is decided of it here, to say the rest. */
interface Found {
  readonly now: number
  readonly answer: string
  readonly stored: readonly StoredLimit[]
  readonly record: OperationRecord | null
}

function readReply(
  limits: readonly FullRateLimit[],
  [clock = '', answer = '', ...texts]: readonly string[],
  offset: number,
): Found {
  const now = Number(clock.slice(1))
  const recordLeftMs = Number(answer.split(' ')[1])
  const record = new Map<string, Taken>()
  const stored = limits.map((limit, index) => {
    const [text = '', receipt = ''] = texts
      .slice(index * 2, index * 2 + 2)
      .map((one) => one.slice(1))
    const [cost = 0, first = 0, ...rest] = receipt.split(' ').map(Number)
    // A GCRA limit's says how long the operation's hash had to live then.
    const at = limit.algorithm === 'gcra' ? now - (first - recordLeftMs + offset) : first
    if (receipt !== '') record.set(fieldOf(limit), { cost, receipt: [at, ...rest] })
    return { limit, state: text === '' ? null : readState(limit, text, now, offset) }
  })
  return { now, answer, stored, record: record.size === 0 ? null : record }
}

function readState(limit: FullRateLimit, text: string, now: number, offset: number): LimitState {
  if (limit.algorithm !== 'gcra') return limit.rule.decode(text)
  const match = /^(\d+)\/?(\d*)b?(\d*)@?(-?\d*) (-?\d+)$/.exec(text)
  const [used = 0, rate = 0, booked = 0, moved = 0, left = 0] = (match ?? []).slice(1).map(Number)
  const perMs = rate === 0 ? 1 : rate
  const lived = Math.ceil((used - (used % perMs)) / perMs) + (used % perMs === 0 ? 0 : 1)
  const state: GcraState = { at: now - (lived - left + offset - moved), used, rate: perMs, booked }
  return state
}

/** Whether two commands are enough; see `gcraScript`. */
function isPlain(
  limit: FullRateLimit,
  operation: string,
  look: boolean,
  offset: number,
): limit is FullRateLimit & { readonly algorithm: 'gcra' } {
  return (
    limit.algorithm === 'gcra' &&
    limit.rate === 1 &&
    limit.maxWaitMs === 0 &&
    limit.reserve === 0 &&
    limit.cost > 0 &&
    operation === '' &&
    !look &&
    offset === 0
  )
}

function agreed(verdict: RateLimitVerdict, admitted: boolean): RateLimitVerdict {
  if (verdict.admitted === admitted) return verdict
  throw new BackendError(
    'backend_failed',
    'Cannot check rate limit: the script decided otherwise than its twin, the same version of both expected',
  )
}

function parametersOf(limit: FullRateLimit): readonly string[] {
  const numbers = numbersOf(limit)
  return [
    LETTERS[limit.algorithm],
    fieldOf(limit),
    String(limit.cost),
    String(numbers.length),
    ...numbers.map(String),
  ]
}

const LETTERS: Readonly<Record<FullRateLimit['algorithm'], string>> = {
  gcra: 'g',
  'fixed-window': 'f',
  'sliding-window': 's',
  'sliding-log': 'l',
  calendar: 'c',
  concurrency: 'h',
  ban: 'b',
}

/** In the order in which the scripts know them. */
function numbersOf(limit: FullRateLimit): readonly number[] {
  switch (limit.algorithm) {
    case 'gcra': {
      const { rate, capacity, unit, reserve, maxWaitMs, notBeforeMs } = limit
      const room = capacity - reserve * unit + maxWaitMs * rate
      return [room, rate, capacity, unit, ...(notBeforeMs > 0 ? [notBeforeMs * rate] : [])]
    }
    case 'calendar':
      return [limit.limit - limit.reserve, 0, limit.limit, ...limit.periods]
    case 'concurrency':
      return [limit.limit - limit.reserve, limit.leaseMs]
    case 'ban':
      return [limit.limit, limit.windowMs, limit.banMs, limit.maxBanMs, limit.forgetMs]
    default:
      return [limit.limit - limit.reserve, limit.windowMs, limit.limit]
  }
}
