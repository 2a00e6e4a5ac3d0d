import { checkExchange, encodeChildren, encodeJson, type EncodedJob } from './job-limits.ts'
import type { Exchange } from './job-store.ts'
import type { JobOutcome } from './job-outcome.ts'
import type { Json } from '../json.ts'

/** A checked copy of an exchange, which its caller can no longer change. */
export interface ExchangeOrder {
  readonly settle: readonly SettlementOrder[]
  readonly extend: readonly {
    readonly id: string
    readonly token: number
    readonly leaseMs: number
    readonly progress: string | null
  }[]
  readonly claim: Exchange['claim']
}

interface SettlementOrder {
  readonly id: string
  readonly token: number
  readonly outcome: OrderedOutcome
}

/** An outcome whose values are checked and copied. */
export type OrderedOutcome =
  | Exclude<JobOutcome, { readonly to: 'blocked' }>
  | { readonly to: 'blocked'; readonly children: readonly EncodedJob[]; readonly data?: Json }

/** @throws RangeError or TypeError when the exchange is over the limits */
export function orderOfExchange(exchange: Exchange): ExchangeOrder {
  checkExchange(exchange)
  const { settle = [], extend = [], claim } = exchange
  return {
    settle: settle.map(({ id, token, outcome }) => ({ id, token, outcome: copyOf(outcome) })),
    extend: extend.map(({ id, token, leaseMs, progress }) => ({
      id,
      token,
      leaseMs,
      progress: progress === undefined ? null : encodeJson('progress', progress),
    })),
    claim: claim === undefined ? undefined : { ...claim },
  }
}

function copyOf(outcome: JobOutcome): OrderedOutcome {
  switch (outcome.to) {
    case 'completed':
      return { to: 'completed', result: copyOfJson('result', outcome.result ?? null) }
    case 'dead':
    case 'parked':
      return { to: outcome.to, error: copyOfJson('error', outcome.error) }
    case 'cancelled':
      return { to: 'cancelled' }
    case 'blocked': {
      const { children, data } = outcome
      return {
        to: 'blocked',
        children: encodeChildren(children),
        ...(data !== undefined && { data: copyOfJson('data', data) }),
      }
    }
    case 'scheduled': {
      const { delayMs, refund = false, error, data } = outcome
      return {
        to: 'scheduled',
        delayMs: Math.ceil(delayMs),
        refund,
        ...(error !== undefined && { error: copyOfJson('error', error) }),
        ...(data !== undefined && { data: copyOfJson('data', data) }),
      }
    }
  }
}

function copyOfJson(what: string, value: Json): Json {
  // Text that JSON.stringify made of a Json value.
  return value === null ? null : (JSON.parse(encodeJson(what, value)) as Json)
}
