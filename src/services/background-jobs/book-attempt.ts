import { durationMs } from '../../primitives/duration.ts'
import { fitText } from '../../primitives/fit-text.ts'
import type { ClaimedJob } from '../../runtime/ports/job-store/job-store.ts'
import type { Json } from '../../runtime/ports/json.ts'
import type {
  GcraRateLimit,
  RateLimitDecision,
  RateLimitStore,
} from '../../runtime/ports/rate-limit-store/rate-limit-store.ts'
import type { AttemptLimit, Booking } from './job-gates.ts'
import { limitKeyOf } from './limit-key.ts'

const BOOKED_AHEAD_MS = 30 * 86_400_000
const SUBJECT_CHARACTERS = 170
/** Where turns and starts are counted by two clocks, a turn comes no later for that. */
const CLOCKS_APART_MS = 250

/**
 * Books the next free place under each limit of an attempt, once: a job that comes back when its
 * turn has come is let through. So each waits once for each limit, in the order in which they came,
 * however many there are. It stands in the line of the queue only once it had its turn in that of
 * its kind: those that wait for their kind take no place from others.
 *
 * Places are booked in a line that is the limit's own, so that a deploy which changes the limit
 * begins a new one. What starts is counted apart, whatever the limit was: so lines of two deploys
 * together start no more than the greater limit, and turns that could not be taken in time are not
 * all taken at once.
 *
 * @returns `null` when the attempt may start
 */
export async function bookAttempt(
  store: RateLimitStore,
  limits: readonly AttemptLimit[],
  { attempt, lastError }: Pick<ClaimedJob, 'attempt' | 'lastError'>,
  data: unknown,
): Promise<Booking | null> {
  if (limits.length === 0) return null
  const note = {
    code: 'rate_limited',
    message: 'The job waits for its turn under a rate limit',
    attempt,
    terms: termsOf(limits),
  }
  const starts = await Promise.all(limits.map((limit) => startsOf(limit, data)))
  const begin = (maxWaitMs: number): Promise<readonly RateLimitDecision[]> =>
    consume(
      store,
      starts.map((limit) => ({ ...limit, maxWaitMs })),
    )
  let stood = linesStood(lastError, note) ?? 0
  const late = stood >= limits.length ? await begin(CLOCKS_APART_MS) : null
  if (late !== null && isAllowed(late)) return null
  if (late !== null) {
    // Its turn under one limit came while it stood in line for another: it keeps its place, once.
    if (limits.length > 1 && !hasKeptPlace(lastError)) {
      const waitMs = Math.max(1, ...late.map(({ retryAfterMs }) => Math.ceil(retryAfterMs)))
      return { waitMs, note: { ...note, lines: limits.length, kept: true } }
    }
    stood = late.findIndex(({ allowed }) => !allowed)
  }

  const lines = await Promise.all(limits.map((limit) => lineOf(limit, data)))
  const places: RateLimitDecision[] = []
  for (const [index, line] of lines.entries()) {
    if (index < stood) continue
    const [place] = await consume(store, [line])
    if (place === undefined) continue
    if (!place.allowed) return { waitMs: Math.max(1, Math.ceil(place.retryAfterMs)), note: null }
    const waitMs = Math.max(Math.ceil(place.waitMs), await spacedMs(store, lines, index, place))
    if (waitMs > 0) return { waitMs, note: { ...note, lines: index + 1 } }
    places[index] = place
  }

  const begun = late ?? (await begin(0))
  if (isAllowed(begun)) return null
  // The line knows nothing of those that have started: the others follow one by one, and the first
  // lets those to come stand behind them.
  const behind = lines.map((limit, index): number => {
    const { allowed, retryAfterMs } = begun[index] ?? { allowed: true, retryAfterMs: 0 }
    const place = places[index]
    const ahead = place === undefined ? 0 : limit.limit - 1 - place.remaining
    return allowed ? 0 : retryAfterMs + (ahead * limit.windowMs) / limit.limit
  })
  const first = lines.filter(
    ({ limit }, index) => places[index]?.remaining === limit - 1 && begun[index]?.allowed === false,
  )
  if (first.length > 0)
    await consume(
      store,
      first.map((limit) => ({ ...limit, cost: limit.limit })),
    )
  const waitMs = Math.max(1, ...behind.map(Math.ceil))
  return { waitMs, note: { ...note, lines: lines.length } }
}

/**
 * Where turns in the line of the queue come faster than a kind may start, because its jobs went on
 * while that line stood, they are spaced at once, and so need no further wait.
 */
async function spacedMs(
  store: RateLimitStore,
  lines: readonly GcraRateLimit[],
  index: number,
  { waitMs }: RateLimitDecision,
): Promise<number> {
  const [line] = lines
  if (index === 0 || line === undefined) return 0
  const notBeforeMs = Math.min(Math.ceil(waitMs), line.maxWaitMs ?? 0)
  const [spaced] = await consume(store, [{ ...line, name: 'attempts-in-both', notBeforeMs }])
  return Math.ceil(spaced?.waitMs ?? 0)
}

async function lineOf(of: AttemptLimit, data: unknown): Promise<GcraRateLimit> {
  const { limit, windowMs, subject } = await termsFor(of, data, termsOf([of]))
  // As far ahead as can be counted without loss.
  const countedMs = Math.floor((Number.MAX_SAFE_INTEGER - 2 * limit * windowMs) / limit)
  const maxWaitMs = Math.max(Math.min(BOOKED_AHEAD_MS, countedMs), 0)
  return { algorithm: 'gcra', name: `attempts-of-${of.scope}`, subject, limit, windowMs, maxWaitMs }
}

async function startsOf(of: AttemptLimit, data: unknown): Promise<GcraRateLimit> {
  const { limit, windowMs, subject } = await termsFor(of, data, 'starts')
  return { algorithm: 'gcra', name: `starts-of-${of.scope}`, subject, limit, windowMs }
}

async function termsFor({ rateLimit, subject }: AttemptLimit, data: unknown, what: string) {
  const { limit, window, key } = rateLimit
  const whole = `job:${subject}:${what}:${limitKeyOf(subject, key?.(data))}`
  return {
    limit,
    windowMs: durationMs(window),
    subject: await fitText(whole, SUBJECT_CHARACTERS),
  }
}

function consume(
  store: RateLimitStore,
  limits: readonly GcraRateLimit[],
): Promise<readonly RateLimitDecision[]> {
  return store.consume(limits[0]?.subject ?? '', limits)
}

function isAllowed(decisions: readonly RateLimitDecision[]): boolean {
  return decisions.every(({ allowed }) => allowed)
}

/** The limits as text, by which they are told from others. */
export function termsOf(limits: readonly AttemptLimit[]): string {
  return limits.map(({ rateLimit: { limit, window } }) => `${limit}/${durationMs(window)}`).join()
}

/** The limits under which a job has booked its turn, or `null` where it has none. */
export function bookedTerms(lastError: Json): string | null {
  if (typeof lastError !== 'object' || lastError === null || Array.isArray(lastError)) return null
  const { code, terms } = lastError as { readonly [key: string]: Json }
  return code === 'rate_limited' && typeof terms === 'string' ? terms : null
}

/** In how many lines the job has booked its turn, `null` where not under these limits. */
function linesStood(
  lastError: Json,
  note: { readonly attempt: number; readonly terms: string },
): number | null {
  if (bookedTerms(lastError) !== note.terms) return null
  const { attempt, lines } = lastError as { readonly attempt?: Json; readonly lines?: Json }
  if (attempt !== note.attempt) return null
  // One that waits since before lines were counted has stood in all of them.
  return typeof lines === 'number' ? lines : Infinity
}

function hasKeptPlace(lastError: Json): boolean {
  return (lastError as { readonly kept?: Json }).kept === true
}
