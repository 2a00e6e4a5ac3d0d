import { mayAct } from '../access/dashboard-user.ts'
import { encodeHex } from '../../primitives/hex.ts'
import { sha256 } from '../../primitives/sha256.ts'
import { encodeUtf8 } from '../../primitives/utf8.ts'
import type { Payment, PaymentState } from '../../services/payments/index.ts'
import { minorMoney, money } from '../../services/payments/money/money.ts'
import type { DashboardServices } from '../dashboard-services.ts'
import type { Call, Page } from '../http/call.ts'
import { MissingPageError } from '../http/missing-page-error.ts'
import type { Route } from '../http/route.ts'
import { formatNumber, plural } from '../html/format.ts'
import { html, nothing, type Html } from '../html/html.ts'
import {
  actButton,
  badge,
  emptyState,
  facts,
  figure,
  findForm,
  formFields,
  instant,
  pager,
  pathTo,
  section,
  table,
  type Tone,
} from '../html/parts.ts'
import { shownText } from '../html/shown-text.ts'

const TONES: Readonly<Record<PaymentState, Tone>> = {
  requires_payment_method: 'idle',
  requires_confirmation: 'idle',
  requires_action: 'warn',
  processing: 'busy',
  requires_capture: 'busy',
  succeeded: 'good',
  canceled: 'idle',
  failed: 'bad',
  expired: 'idle',
  indeterminate: 'warn',
}

/** Payments: one and its history, refunds, disputes, and those whose outcome is not known. */
export function paymentRoutes(): readonly Route[] {
  return [
    { method: 'GET', path: '/payments', role: 'reader', handle: paymentsPage },
    { method: 'GET', path: '/payments/find', role: 'reader', handle: findPayment },
    {
      ...{ method: 'POST', path: '/payments/reconcile', role: 'operator' },
      ...{ act: 'payments.reconcile-all', target: () => 'payments' },
      ask: () => ({
        title: 'Ask the providers about payments whose outcome is not known?',
        body: html`<p>
          Up to 100 are looked at. Nothing is charged: only what has happened is found out.
        </p>`,
        button: 'Ask the providers',
      }),
      done: (count) => `${plural(count, 'payment was', 'payments were')} settled.`,
      async handle(call) {
        const { settled } = await paymentsOf(call).reconcileAll({ limit: 100 })
        return { to: '/payments', count: settled }
      },
    },
    { method: 'GET', path: '/payments/:id', role: 'reader', handle: paymentPage },
    {
      ...{ method: 'POST', path: '/payments/:id/reconcile', role: 'operator' },
      ...{ act: 'payments.reconcile', target: paymentTarget },
      done: () => 'The provider was asked, and this is what it says.',
      async handle(call) {
        await paymentsOf(call).reconcile(call.param('id'))
        return { to: `/payments/${encodeURIComponent(call.param('id'))}` }
      },
    },
    {
      ...{ method: 'POST', path: '/payments/:id/refund', role: 'admin' },
      ...{ act: 'payments.refund', target: paymentTarget },
      async ask(call) {
        const payment = await paymentsOf(call).retrievePayment(call.param('id'))
        const amount = amountOf(call, payment)
        return {
          title: `Refund ${amount.toJSON().amount} ${amount.currency}?`,
          body: html`<p>
            The money goes back to the payer through ${shownText(payment.provider)}. It cannot be
            taken back. ${shownMoney(payment.refundable)} can be refunded.
          </p>`,
          ...{ button: 'Refund it', destructive: true },
        }
      },
      done: () => 'The refund is under way.',
      async handle(call) {
        const id = call.param('id')
        const payments = paymentsOf(call)
        const payment = await payments.retrievePayment(id)
        await payments.refundPayment(id, {
          // Pressed twice on one page, it is one refund.
          operationId: `dashboard-${encodeHex(sha256(encodeUtf8(`${id} ${call.field('once')}`))).slice(0, 32)}`,
          amount: amountOf(call, payment),
          reason: 'requested_by_customer',
        })
        return { to: `/payments/${encodeURIComponent(id)}` }
      },
    },
  ]
}

function paymentTarget(call: Call): string {
  return `payment/${call.param('id')}`
}

/** @throws MissingPageError */
function paymentsOf(call: Call): NonNullable<DashboardServices['payments']> {
  const { payments } = call.services
  if (payments !== undefined) return payments
  throw new MissingPageError('There are no payments here.')
}

/** @throws RangeError when it is no amount */
function amountOf(call: Call, { refundable }: Payment): Payment['amount'] {
  const text = call.field('amount').trim()
  return text === '' ? refundable : money(text, refundable.currency)
}

function shownMoney(amount: Payment['amount']): string {
  return `${amount.toJSON().amount} ${amount.currency}`
}

async function paymentsPage(call: Call): Promise<Page> {
  const cursor = call.query('cursor')
  const payments = paymentsOf(call)
  const page = await payments.disputes
    .list({ limit: 50, ...(cursor !== '' && { cursor }) })
    .catch((error: unknown) => (error instanceof Error ? error.message : 'Disputes cannot be read'))
  return {
    ...{ title: 'Payments', section: 'payments' },
    body: html`${findForm(pathTo(call.view, 'payments', 'find'), {
      ...{ name: 'id', label: 'Payment id', longest: 200, placeholder: 'pay_…' },
    })}
    ${
      mayAct(call.user.role, 'operator')
        ? section(
            'Payments whose outcome is not known',
            html`<p class="hint">
              A provider that did not answer may have charged or not. The service asks by itself;
              this asks now.
            </p>`,
            actButton(call, {
              path: pathTo(call.view, 'payments', 'reconcile'),
              label: 'Reconcile now',
            }),
          )
        : nothing
    }
    ${section(
      'Disputes',
      typeof page === 'string'
        ? html`<p class="hint">${shownText(page, 200)}</p>`
        : html`${table({
            caption: 'Disputes',
            columns: [
              { name: 'Dispute' },
              { name: 'State' },
              { name: 'Reason' },
              { name: 'Amount', numeric: true },
              { name: 'Answer by' },
            ],
            rows: page.disputes.map((one) => [
              html`<span class="mono">${shownText(one.reference, 80)}</span>`,
              badge(
                one.state.endsWith('needs_response') ? 'bad' : 'idle',
                one.state.replaceAll('_', ' '),
              ),
              one.reason.replaceAll('_', ' '),
              shownMoney(one.amount),
              instant(one.dueAt, call.view),
            ]),
            empty: emptyState({
              title: 'Nobody disputes a payment',
              text: 'A dispute comes here with the day by which it has to be answered.',
              code: `await payments.createPaymentIntent({\n  operationId: 'order-42', amount: money('49.90', 'EUR'),\n})`,
            }),
          })}${pager(call, page.cursor)}`,
    )}`,
  }
}

async function findPayment(call: Call): Promise<Response> {
  const id = call.query('id').trim()
  await found(call, id)
  return new Response(null, {
    status: 303,
    headers: { location: pathTo(call.view, 'payments', id) },
  })
}

async function found(call: Call, id: string): Promise<Payment> {
  const payment =
    id === ''
      ? null
      : await paymentsOf(call)
          .retrievePayment(id)
          .catch(() => null)
  if (payment === null) throw new MissingPageError('There is no payment of this id.')
  return payment
}

async function paymentPage(call: Call): Promise<Page> {
  const id = call.param('id')
  const payments = paymentsOf(call)
  const payment = await found(call, id)
  const [trail, refunds] = await Promise.all([payments.auditTrail(id), payments.listRefunds(id)])
  const here = pathTo(call.view, 'payments', id)
  const { state, amounts, refundable, decline, risk } = payment
  return {
    ...{ title: shownMoney(payment.amount), section: 'payments' },
    body: html`<p class="crumbs">
        <a href="${pathTo(call.view, 'payments')}">Payments</a>
        <span class="mono">${shownText(id, 120)}</span>
      </p>
      ${call.live(
        'payment',
        html`<div class="section-head">
            ${badge(TONES[state], state.replaceAll('_', ' '))}
            <div class="actions">
              ${
                mayAct(call.user.role, 'operator')
                  ? actButton(call, { path: `${here}/reconcile`, label: 'Ask the provider' })
                  : nothing
              }
            </div>
          </div>
          ${decline === null ? nothing : html`<p class="problem">Declined: ${shownText(decline.code)}${decline.advice === undefined ? '' : `, ${shownText(decline.advice)}`}</p>`}
          <div class="figures">
            ${(['authorized', 'captured', 'refunded', 'disputed'] as const).map((name) => figure({ label: name, value: shownMoney(amounts[name]) }))}
          </div>
          ${facts([
            ['Provider', shownText(payment.provider)],
            [
              'Its id there',
              html`<span class="mono">${shownText(payment.reference ?? '–')}</span>`,
            ],
            ['Risk', risk.level],
            ['Made', instant(payment.createdAt, call.view)],
            ['Changed', instant(payment.updatedAt, call.view)],
          ])}
          ${section(
            'History',
            html`<ol class="steps">
              ${trail.map(
                (one) =>
                  html`<li
                    class="${one.to === 'failed' ? 'bad' : one.to === 'succeeded' ? 'good' : 'idle'}"
                  >
                    <div class="step-head">
                      <h3>
                        ${shownText(one.action, 80)}: ${shownText(one.to.replaceAll('_', ' '), 80)}
                      </h3>
                      <span class="hint">${instant(one.at, call.view)}</span>
                    </div>
                    <p class="hint">
                      ${one.amount === null ? '' : `${shownMoney(minorMoney(BigInt(one.amount), one.currency))} `}${shownText(one.cause ?? '', 120)}
                      ${shownText(one.code ?? '', 80)}
                    </p>
                  </li>`,
              )}
            </ol>`,
          )}
          ${section(
            'Refunds',
            table({
              caption: 'Refunds',
              columns: [
                { name: 'Refund' },
                { name: 'State' },
                { name: 'Amount', numeric: true },
                { name: 'Made' },
              ],
              rows: refunds.map((one) => [
                html`<span class="mono">${shownText(one.id, 80)}</span>`,
                badge(
                  one.state === 'succeeded' ? 'good' : one.state === 'failed' ? 'bad' : 'busy',
                  one.state,
                ),
                shownMoney(one.amount),
                instant(one.createdAt, call.view),
              ]),
              empty: html`<p class="hint">None. ${shownMoney(refundable)} can be refunded.</p>`,
            }),
          )}`,
      )}
      ${mayAct(call.user.role, 'admin') && refundable.minor > 0n ? refundForm(call, here, refunds.length) : nothing}`,
  }
}

function refundForm(call: Call, here: string, refunds: number): Html {
  return section(
    'Refund',
    html`<form method="post" action="${here}/refund" class="card filters">
      ${formFields(call, { once: formatNumber(refunds) })}<label class="field whole"
        ><span>Amount; empty for all that can be refunded</span
        ><input name="amount" inputmode="decimal" maxlength="20" placeholder="10.00" /></label
      ><button class="button danger">Refund</button>
    </form>`,
  )
}
