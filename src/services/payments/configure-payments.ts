import { NotConfiguredError } from '../../runtime/ports/not-configured-error.ts'
import { createPayments, type Payments, type PaymentsOptions } from './payments.ts'

let configured: Payments | undefined

/**
 * Chooses what the free functions of payments act on, once for the program.
 *
 * @param payments What `createPayments` made, or its options; `undefined` takes the choice back
 * @returns What was chosen
 * @example
 * configurePayments({ backend: memory(), providers: { sandbox: sandbox() } })
 */
export function configurePayments(payments: Payments | PaymentsOptions): Payments
export function configurePayments(payments: undefined): undefined
export function configurePayments(
  payments: Payments | PaymentsOptions | undefined,
): Payments | undefined {
  configured =
    payments === undefined || 'createPaymentIntent' in payments
      ? payments
      : createPayments(payments)
  return configured
}

/**
 * @param action What cannot be done without, as in `create payment`
 * @throws NotConfiguredError when nothing was configured
 */
export function configuredPayments(action: string): Payments {
  if (configured !== undefined) return configured
  throw new NotConfiguredError(action, 'configureInfrastructure({ payments: { providers: … } })')
}
