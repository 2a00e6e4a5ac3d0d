import { checkDuration, checkInteger } from '../../../primitives/check-range.ts'
import type { Duration } from '../../../primitives/duration.ts'
import type { RateLimitStore } from '../../../runtime/ports/rate-limit-store/rate-limit-store.ts'
import { compareMoney, readMoney, type Money, type MoneyInput } from '../money/money.ts'

/** What to do about a payment, from harmless to worst. */
export type FraudAction = 'allow' | 'challenge' | 'review' | 'block'

/** What is known of who pays, for the rules alone: it is not kept and not sent to the provider. */
export interface FraudSignals {
  readonly customer?: string
  readonly ip?: string
  readonly email?: string
  readonly device?: string
  /** Two letters, of the card or account. */
  readonly paymentCountry?: string
  /** Two letters, of the address or the connection. */
  readonly customerCountry?: string
}

/** One payment as rules see it. */
export interface FraudSubject extends FraudSignals {
  readonly amount: Money
}

/** A rule: what it does, and when. */
export type FraudRule =
  /** More than `limit` payments in a `window` by the same customer, address, e-mail or device. */
  | {
      readonly type: 'velocity'
      readonly by: 'customer' | 'ip' | 'email' | 'device'
      readonly limit: number
      readonly window: Duration
      readonly action: FraudAction
    }
  /** At least this much; payments in other currencies are not touched. */
  | { readonly type: 'amount'; readonly atLeast: MoneyInput; readonly action: FraudAction }
  /** Card and customer are of different countries. */
  | { readonly type: 'country_mismatch'; readonly action: FraudAction }
  /** The card's or the customer's country is one of these. */
  | {
      readonly type: 'country'
      readonly countries: readonly string[]
      readonly action: FraudAction
    }
  /** One of these, letter for letter but for capitals. */
  | {
      readonly type: 'list'
      readonly by: 'customer' | 'ip' | 'email' | 'device'
      readonly values: readonly string[]
      readonly action: FraudAction
    }
  /**
   * Your own. What it throws ends the payment: a rule that cannot be asked must not let it through.
   */
  | {
      readonly type: 'custom'
      readonly name: string
      readonly decide: (subject: FraudSubject) => FraudAction | Promise<FraudAction>
    }

/** What the rules say together: the worst of them, with the names of those that spoke. */
export interface FraudDecision {
  readonly action: FraudAction
  readonly reasons: readonly string[]
}

/** Judges payments by rules. */
export interface FraudCheck {
  /** @param paymentId Counts once for velocity rules, however often it is asked about */
  decide(subject: FraudSubject, paymentId: string): Promise<FraudDecision>
}

const ORDER: readonly FraudAction[] = ['allow', 'challenge', 'review', 'block']
const MAX_WINDOW_MS = 366 * 86_400_000

/**
 * Makes a check of rules. A rule whose signal is missing says nothing.
 *
 * @throws RangeError or TypeError when a rule is not as it should be
 */
export function createFraudCheck(
  rules: readonly FraudRule[],
  rateLimits: RateLimitStore,
): FraudCheck {
  const checked = rules.map(checkRule)
  return {
    async decide(subject, paymentId) {
      const reasons: string[] = []
      let worst: FraudAction = 'allow'
      for (const rule of checked) {
        const action = await rule(subject, rateLimits, paymentId)
        if (action === null || action === 'allow') continue
        reasons.push(rule.reason)
        if (ORDER.indexOf(action) > ORDER.indexOf(worst)) worst = action
      }
      return { action: worst, reasons }
    },
  }
}

const SUBJECTS: readonly string[] = ['customer', 'ip', 'email', 'device']

type CheckedRule = ((
  subject: FraudSubject,
  rateLimits: RateLimitStore,
  paymentId: string,
) => Promise<FraudAction | null>) & { readonly reason: string }

function checkRule(rule: FraudRule, index: number): CheckedRule {
  const action = 'check payments'
  const decided = 'action' in rule ? rule.action : 'allow'
  if (!ORDER.includes(decided))
    throw new RangeError(
      `Cannot ${action}: rule ${index} has action ${JSON.stringify(decided)}, ${ORDER.join(', ')} allowed`,
    )
  if ('by' in rule && !SUBJECTS.includes(rule.by))
    throw new RangeError(
      `Cannot ${action}: rule ${index} goes by ${JSON.stringify(rule.by)}, ${SUBJECTS.join(', ')} allowed`,
    )
  switch (rule.type) {
    case 'velocity': {
      const limit = checkInteger(action, `rule ${index} limit`, rule.limit, 1, 1_000_000)
      const windowMs = checkDuration(
        action,
        `rule ${index} window`,
        rule.window,
        1000,
        MAX_WINDOW_MS,
      )
      return named(`velocity:${rule.by}`, async (subject, rateLimits, operation) => {
        const value = subject[rule.by]
        if (value === undefined) return null
        const [decision] = await rateLimits.consume(
          `payments:${rule.by}:${await shortened(value)}`,
          [{ algorithm: 'gcra', name: `${limit}-${windowMs}`, limit, windowMs }],
          { operation },
        )
        return decision?.allowed === false ? decided : null
      })
    }
    case 'amount': {
      const atLeast = readMoney(rule.atLeast)
      return named('amount', async ({ amount }) =>
        amount.currency === atLeast.currency && compareMoney(amount, atLeast) >= 0 ? decided : null,
      )
    }
    case 'country_mismatch':
      return named('country_mismatch', async ({ paymentCountry, customerCountry }) =>
        paymentCountry !== undefined &&
        customerCountry !== undefined &&
        paymentCountry.toUpperCase() !== customerCountry.toUpperCase()
          ? decided
          : null,
      )
    case 'country': {
      const countries = new Set(rule.countries.map((country) => country.toUpperCase()))
      return named('country', async ({ paymentCountry, customerCountry }) =>
        [paymentCountry, customerCountry].some(
          (country) => country !== undefined && countries.has(country.toUpperCase()),
        )
          ? decided
          : null,
      )
    }
    case 'list': {
      const values = new Set(rule.values.map((value) => value.toLowerCase()))
      return named(`list:${rule.by}`, async (subject) => {
        const value = subject[rule.by]
        return value !== undefined && values.has(value.toLowerCase()) ? decided : null
      })
    }
    case 'custom':
      return named(rule.name, async (subject) => rule.decide(subject))
    default:
      throw new TypeError(`Cannot ${action}: rule ${index} has no type that is known`)
  }
}

function named(
  reason: string,
  decide: (
    subject: FraudSubject,
    rateLimits: RateLimitStore,
    paymentId: string,
  ) => Promise<FraudAction | null>,
): CheckedRule {
  return Object.assign(decide, { reason })
}

/** Subjects of limits are kept: no e-mail or address must be readable in them. */
async function shortened(value: string): Promise<string> {
  const bytes = new TextEncoder().encode(value.toLowerCase())
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
  return Array.from(digest.subarray(0, 16), (byte) => byte.toString(16).padStart(2, '0')).join('')
}
