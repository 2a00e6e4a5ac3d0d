import type { Idempotency } from '../../../runtime/coordination/idempotency/idempotency.ts'
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
import { PaymentError } from '../payment-error.ts'
import type {
  CustomerCalls,
  CustomerRequest,
  MethodCalls,
  ProviderCustomer,
  ProviderMethod,
} from '../providers/provider-billing.ts'

/** Who is to become a customer, or how one changes. */
export interface NewCustomer extends CustomerRequest {
  readonly operationId: string
  readonly provider?: string | undefined
  readonly signal?: AbortSignal | undefined
}

/** Customers at whichever provider. */
export interface Customers {
  create(request: NewCustomer): Promise<ProviderCustomer>
  retrieve(
    reference: string,
    options?: { readonly provider?: string | undefined },
  ): Promise<ProviderCustomer>
  update(reference: string, request: NewCustomer): Promise<ProviderCustomer>
}

/** Saved means of payment at whichever provider; tokens only. */
export interface PaymentMethods {
  /** @param token What the browser got from the provider */
  attach(
    customer: string,
    token: string,
    options: { readonly operationId: string; readonly provider?: string | undefined },
  ): Promise<ProviderMethod>
  list(
    customer: string,
    options?: { readonly provider?: string | undefined },
  ): Promise<readonly ProviderMethod[]>
  detach(
    reference: string,
    options: { readonly operationId: string; readonly provider?: string | undefined },
  ): Promise<void>
}

const KEYS = [
  'operationId',
  'provider',
  'signal',
  'id',
  'name',
  'email',
  'phone',
  'description',
  'metadata',
]

export function createCustomers(
  context: PaymentContext,
  idempotency: Idempotency,
): { readonly customers: Customers; readonly paymentMethods: PaymentMethods } {
  const customerCalls = (action: string, name: string | undefined): [string, CustomerCalls] => {
    const found = findProvider(context, action, name)
    return [found.name, offered(action, found.provider.customers)]
  }
  const methodCalls = (action: string, name: string | undefined): [string, MethodCalls] => {
    const found = findProvider(context, action, name)
    return [found.name, offered(action, found.provider.methods)]
  }
  return {
    customers: {
      async create(request) {
        const action = 'create customer'
        const customer = readCustomer(action, request)
        const [provider, calls] = customerCalls(action, request.provider)
        return callOnce(idempotency, {
          action,
          provider,
          operationId: checkOperationId(action, request.operationId),
          request: customer,
          signal: request.signal,
          call: (call) => calls.create(customer, call),
        })
      },
      async retrieve(reference, { provider } = {}) {
        const action = 'retrieve customer'
        const [, calls] = customerCalls(action, provider)
        return calls.retrieve(required(action, reference), {})
      },
      async update(reference, request) {
        const action = 'update customer'
        const customer = readCustomer(action, request)
        const [provider, calls] = customerCalls(action, request.provider)
        const id = required(action, reference)
        return callOnce(idempotency, {
          action,
          provider,
          operationId: checkOperationId(action, request.operationId),
          request: { id, ...customer },
          signal: request.signal,
          call: (call) => calls.update(id, customer, call),
        })
      },
    },
    paymentMethods: {
      async attach(customer, token, { operationId, provider: wanted }) {
        const action = 'attach payment method'
        const [provider, calls] = methodCalls(action, wanted)
        const owner = required(action, customer)
        const method = required(action, token)
        return callOnce(idempotency, {
          action,
          provider,
          operationId: checkOperationId(action, operationId),
          request: [owner, method],
          call: (call) => calls.attach(owner, method, call),
        })
      },
      async list(customer, { provider } = {}) {
        const action = 'list payment methods'
        const [, calls] = methodCalls(action, provider)
        return calls.list(required(action, customer), {})
      },
      async detach(reference, { operationId, provider: wanted }) {
        const action = 'detach payment method'
        const [provider, calls] = methodCalls(action, wanted)
        const method = required(action, reference)
        await callOnce(idempotency, {
          action,
          provider,
          operationId: checkOperationId(action, operationId),
          request: method,
          call: async (call) => {
            await calls.detach(method, call)
            return null
          },
        })
      },
    },
  }
}

function readCustomer(action: string, request: NewCustomer): CustomerRequest {
  checkKeys(action, request, KEYS)
  const texts = { id: 64, name: 200, email: 254, phone: 40, description: 500 } as const
  const checked = Object.entries(texts).flatMap(([name, most]) => {
    const text = checkText(action, name, request[name as keyof typeof texts], most)
    return text === undefined ? [] : [[name, text] as const]
  })
  return {
    ...Object.fromEntries(checked),
    ...(request.metadata !== undefined && { metadata: checkMetadata(action, request.metadata) }),
  }
}

function required(action: string, token: string): string {
  const checked = checkToken(action, 'the id', token)
  if (checked === undefined) throw invalid(action, "the provider's id of it is missing")
  return checked
}

/** @throws PaymentError `unsupported` when the provider does not offer it */
export function offered<Calls>(action: string, calls: Calls | undefined): Calls {
  if (calls !== undefined) return calls
  throw new PaymentError('unsupported', `Cannot ${action}: the provider does not offer that`)
}
