import type { PaymentRecord, RefundEntry } from '../intents/payment-record.ts'

/** A part of a refund: what one capture gives. */
export interface RefundPart {
  /** Absent where the provider does not give captures back one by one. */
  readonly capture?: string
  readonly amount: bigint
}

/**
 * Divides a refund among the captures of a payment: the smallest that can give all of it does,
 * otherwise the largest give first.
 *
 * @param amount Minor units, above 0
 * @returns `null` when the captures have not so much left
 */
export function splitRefund(record: PaymentRecord, amount: bigint): readonly RefundPart[] | null {
  if (record.captures === undefined) return [{ amount }]
  const lefts = Object.entries(record.captures)
    .map(([capture, kept]) => ({ capture, left: leftOf(record, capture, kept) }))
    .filter(({ left }) => left > 0n)
    .toSorted((a, b) => Number(b.left - a.left))
  const whole = lefts.findLast(({ left }) => left >= amount)
  if (whole !== undefined) return [{ capture: whole.capture, amount }]
  const parts: RefundPart[] = []
  let rest = amount
  for (const { capture, left } of lefts) {
    const given = left < rest ? left : rest
    if (given === 0n) break
    parts.push({ capture, amount: given })
    rest -= given
  }
  return rest === 0n ? parts : null
}

function leftOf(
  { refunds }: PaymentRecord,
  capture: string,
  { amount, refunded }: { readonly amount: string; readonly refunded: string },
): bigint {
  let given = 0n
  for (const entry of Object.values(refunds))
    if (entry.capture === capture && holds(entry)) given += BigInt(entry.amount)
  const told = BigInt(refunded)
  return BigInt(amount) - (told > given ? told : given)
}

function holds({ state }: RefundEntry): boolean {
  return state === 'asked' || state === 'pending' || state === 'succeeded'
}
