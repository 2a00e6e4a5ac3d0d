import type { Json } from '../../../runtime/ports/json.ts'
import type { Money } from '../money/money.ts'
import type { NextAction, PaymentState, ProviderRisk } from '../providers/provider-payment.ts'

/** A payment, whoever carries it out. */
export interface Payment {
  /** Ours; the same operation id always gives the same one. */
  readonly id: string
  /** The provider's name, as in `createPayments({ providers })`. */
  readonly provider: string
  /** The provider's id; `null` until it is known. */
  readonly reference: string | null
  readonly state: PaymentState
  /** Asked for. */
  readonly amount: Money
  readonly amounts: PaymentAmounts
  /** What can still be given back: captured, less refunded, less refunds on their way. */
  readonly refundable: Money
  /** It succeeded, and less arrived than was asked for. */
  readonly underpaid: boolean
  readonly nextAction: NextAction | null
  /** Why the last attempt was declined. */
  readonly decline: { readonly code: string; readonly advice?: string | undefined } | null
  readonly risk: ProviderRisk
  readonly metadata: Readonly<Record<string, string>>
  /** ms since 1970. */
  readonly createdAt: number
  readonly updatedAt: number
  /** Grows with every change. */
  readonly version: number
  /** The provider's own object, as last seen. May hold personal data: keep it out of logs. */
  readonly raw: Json
}

/** What became of the money, apart from the state: each grows on its own. */
export interface PaymentAmounts {
  readonly authorized: Money
  readonly captured: Money
  readonly refunded: Money
  /** In disputes that are open or lost. */
  readonly disputed: Money
}
