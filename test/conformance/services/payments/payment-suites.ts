import { suite, type Suite } from '../../suite.ts'
import { paymentCrashLaws } from './crash-laws.ts'
import type { PaymentHarness } from './fixture.ts'
import { paymentLaws } from './payment-laws.ts'
import { onceLaws } from './once-laws.ts'
import { repeatedCallLaws } from './repeated-call-laws.ts'

/** What payments promise on every backend. */
export function paymentSuites(adapter: string, harness: PaymentHarness): readonly Suite[] {
  return [
    suite(
      'Payments',
      adapter,
      [...paymentLaws, ...onceLaws, ...paymentCrashLaws, ...repeatedCallLaws],
      harness,
    ),
  ]
}
