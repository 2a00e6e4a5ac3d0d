import { canonicalJson } from '../../../primitives/canonical-json.ts'
import { readMoney, type MoneyInput } from '../money/money.ts'
import { deriveKey } from '../operations/derive-id.ts'
import {
  checkKeys,
  checkOperationId,
  checkToken,
  checkUrl,
  invalid,
} from '../operations/check-request.ts'
import {
  findProvider,
  handleOf,
  isCertainlyUndone,
  isIndeterminate,
  keepSeen,
  withPaymentId,
  type PaymentContext,
} from '../payment-context.ts'
import { PaymentError } from '../payment-error.ts'
import type { ProviderCall, ProviderPayment } from '../providers/provider-payment.ts'
import { attempt, nextAttempt, paidOrDeclined } from './create-payment.ts'
import type { Payment } from './payment.ts'
import { paymentOf, type OperationEntry, type PaymentRecord } from './payment-record.ts'
import { notFound } from './payment-store.ts'

/** Options of everything that changes a payment. */
export interface PaymentChangeOptions {
  /** Names this very operation: asking again under it does it once. */
  readonly operationId: string
  readonly signal?: AbortSignal | undefined
}

/** Options of `capturePayment()`. */
export interface CaptureOptions extends PaymentChangeOptions {
  /** Default: all that is authorized and not captured. */
  readonly amount?: MoneyInput | undefined
}

/** Options of `confirmPayment()`. */
export interface ConfirmOptions extends PaymentChangeOptions {
  /** Another token than before, after a decline or a verification. */
  readonly paymentMethod?: string | undefined
  readonly returnUrl?: string | undefined
}

/** One change, as {@link runOperation} carries it out. */
interface Operation {
  readonly id: string
  readonly kind: OperationEntry['kind']
  readonly operationId: string
  readonly fingerprint: string
  readonly amount?: string
  readonly signal: AbortSignal | undefined
  /** @throws PaymentError when the payment, as it stands, cannot be changed so */
  check(record: PaymentRecord): void
  /** Whether the payment, as it stands, has been changed so already. */
  isDone(record: PaymentRecord, begun: OperationEntry): boolean
  call(record: PaymentRecord, call: ProviderCall): Promise<ProviderPayment>
}

/** @throws PaymentError */
export async function capturePayment(
  context: PaymentContext,
  id: string,
  options: CaptureOptions,
): Promise<Payment> {
  const action = 'capture payment'
  checkKeys(action, options, ['operationId', 'amount', 'signal'])
  const operationId = checkOperationId(action, options.operationId)
  const wanted = options.amount === undefined ? null : readMoney(options.amount)
  if (wanted !== null && wanted.minor <= 0n) throw invalid(action, 'the amount is 0 or less')
  const record = await readRecord(context, id)
  const { provider } = findProvider(context, action, record.provider)
  if (wanted !== null && wanted.currency !== record.currency)
    throw invalid(action, `the amount is in ${wanted.currency}, the payment in ${record.currency}`)
  if (wanted !== null) provider.checkAmount(wanted)
  const { partialCapture, multipleCaptures } = provider.capabilities
  return runOperation(context, {
    id,
    kind: 'capture',
    operationId,
    fingerprint: canonicalJson(wanted?.toJSON() ?? null),
    ...(wanted !== null && { amount: wanted.minor.toString() }),
    signal: options.signal,
    check(present) {
      const open = openAuthorization(present)
      if (present.state !== 'requires_capture' || open <= 0n) throw wrongState(action, present)
      if (wanted === null) return
      if (wanted.minor > open)
        throw new PaymentError(
          'conflict',
          `Cannot ${action}: more is asked for than is authorized and not being captured`,
          { paymentId: id, provider: present.provider },
        )
      if (wanted.minor < open && !partialCapture)
        throw new PaymentError('unsupported', `Cannot ${action}: ${provider.name} captures all`)
      if (BigInt(present.captured) > 0n && !multipleCaptures)
        throw new PaymentError('unsupported', `Cannot ${action}: ${provider.name} captures once`)
    },
    isDone: (present, { before = '0', amount }) =>
      BigInt(present.captured) >= BigInt(before) + BigInt(amount ?? '1'),
    call: (present, call) => provider.capturePayment(handleOf(present), wanted, call),
  })
}

/** @throws PaymentError */
export async function cancelPayment(
  context: PaymentContext,
  id: string,
  options: PaymentChangeOptions,
): Promise<Payment> {
  const action = 'cancel payment'
  checkKeys(action, options, ['operationId', 'signal'])
  const operationId = checkOperationId(action, options.operationId)
  const record = await readRecord(context, id)
  const { provider } = findProvider(context, action, record.provider)
  if (record.reference === null && record.state !== 'indeterminate') {
    // The provider does not have it: it was declined, and nobody tried again.
    const { before, after } = await context.store.change(
      id,
      { action: 'cancel', cause: operationId },
      (present) =>
        present.reference === null && present.state !== 'indeterminate'
          ? { ...present, state: 'canceled', nextAction: null }
          : null,
    )
    await context.changed(before, after)
    return paymentOf(after)
  }
  return runOperation(context, {
    id,
    kind: 'cancel',
    operationId,
    fingerprint: '',
    signal: options.signal,
    check(present) {
      if (['succeeded', 'canceled', 'expired', 'indeterminate'].includes(present.state))
        throw wrongState(action, present)
    },
    // Canceled, or what was captured before is all that there will be.
    isDone: ({ state, captured }, { before }) =>
      state === 'canceled' || (state === 'succeeded' && captured === before),
    call: (present, call) => provider.cancelPayment(handleOf(present), call),
  })
}

/** @throws PaymentError */
export async function confirmPayment(
  context: PaymentContext,
  id: string,
  options: ConfirmOptions,
): Promise<Payment> {
  const action = 'confirm payment'
  checkKeys(action, options, ['operationId', 'paymentMethod', 'returnUrl', 'signal'])
  const operationId = checkOperationId(action, options.operationId)
  const paymentMethod = checkToken(action, 'paymentMethod', options.paymentMethod)
  const returnUrl = checkUrl(action, 'returnUrl', options.returnUrl)
  const record = await readRecord(context, id)
  const { provider } = findProvider(context, action, record.provider)
  const fingerprint = canonicalJson([paymentMethod ?? null, returnUrl ?? null])
  if (record.reference === null) {
    const confirmation = { operation: await deriveKey('confirm', operationId), fingerprint }
    return confirmAnew(context, record, confirmation, { paymentMethod, signal: options.signal })
  }
  return runOperation(context, {
    id,
    kind: 'confirm',
    operationId,
    fingerprint,
    signal: options.signal,
    check(present) {
      const waits = [
        'requires_payment_method',
        'requires_confirmation',
        'requires_action',
        'failed',
      ]
      if (!waits.includes(present.state)) throw wrongState(action, present)
    },
    isDone: ({ state }) => ['processing', 'requires_capture', 'succeeded'].includes(state),
    call: (present, call) =>
      provider.confirmPayment(handleOf(present), { paymentMethod, returnUrl }, call),
  })
}

/** A provider that keeps nothing of a declined attempt gets a new one, under another key. */
async function confirmAnew(
  context: PaymentContext,
  record: PaymentRecord,
  confirmation: NonNullable<PaymentRecord['confirmation']>,
  { paymentMethod, signal }: Pick<ConfirmOptions, 'paymentMethod' | 'signal'>,
): Promise<Payment> {
  const known = record.confirmation
  const isRepeated = known?.operation === confirmation.operation
  if (isRepeated && known.fingerprint !== confirmation.fingerprint)
    throw new PaymentError(
      'conflict',
      'Cannot confirm payment: the operation id was used before for something else',
      { paymentId: record.id, provider: record.provider },
    )
  if (record.state === 'indeterminate') return attempt(context, record, signal, false)
  if (isRepeated && record.decline !== null) return paidOrDeclined(paymentOf(record), true)
  if (paymentMethod === undefined)
    throw invalid(
      'confirm payment',
      'the last attempt was declined, another paymentMethod expected',
    )
  if (!['requires_payment_method', 'requires_action', 'failed'].includes(record.state))
    throw wrongState('confirm payment', record)
  const again = await nextAttempt(context, record, {
    request: { ...record.request, paymentMethod, confirm: true },
    decline: null,
    nextAction: null,
    confirmation,
  })
  return attempt(context, again.record, signal, again.isOurs)
}

/**
 * Carries out one change, once for each operation id, and keeps what is needed to go on with it.
 *
 * It is noted before the call. A definite no takes the note back; a lost answer leaves it, and the
 * payment `indeterminate`, until the same operation is asked for again or `reconcile()` finds out.
 */
async function runOperation(context: PaymentContext, operation: Operation): Promise<Payment> {
  const { id, kind, signal, fingerprint } = operation
  const name = `${kind}:${await deriveKey(kind, operation.operationId)}`
  const cause = { cause: operation.operationId, amount: operation.amount ?? null }
  let resumed = false
  const { after: begun } = await context.store.change(id, { action: kind, ...cause }, (record) => {
    const known = record.operations[name]
    resumed = known !== undefined
    if (known !== undefined) {
      if (known.fingerprint === fingerprint) return null
      throw new PaymentError(
        'conflict',
        `Cannot ${kind} payment: the operation id was used before for something else`,
        { paymentId: id, provider: record.provider },
      )
    }
    operation.check(record)
    return {
      ...record,
      operations: {
        ...withoutOld(record.operations),
        [name]: {
          kind,
          fingerprint,
          state: 'started',
          ...(operation.amount !== undefined && { amount: operation.amount }),
          before: record.captured,
          startedAt: context.clock.now(),
        },
      },
    }
  })
  const note = begun.operations[name]
  if (note === undefined || note.state === 'done')
    return paidOrDeclined(paymentOf(begun), kind === 'confirm')
  const done = (record: PaymentRecord): PaymentRecord => ({
    ...record,
    operations: { ...record.operations, [name]: { ...note, state: 'done' } },
  })
  const { provider } = findProvider(context, kind, begun.provider)

  if (resumed) {
    // Its answer was lost, or it is under way elsewhere. What the provider has now tells.
    const seen = await provider.retrievePayment(handleOf(begun), { signal })
    const kept = await keepSeen(context, id, { action: 'reconcile', ...cause }, seen, 'reconcile')
    const present = await readRecord(context, id)
    if (operation.isDone(present, note)) {
      const { after } = await context.store.change(id, { action: `${kind}ed`, ...cause }, done)
      return paymentOf(after)
    }
    if (context.clock.now() - note.startedAt >= provider.capabilities.idempotencyMs) {
      await dropOperation(context, id, name, kind, cause)
      throw new PaymentError(
        'conflict',
        `Cannot ${kind} payment: it was not done, and the provider no longer knows this operation, a new operation id expected`,
        { paymentId: id, provider: kept.provider },
      )
    }
  }
  const idempotencyKey = await deriveKey(kind, id, operation.operationId)
  let answered: Payment
  try {
    const seen = await operation.call(begun, { idempotencyKey, signal })
    answered = await keepSeen(
      context,
      id,
      { action: `${kind} answered`, ...cause },
      seen,
      'reconcile',
      done,
    )
  } catch (error) {
    if (isIndeterminate(error)) {
      await context.store.change(id, { action: `${kind} unanswered`, ...cause }, (record) =>
        record.state === 'indeterminate' || record.state === 'succeeded'
          ? null
          : { ...record, state: 'indeterminate' },
      )
    } else if (isCertainlyUndone(error, resumed)) {
      await dropOperation(context, id, name, kind, cause, error)
    }
    throw withPaymentId(error, id)
  }
  return paidOrDeclined(answered, kind === 'confirm')
}

/** Takes the note of an operation back that certainly was not carried out. */
async function dropOperation(
  context: PaymentContext,
  id: string,
  name: string,
  kind: string,
  cause: { readonly cause: string; readonly amount: string | null },
  error?: unknown,
): Promise<void> {
  const code = error instanceof PaymentError ? error.code : null
  const decline = error instanceof PaymentError ? declineOf(error) : null
  const { before, after } = await context.store.change(
    id,
    { action: `${kind} refused`, ...cause, code },
    (record) => {
      const { [name]: dropped, ...operations } = record.operations
      if (dropped === undefined) return null
      return {
        ...record,
        operations,
        ...(decline !== null && { decline }),
        ...(decline !== null && kind === 'confirm' && { state: 'requires_payment_method' }),
      }
    },
  )
  await context.changed(before, after)
}

function declineOf({ code, declineCode, advice }: PaymentError): PaymentRecord['decline'] {
  if (code !== 'declined') return null
  return { code: declineCode ?? code, ...(advice !== undefined && { advice }) }
}

/** Authorized, less captured, less captures that are under way. */
function openAuthorization(record: PaymentRecord): bigint {
  let open = BigInt(record.authorized) - BigInt(record.captured)
  for (const { kind, state, amount, before = '0' } of Object.values(record.operations)) {
    if (kind !== 'capture' || state === 'done') continue
    // What it captures may be known already, though its answer is not.
    const seen = BigInt(record.captured) - BigInt(before)
    const whole = amount === undefined ? open : BigInt(amount)
    open -= whole > seen ? whole - seen : 0n
  }
  return open
}

const KEPT_OPERATIONS = 50

/** Operations that are done are remembered for repetitions, the latest ones only. */
function withoutOld(operations: PaymentRecord['operations']): PaymentRecord['operations'] {
  const entries = Object.entries(operations)
  if (entries.length < KEPT_OPERATIONS) return operations
  const oldest = entries
    .filter(([, { state }]) => state === 'done')
    .toSorted(([, a], [, b]) => a.startedAt - b.startedAt)[0]
  return Object.fromEntries(entries.filter((entry) => entry !== oldest))
}

async function readRecord({ store }: PaymentContext, id: string): Promise<PaymentRecord> {
  const record = typeof id === 'string' ? await store.read(id) : null
  if (record === null) throw notFound(id)
  return record
}

function wrongState(action: string, record: PaymentRecord): PaymentError {
  return new PaymentError('conflict', `Cannot ${action}: its state is ${record.state}`, {
    paymentId: record.id,
    provider: record.provider,
  })
}
