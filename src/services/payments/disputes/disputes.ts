import { checkInteger } from '../../../primitives/check-range.ts'
import type { Idempotency } from '../../../runtime/coordination/idempotency/idempotency.ts'
import { offered } from '../customers/customers.ts'
import { callOnce } from '../operations/call-once.ts'
import {
  checkKeys,
  checkOperationId,
  checkText,
  checkToken,
  invalid,
} from '../operations/check-request.ts'
import { findProvider, type PaymentContext } from '../payment-context.ts'
import type {
  DisputeCalls,
  DisputeEvidence,
  ProviderDispute,
} from '../providers/provider-billing.ts'

/** Options of what answers a dispute. */
export interface DisputeChangeOptions {
  readonly operationId: string
  readonly provider?: string | undefined
  readonly signal?: AbortSignal | undefined
}

/** A page of disputes; `cursor` asks for the next one, `null` where this is the last. */
export interface DisputePage {
  readonly disputes: readonly ProviderDispute[]
  readonly cursor: string | null
}

/** Disputes at whichever provider. */
export interface Disputes {
  /** @param options `limit`: 1 to 100, default 20 */
  list(options?: {
    readonly provider?: string | undefined
    readonly cursor?: string | undefined
    readonly limit?: number | undefined
  }): Promise<DisputePage>
  retrieve(
    reference: string,
    options?: { readonly provider?: string | undefined },
  ): Promise<ProviderDispute>
  /** Hands evidence in; what the provider takes no more afterwards cannot be changed. */
  submitEvidence(
    reference: string,
    evidence: DisputeEvidence,
    options: DisputeChangeOptions,
  ): Promise<ProviderDispute>
  /** Gives the money up. */
  accept(reference: string, options: DisputeChangeOptions): Promise<ProviderDispute>
}

const EVIDENCE = [
  'explanation',
  'customerName',
  'customerEmail',
  'productDescription',
  'shippingCarrier',
  'trackingNumber',
  'shippedAt',
  'refundPolicy',
  'cancellationPolicy',
  'serviceDate',
] as const

export function createDisputes(context: PaymentContext, idempotency: Idempotency): Disputes {
  const callsOf = (action: string, wanted: string | undefined): [string, DisputeCalls] => {
    const { name, provider } = findProvider(context, action, wanted)
    return [name, offered(action, provider.disputes)]
  }
  return {
    async list({ provider, cursor, limit = 20 } = {}) {
      const action = 'list disputes'
      const [, calls] = callsOf(action, provider)
      return calls.list({ cursor, limit: checkInteger(action, 'limit', limit, 1, 100) }, {})
    },
    async retrieve(reference, { provider } = {}) {
      const action = 'retrieve dispute'
      return callsOf(action, provider)[1].retrieve(required(action, reference), {})
    },
    async submitEvidence(reference, evidence, options) {
      const action = 'submit evidence'
      checkKeys(action, options, ['operationId', 'provider', 'signal'])
      checkKeys(action, evidence, EVIDENCE)
      for (const name of EVIDENCE) checkText(action, name, evidence[name], 20_000)
      if (Object.keys(evidence).length === 0) throw invalid(action, 'there is none')
      const [provider, calls] = callsOf(action, options.provider)
      const id = required(action, reference)
      return callOnce(idempotency, {
        action,
        provider,
        operationId: checkOperationId(action, options.operationId),
        request: [id, evidence],
        signal: options.signal,
        call: (call) => calls.submitEvidence(id, evidence, call),
      })
    },
    async accept(reference, options) {
      const action = 'accept dispute'
      checkKeys(action, options, ['operationId', 'provider', 'signal'])
      const [provider, calls] = callsOf(action, options.provider)
      const id = required(action, reference)
      return callOnce(idempotency, {
        action,
        provider,
        operationId: checkOperationId(action, options.operationId),
        request: id,
        signal: options.signal,
        call: (call) => calls.accept(id, call),
      })
    },
  }
}

function required(action: string, reference: string): string {
  const checked = checkToken(action, 'the id', reference)
  if (checked === undefined) throw invalid(action, 'the id of the dispute is missing')
  return checked
}
