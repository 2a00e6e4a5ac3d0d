import type { PaymentState } from '../providers/provider-payment.ts'

const FINAL: readonly PaymentState[] = ['succeeded', 'canceled', 'expired']

/** How far a payment has come, for messages of the same moment: the further one is right. */
const RANK: Readonly<Record<PaymentState, number>> = {
  indeterminate: -1,
  requires_payment_method: 0,
  requires_confirmation: 1,
  requires_action: 2,
  processing: 3,
  failed: 4,
  requires_capture: 5,
  expired: 6,
  canceled: 7,
  succeeded: 8,
}

/** Whether it is one of the states. */
export function isPaymentState(state: unknown): state is PaymentState {
  return typeof state === 'string' && Object.hasOwn(RANK, state)
}

/** What is known of a payment, as far as its state goes. */
export interface KnownState {
  readonly state: PaymentState
  /** When the provider last changed it, ms since 1970; `null` where it does not say. */
  readonly changedAt: number | null
}

/**
 * Decides which of two reports is to be believed: what is known, or what was just seen.
 *
 * Answers, the customer's return and webhooks tell of the same steps, late, twice and in any order,
 * and some never. What has ended stays. Before that a newer report counts, an older one only where
 * it is an end, and of two of the same moment the one that is further on. So the order in which
 * they arrive does not matter.
 *
 * @param source `reconcile`: asked of the provider to find out. Only that ends `indeterminate`
 * @returns The state to keep
 */
export function decideState(
  known: KnownState,
  seen: KnownState,
  source: 'report' | 'reconcile',
): PaymentState {
  if (seen.state === 'indeterminate' || seen.state === known.state) return known.state
  if (known.state === 'indeterminate') return source === 'reconcile' ? seen.state : known.state
  if (isFinal(known.state)) return known.state
  const age = ageOf(known, seen)
  if (age === 'newer') return seen.state
  if (age === 'older') return isFinal(seen.state) ? seen.state : known.state
  return RANK[seen.state] > RANK[known.state] || source === 'reconcile' ? seen.state : known.state
}

/** Whether nothing comes after it. */
export function isFinal(state: PaymentState): boolean {
  return FINAL.includes(state)
}

function ageOf(known: KnownState, seen: KnownState): 'newer' | 'older' | 'unknown' {
  if (known.changedAt === null || seen.changedAt === null) return 'unknown'
  if (known.changedAt === seen.changedAt) return 'unknown'
  return seen.changedAt > known.changedAt ? 'newer' : 'older'
}
