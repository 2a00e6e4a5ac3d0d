import type { Json } from '../../../runtime/ports/json.ts'
import type { SubscriptionState } from '../providers/provider-billing.ts'
import type { NextAction } from '../providers/provider-payment.ts'

/** What a customer pays again and again. */
export interface Subscription {
  /** Ours; the same operation id always gives the same one. */
  readonly id: string
  readonly provider: string
  /** The provider's id; `null` while it is not known. */
  readonly reference: string | null
  readonly state: SubscriptionState | 'indeterminate'
  /** The provider's id of the plan or price. */
  readonly plan: string | null
  readonly quantity: number
  /** ms since 1970; `null` where the provider does not say. */
  readonly periodStart: number | null
  readonly periodEnd: number | null
  readonly trialEnd: number | null
  readonly cancelAtPeriodEnd: boolean
  readonly nextAction: NextAction | null
  readonly metadata: Readonly<Record<string, string>>
  readonly createdAt: number
  readonly updatedAt: number
  /** The provider's own object, as last seen. */
  readonly raw: Json
}
