import type { Backend } from '../../../../src/runtime/ports/backend.ts'
import type { Clock } from '../../../../src/runtime/ports/platform/clock.ts'
import { createPayments, money, type Payments } from '../../../../src/services/payments/index.ts'
import type { PaymentsOptions } from '../../../../src/services/payments/payments.ts'
import {
  PaymentError,
  type PaymentErrorCode,
} from '../../../../src/services/payments/payment-error.ts'
import {
  sandbox,
  SANDBOX_METHODS,
  type Sandbox,
} from '../../../../src/services/payments/providers/sandbox.ts'

/** A backend to pay on, with the clock of the process beside it. */
export interface PaymentHarness {
  open(): Promise<Backend>
  readonly clock: Clock
  advance(ms: number): Promise<void>
}

/** One process that takes payments at a sandbox that others may share. */
export interface PaymentFixture {
  readonly backend: Backend
  readonly provider: Sandbox
  readonly payments: Payments
  /** Another process at the same store and provider. */
  another(options?: Partial<PaymentsOptions>): Payments
}

export const EUR_50 = money('50.00', 'EUR')
export const { success, declined, threeDSecure, processing, lostAnswer } = SANDBOX_METHODS

/** Opens an empty backend with an empty sandbox. */
export async function openPayments(
  harness: PaymentHarness,
  options: Partial<PaymentsOptions> = {},
  sandboxOptions: Parameters<typeof sandbox>[0] = {},
): Promise<PaymentFixture> {
  const backend = await harness.open()
  const provider = sandbox(sandboxOptions)
  const another = (more: Partial<PaymentsOptions> = {}): Payments =>
    createPayments({
      backend,
      providers: { sandbox: provider },
      clock: harness.clock,
      ...options,
      ...more,
    })
  return { backend, provider, payments: another(), another }
}

/** The id of the payment that a call has begun and failed at. */
export async function idOfFailed(act: () => Promise<unknown>): Promise<string> {
  try {
    await act()
  } catch (error) {
    if (error instanceof PaymentError && error.paymentId !== undefined) return error.paymentId
    throw error
  }
  throw new Error('Expected a failure')
}

/** For `expectRejection()`: a PaymentError of this code. */
export function isPaymentError(code: PaymentErrorCode): (error: unknown) => boolean {
  return (error) => error instanceof PaymentError && error.code === code
}
