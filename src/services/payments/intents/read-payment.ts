import type { PaymentContext } from '../payment-context.ts'
import { refundsOf, type Refund } from '../refunds/refund.ts'
import { paymentOf, type PaymentRecord } from './payment-record.ts'
import { notFound } from './payment-store.ts'
import type { Payment } from './payment.ts'

/** @throws PaymentError `not_found` */
export async function readPayment(context: PaymentContext, id: string): Promise<Payment> {
  return paymentOf(await readRecord(context, id))
}

/** @throws PaymentError `not_found` when there is no such payment */
export async function listRefunds(
  context: PaymentContext,
  paymentId: string,
): Promise<readonly Refund[]> {
  return refundsOf(await readRecord(context, paymentId))
}

async function readRecord({ store }: PaymentContext, id: string): Promise<PaymentRecord> {
  const record = typeof id === 'string' ? await store.read(id) : null
  if (record === null) throw notFound(id)
  return record
}
