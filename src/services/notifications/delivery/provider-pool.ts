import type { Duration } from '../../../primitives/duration.ts'
import type { CircuitBreaker } from '../../../runtime/coordination/circuit-breaker/circuit-breaker.ts'
import { CircuitOpenError } from '../../../runtime/coordination/circuit-breaker/circuit-open-error.ts'
import { runWithin } from '../../../primitives/run-within.ts'
import type { Backend } from '../../../runtime/ports/backend.ts'
import type { Channel } from '../channels/channel.ts'
import { NotificationError } from '../notification-error.ts'
import type { Provider, ProviderContext } from '../providers/provider.ts'
import { networkError } from '../providers/requests/ask-provider.ts'
import type { CheckedEntry } from './check-providers.ts'

/** A provider, or one with what is set for it alone. */
export type ProviderEntry<Sender> = Sender | ProviderSettings<Sender>

/** A provider and what is set for it alone. */
export interface ProviderSettings<Sender> {
  readonly provider: Sender
  /**
   * Its share where any provider of the channel has one: each recipient keeps the same first
   * provider. 0 to 1,000; with 0 it is asked only after all others. Default: providers are asked in
   * their order.
   */
  readonly weight?: number
  /** Most messages in a window; beyond it the next provider is asked. Default: as many as come. */
  readonly rateLimit?: { readonly limit: number; readonly window: Duration }
}

/** When a provider that keeps failing is left alone. */
export interface ProviderBreakerOptions {
  /** Failures in a row. 1 to 1,000,000. Default 5. */
  readonly failureThreshold?: number
  /** How long it is left alone before one message tries it again. Default 30 s. */
  readonly resetTimeout?: Duration
}

/** What {@link createProviderPool} needs. */
export interface ProviderPoolOptions<Sender> {
  readonly channel: Channel
  /** Names the pool where a channel has several. */
  readonly name?: string
  readonly entries: readonly CheckedEntry<Sender>[]
  readonly backend: Pick<Backend, 'store' | 'rateLimits'>
  readonly context: Omit<ProviderContext, 'signal'>
  readonly breaker: ProviderBreakerOptions
  /** For one request. */
  readonly timeoutMs: number
}

/** The providers of one channel. */
export interface ProviderPool<Sender> {
  readonly members: readonly PoolMember<Sender>[]
  /** @returns All of them, in the order in which they are asked for this recipient */
  inOrder(recipient: string): readonly PoolMember<Sender>[]
}

/** One provider, guarded. */
export interface PoolMember<Sender> {
  readonly provider: Sender
  /**
   * Makes one request to the provider, unless its limit or its breaker refuses.
   *
   * @throws NotificationError also for a request that was not made: `rate_limited` or `unavailable`
   */
  call<Result>(
    make: (provider: Sender, context: ProviderContext) => Promise<Result>,
    options: { readonly signal: AbortSignal; readonly cost: number },
  ): Promise<Result>
  /** Whether its breaker lets requests through, as far as this process knows. */
  isWell(): boolean
}

/** What says that a provider is in trouble, and not a message. */
const TROUBLE = new Set(['authentication', 'quota', 'unavailable', 'ambiguous'])

export function createProviderPool<Sender extends Provider<never>>(
  options: ProviderPoolOptions<Sender>,
): ProviderPool<Sender> {
  const { entries: settings } = options
  const members = settings.map((given) => createMember(given, options))
  const weighted = settings.some(({ weight }) => weight !== undefined)
  return {
    members,
    inOrder(recipient) {
      if (!weighted) return members
      const ranks = settings.map(({ weight = 1, provider }, index) => ({
        member: members[index],
        rank: rankOf(`${provider.name}\n${recipient}`, weight),
      }))
      return ranks
        .toSorted((a, b) => (a.rank < b.rank ? -1 : a.rank > b.rank ? 1 : 0))
        .flatMap(({ member }) => (member === undefined ? [] : [member]))
    },
  }
}

function createMember<Sender extends Provider<never>>(
  { provider, limit }: CheckedEntry<Sender>,
  { channel, name, backend, context, breaker, timeoutMs }: ProviderPoolOptions<Sender>,
): PoolMember<Sender> {
  const path = [channel, name, provider.name].filter((part) => part !== undefined).join(':')
  const subject = `notifications:${path}`
  // What was loaded is kept, not its promise: on Workers a promise of one request must not be
  // awaited in another.
  let circuit: CircuitBreaker | undefined

  async function loadCircuit(): Promise<CircuitBreaker> {
    const module = await import('../../../runtime/coordination/circuit-breaker/circuit-breaker.ts')
    return (circuit ??= new module.CircuitBreaker({
      ...breaker,
      name: subject,
      backend,
      clock: context.clock,
      isFailure: (error) => error instanceof NotificationError && TROUBLE.has(error.code),
    }))
  }

  async function takeTurn(cost: number): Promise<void> {
    if (limit === null) return
    const [decision] = await backend.rateLimits
      .consume(subject, [{ ...limit, cost }])
      .catch((cause: unknown) => {
        throw networkError(provider.name, 'unavailable', cause)
      })
    if (decision === undefined || decision.allowed) return
    throw new NotificationError(
      'rate_limited',
      `Cannot send through ${provider.name}: its limit here is used up`,
      { provider: provider.name, retryAfterMs: decision.retryAfterMs },
    )
  }

  return {
    provider,
    isWell: () => circuit?.state() !== 'open',
    async call(make, { signal, cost }) {
      if (signal.aborted) throw networkError(provider.name, 'unavailable', signal.reason)
      await takeTurn(limit === null ? cost : Math.min(cost, limit.limit))
      try {
        return await (circuit ?? (await loadCircuit())).execute(
          () =>
            runWithin(
              context.clock,
              timeoutMs,
              signal,
              () => networkError(provider.name, 'ambiguous', new Error('The time was over')),
              async (within) => judged(provider, make(provider, { ...context, signal: within })),
            ),
          { signal },
        )
      } catch (error) {
        if (!(error instanceof CircuitOpenError)) throw error
        throw new NotificationError(
          'unavailable',
          `Cannot send through ${provider.name}: it failed too often and is left alone for now`,
          { provider: provider.name, retryAfterMs: error.retryAfterMs, cause: error },
        )
      }
    },
  }
}

/**
 * A provider of somebody's own may throw anything: then nobody knows what became of the message.
 */
async function judged<Result>({ name }: Provider<never>, work: Promise<Result>): Promise<Result> {
  try {
    return await work
  } catch (error) {
    throw error instanceof NotificationError ? error : networkError(name, 'ambiguous', error)
  }
}

/** Rendezvous hashing with weights: each recipient has an order of its own, the same every time. */
function rankOf(text: string, weight: number): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < text.length; index++)
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d)
  hash = Math.imul(hash ^ (hash >>> 12), 0x297a2d39)
  const fraction = (((hash ^ (hash >>> 15)) >>> 0) + 0.5) / 2 ** 32
  return weight === 0 ? Infinity : -Math.log(fraction) / weight
}
