import type { Clock } from '@white-cross/reuse/infrastructure/runtime/ports'
import { ProblemError } from '../http/problem.ts'
import type { Caller } from './caller.ts'

/**
 * Finds out who has a credential, unless too many wrong ones came from its address lately.
 *
 * @param address `null` where it cannot be told: then it is not limited
 * @throws ProblemError 429 with the time until the next is looked at
 */
export type LimitGuesses = (
  address: string | null,
  credential: string,
  find: () => Promise<Caller | null>,
) => Promise<Caller | null>

/** Wrong credentials of one address at once; then one in {@link EACH_MS}. */
const MOST = 20
const EACH_MS = 3000
/** Addresses, and credentials that were good; of more the longest unused are forgotten. */
const REMEMBERED = 2000

/**
 * Keeps who guesses from being looked up. Counted in this process alone: what comes without a key
 * costs no store anything. A credential that was good here is always looked at, so that one behind
 * the address of who guesses is not locked out; one that is new here is tried when its turn comes.
 */
export function createGuessLimit(clock: Clock): LimitGuesses {
  /** When all wrong ones of an address will be forgiven. */
  const forgivenAt = new Map<string, number>()
  const good = new Set<string>()

  /** A clock that was set back does not make it longer than it can become. */
  function aheadMs(network: string): number {
    return Math.min(Math.max((forgivenAt.get(network) ?? 0) - clock.now(), 0), MOST * EACH_MS)
  }

  function book(network: string, ms: number): void {
    const ahead = Math.max(aheadMs(network) + ms, 0)
    forgivenAt.delete(network)
    if (ahead > 0) forgivenAt.set(network, clock.now() + ahead)
    forgetOldest(forgivenAt)
  }

  return async (address, credential, find) => {
    const network = address === null ? null : networkOf(address)
    // Of those that come at once, as many are looked up as may still be wrong.
    const isSuspect = network !== null && !good.has(credential) && aheadMs(network) > 0
    if (isSuspect) {
      const waitMs = aheadMs(network) - (MOST - 1) * EACH_MS
      if (waitMs > 0) throw tooMany(waitMs)
      book(network, EACH_MS)
    }
    let caller: Caller | null | undefined
    try {
      caller = await find()
    } finally {
      if (isSuspect && caller !== null) book(network, -EACH_MS)
    }
    good.delete(credential)
    if (caller !== null) {
      good.add(credential)
      forgetOldest(good)
    } else if (network !== null && !isSuspect) book(network, EACH_MS)
    return caller
  }
}

function tooMany(waitMs: number): ProblemError {
  const seconds = Math.ceil(waitMs / 1000)
  return new ProblemError(
    429,
    'too_many_failures',
    'Too many credentials from this address were wrong, try again later',
    { headers: { 'retry-after': String(seconds) } },
  )
}

/** One subscriber: an IPv4 address, or the first 64 bits of an IPv6 address. */
function networkOf(address: string): string {
  if (!address.includes(':')) return address
  const [before = '', after] = address.split('::')
  const [left, right] = [before, after ?? ''].map((text) => text.split(':').filter(Boolean))
  const zeros = 8 - (left?.length ?? 0) - (right?.length ?? 0)
  const groups = [...(left ?? []), ...Array<string>(Math.max(zeros, 0)).fill('0'), ...(right ?? [])]
  return groups.slice(0, 4).join(':')
}

/** Sets and maps go through what they hold in the order in which it came. */
function forgetOldest(kept: Map<string, unknown> | Set<string>): void {
  if (kept.size <= REMEMBERED) return
  for (const oldest of kept.keys()) {
    kept.delete(oldest)
    return
  }
}
