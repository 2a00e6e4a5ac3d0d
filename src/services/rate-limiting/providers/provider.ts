/** A rate limiter of somebody else, and what it can and cannot do. */
export interface ForeignLimiter {
  readonly capabilities: ForeignCapabilities
  /**
   * Takes one unit of the key's budget, or `cost` where the limiter can.
   *
   * @throws RangeError when the key or the cost is one that it cannot take
   */
  check(key: string, options?: { readonly cost?: number }): Promise<ForeignOutcome>
}

/** What a foreign limiter can do; see the docs for how far. */
export interface ForeignCapabilities {
  /** Whether never more than the limit passes. */
  readonly exact: boolean
  /** Whether requests may cost more than 1. */
  readonly cost: boolean
  /** Whether it says what is left and when it is reset. */
  readonly numbers: boolean
}

/** What a foreign limiter says; `null` is what it does not say. Nothing is made up. */
export interface ForeignOutcome {
  readonly allowed: boolean
  readonly limit: number | null
  readonly remaining: number | null
  /** ms since 1970. */
  readonly resetAt: number | null
  readonly retryAfterMs: number | null
  /** `failure`: it did not answer, and `onError` decided. */
  readonly decidedBy: 'store' | 'failure'
}

/** What holds while a foreign limiter fails. */
export interface ForeignOptions {
  /** Default `deny`. */
  readonly onError?: 'allow' | 'deny'
  /** Hears why it failed. Default: nobody. */
  readonly onFailure?: (error: unknown) => void
}

/** @throws RangeError when a key is empty or too long */
export function checkForeignKey(key: string): void {
  if (typeof key === 'string' && key.length >= 1 && key.length <= 512 && key.isWellFormed()) return
  throw new RangeError(
    'Cannot check rate limit: the key is malformed, 1 to 512 characters of well-formed text expected',
  )
}

/** The answer of whoever failed. */
export function failedOutcome(options: ForeignOptions, error: unknown): ForeignOutcome {
  try {
    options.onFailure?.(error)
  } catch {
    // Nobody is left who could be told.
  }
  return {
    ...{ allowed: options.onError === 'allow', limit: null, remaining: null },
    ...{ resetAt: null, retryAfterMs: null, decidedBy: 'failure' },
  }
}

/** @throws TypeError or RangeError when an option is malformed */
export function checkForeignOptions(action: string, { onError, onFailure }: ForeignOptions): void {
  if (onError !== undefined && onError !== 'allow' && onError !== 'deny')
    throw new RangeError(`Cannot ${action}: onError is not known, allow or deny expected`)
  if (onFailure !== undefined && typeof onFailure !== 'function')
    throw new TypeError(`Cannot ${action}: onFailure is a ${typeof onFailure}, a function expected`)
}
