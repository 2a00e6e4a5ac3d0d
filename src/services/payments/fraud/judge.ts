import type { Money } from '../money/money.ts'
import { checkKeys, checkText, invalid } from '../operations/check-request.ts'
import type { PaymentContext } from '../payment-context.ts'
import { PaymentError } from '../payment-error.ts'
import type { PaymentProvider } from '../providers/provider.ts'
import type { FraudSignals } from './fraud-check.ts'

/** What rules may change of what is asked for. */
interface Judged {
  readonly paymentId: string
  readonly amount: Money
  readonly capture: 'automatic' | 'manual'
  readonly threeDSecure?: 'automatic' | 'challenge' | undefined
  readonly metadata: Readonly<Record<string, string>>
}

/**
 * Asks the rules about a payment before it is made.
 *
 * @returns What to ask the provider for
 * @throws PaymentError `blocked`, or `unsupported` where the provider cannot challenge
 */
export async function judge<Asked extends Judged>(
  context: Pick<PaymentContext, 'fraud'>,
  action: string,
  provider: PaymentProvider,
  given: FraudSignals | undefined,
  asked: Asked,
): Promise<Asked> {
  const judged = await decide(context, action, given, asked)
  // One that goes through without the challenge that was wanted would be worse than none.
  if (judged.threeDSecure !== 'challenge' || provider.capabilities.threeDSecure) return judged
  throw new PaymentError(
    'unsupported',
    `Cannot ${action}: ${provider.name} cannot be told to ask for 3-D Secure, that is decided in the browser`,
    { provider: provider.name },
  )
}

async function decide<Asked extends Judged>(
  { fraud }: Pick<PaymentContext, 'fraud'>,
  action: string,
  given: FraudSignals | undefined,
  asked: Asked,
): Promise<Asked> {
  if (fraud === null) {
    if (given === undefined) return asked
    throw invalid(
      action,
      'fraud signals are given but no rules, createPayments({ fraud: [...] }) expected',
    )
  }
  const signals = checkSignals(action, given)
  const decision = await fraud.decide({ ...signals, amount: asked.amount }, asked.paymentId)
  switch (decision.action) {
    case 'block':
      throw new PaymentError(
        'blocked',
        `Cannot ${action}: rules refuse it (${decision.reasons.join(', ')})`,
      )
    case 'review':
      return { ...asked, capture: 'manual', metadata: { ...asked.metadata, review: 'required' } }
    case 'challenge':
      return { ...asked, threeDSecure: 'challenge' }
    default:
      return asked
  }
}

const SIGNALS = ['customer', 'ip', 'email', 'device', 'paymentCountry', 'customerCountry'] as const

/** A signal that is misspelt would make its rules say nothing. */
function checkSignals(action: string, signals: FraudSignals = {}): FraudSignals {
  checkKeys(action, signals, SIGNALS)
  for (const name of SIGNALS) checkText(action, `fraud.${name}`, signals[name], 500)
  return signals
}
