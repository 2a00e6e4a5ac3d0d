import { checkInteger } from '../../../primitives/check-range.ts'
import type { Idempotency } from '../../../runtime/coordination/idempotency/idempotency.ts'
import { offered } from '../customers/customers.ts'
import { readMoney, type MoneyInput } from '../money/money.ts'
import { callOnce } from '../operations/call-once.ts'
import {
  checkKeys,
  checkMetadata,
  checkOperationId,
  checkText,
  checkToken,
  invalid,
} from '../operations/check-request.ts'
import { findProvider, type PaymentContext } from '../payment-context.ts'
import type { InvoiceCalls, ProviderInvoice } from '../providers/provider-billing.ts'
import type { ProviderCall } from '../providers/provider-payment.ts'

/** What is invoiced. */
export interface NewInvoice {
  readonly operationId: string
  readonly provider?: string | undefined
  /** The provider's id of the customer. */
  readonly customer: string
  /** 1 to 100, all in one currency. */
  readonly lines: readonly { readonly description: string; readonly amount: MoneyInput }[]
  /** The provider's id of a subscription that it goes with. */
  readonly subscription?: string | undefined
  /** Default: the provider's. */
  readonly daysUntilDue?: number | undefined
  readonly metadata?: Readonly<Record<string, string>> | undefined
  readonly signal?: AbortSignal | undefined
}

/** Options of what changes an invoice. */
export interface InvoiceChangeOptions {
  readonly operationId: string
  readonly provider?: string | undefined
  readonly signal?: AbortSignal | undefined
}

/** Invoices at whichever provider. */
export interface Invoices {
  /** A draft, with all its lines. */
  create(request: NewInvoice): Promise<ProviderInvoice>
  retrieve(
    reference: string,
    options?: { readonly provider?: string | undefined },
  ): Promise<ProviderInvoice>
  /** The draft becomes final, and is sent where the provider does that. */
  finalize(reference: string, options: InvoiceChangeOptions): Promise<ProviderInvoice>
  /** Collects it from the customer's saved means of payment. */
  pay(reference: string, options: InvoiceChangeOptions): Promise<ProviderInvoice>
  void(reference: string, options: InvoiceChangeOptions): Promise<ProviderInvoice>
}

const KEYS = [
  'operationId',
  'provider',
  'customer',
  'lines',
  'subscription',
  'daysUntilDue',
  'metadata',
  'signal',
]

export function createInvoices(context: PaymentContext, idempotency: Idempotency): Invoices {
  const change = async (
    action: string,
    reference: string,
    options: InvoiceChangeOptions,
    call: (calls: InvoiceCalls, call: ProviderCall) => Promise<ProviderInvoice>,
  ): Promise<ProviderInvoice> => {
    checkKeys(action, options, ['operationId', 'provider', 'signal'])
    const { name, provider } = findProvider(context, action, options.provider)
    const calls = offered(action, provider.invoices)
    if (checkToken(action, 'the id', reference) === undefined)
      throw invalid(action, 'the id of the invoice is missing')
    return callOnce(idempotency, {
      action,
      provider: name,
      operationId: checkOperationId(action, options.operationId),
      request: reference,
      signal: options.signal,
      call: (once) => call(calls, once),
    })
  }
  return {
    async create(request) {
      const action = 'create invoice'
      checkKeys(action, request, KEYS)
      const { name, provider } = findProvider(context, action, request.provider)
      const calls = offered(action, provider.invoices)
      const customer = checkToken(action, 'customer', request.customer)
      if (customer === undefined) throw invalid(action, 'customer is missing')
      if (!Array.isArray(request.lines) || request.lines.length < 1 || request.lines.length > 100)
        throw invalid(action, '1 to 100 lines expected')
      const given: NewInvoice['lines'] = request.lines
      const lines = given.map(({ description, amount }) => {
        const money = readMoney(amount)
        provider.checkAmount(money)
        return {
          description: checkText(action, 'a line’s description', description, 500) ?? '',
          amount: money,
        }
      })
      if (new Set(lines.map(({ amount }) => amount.currency)).size > 1)
        throw invalid(action, 'its lines are in several currencies')
      const { daysUntilDue } = request
      if (daysUntilDue !== undefined) checkInteger(action, 'daysUntilDue', daysUntilDue, 0, 365)
      const asked = {
        customer,
        lines,
        subscription: checkToken(action, 'subscription', request.subscription),
        daysUntilDue,
        metadata: checkMetadata(action, request.metadata),
      }
      return callOnce(idempotency, {
        action,
        provider: name,
        operationId: checkOperationId(action, request.operationId),
        request: asked,
        signal: request.signal,
        call: (call) => calls.create(asked, call),
      })
    },
    async retrieve(reference, { provider } = {}) {
      const action = 'retrieve invoice'
      return offered(action, findProvider(context, action, provider).provider.invoices).retrieve(
        reference,
        {},
      )
    },
    finalize: (reference, options) =>
      change('finalize invoice', reference, options, (calls, call) =>
        calls.finalize(reference, call),
      ),
    pay: (reference, options) =>
      change('pay invoice', reference, options, (calls, call) =>
        offered('pay invoice', calls.pay).call(calls, reference, call),
      ),
    void: (reference, options) =>
      change('void invoice', reference, options, (calls, call) => calls.void(reference, call)),
  }
}
