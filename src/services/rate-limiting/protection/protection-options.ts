import type { Duration } from '../../../primitives/duration.ts'
import type { RateLimitingOptions } from '../deciding/rate-limiting-options.ts'

/** How important a request is: when there is too much, `low` goes first, then `normal`. */
export type Priority = 'critical' | 'normal' | 'low'

/** Options of `DdosProtection`. */
export interface DdosProtectionOptions extends Omit<RateLimitingOptions, 'dryRun' | 'onLimited'> {
  /** Addresses and networks (`10.0.0.0/8`) that always pass. Default none. */
  readonly allow?: readonly string[]
  /** Those that never pass. Default none. */
  readonly deny?: readonly string[]
  /**
   * When an address is banned. Default: 20 offences within a minute, for a minute, doubling up to a
   * day.
   */
  readonly ban?: BanOptions
  /**
   * When a whole network is banned. Default: 10 times the offences of an address; `false`: never.
   */
  readonly network?: NetworkBanOptions | false
  /** When requests are a burst, in this process; meanwhile `low` is shed. Default: never. */
  readonly burst?: BurstOptions
  /**
   * How much is taken in all, in this process; what is more important finds room longer. Default:
   * everything.
   */
  readonly capacity?: CapacityOptions
  /** Hears of each ban that this process brought about. */
  readonly onBanned?: (event: BannedEvent) => void | Promise<void>
}

/** See {@link DdosProtectionOptions.ban}. */
export interface BanOptions {
  /** Offences that bring a ban. Default 20. */
  readonly offences?: number
  /** Within which they must come. Default 1 min. */
  readonly window?: Duration
  /** The first ban; each further one is twice as long. Default 1 min. */
  readonly duration?: Duration
  /** The longest. Default 1 day. */
  readonly maxDuration?: Duration
  /** After this time without a ban the next one is a first again. Default 1 day. */
  readonly forget?: Duration
}

/** See {@link DdosProtectionOptions.network}. */
export interface NetworkBanOptions {
  /** Bits of an IPv4 network, 8 to 32. Default 24. */
  readonly ipv4?: number
  /** Bits of an IPv6 network, 16 to 64. Default 48. */
  readonly ipv6?: number
  /** Offences of all its addresses together that bring a ban. */
  readonly offences?: number
}

/** See {@link DdosProtectionOptions.burst}. */
export interface BurstOptions {
  /** How many times more than usual. Default 5. */
  readonly factor?: number
  /** In which requests are counted. Default 10 s. */
  readonly interval?: Duration
  /** Requests an interval below which nothing is a burst. Default 100. */
  readonly minimum?: number
}

/** See {@link DdosProtectionOptions.capacity}. */
export interface CapacityOptions {
  /**
   * Requests a window, from 10. Of them a tenth is kept for what is critical, half is all that
   * `low` may use.
   */
  readonly limit: number
  readonly window: Duration
}

/** An address or a network was banned. */
export interface BannedEvent {
  /** `ip:203.0.113.7`, `ip:2001:db8:1:2::/64`, or the network's; personal data. */
  readonly key: string
  readonly forMs: number
}

/** What `DdosProtection` decides about a request. */
export interface ProtectionDecision {
  readonly allowed: boolean
  /** Why not: it is on the deny list, it is banned, or there is too much. */
  readonly reason: 'denied-address' | 'banned' | 'shed' | null
  /** Whether the address is on the allow list, so that no limit is meant for it. */
  readonly isTrusted: boolean
  /** Until it may be tried again, ms; 0 where it passed or never may. */
  readonly retryAfterMs: number
}
