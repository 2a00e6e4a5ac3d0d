import { existsSync, readFileSync } from 'node:fs'
import { Ajv, type ValidateFunction } from 'ajv'
import { expect, test } from 'vitest'
import { memory } from '../../src/runtime/backends/memory/index.ts'
import type { FetchClient } from '../../src/runtime/ports/platform/fetch-client.ts'
import { createPayments, money } from '../../src/services/payments/index.ts'
import { paypal } from '../../src/services/payments/providers/paypal.ts'
import { square } from '../../src/services/payments/providers/square.ts'
import { stripe } from '../../src/services/payments/providers/stripe.ts'
import type { PaymentProvider } from '../../src/services/payments/providers/provider.ts'
import { paymentProviderSuites, type Watch } from '../conformance/services/payments/vendors.ts'
import { decodeForm } from '../support/payments/vendor-stand-in.ts'

/** A vendor's published request schemas, beside the project while it is developed. */
const specification = (vendor: string): URL =>
  new URL(`../../../shared/vendor-specs/${vendor}.json`, import.meta.url)
const present = existsSync(specification('stripe'))

interface Operation {
  readonly body?: object
}

const schemas = new Map<string, readonly [RegExp, string, ValidateFunction][]>()

function schemasOf(vendor: string): readonly [RegExp, string, ValidateFunction][] {
  const known = schemas.get(vendor)
  if (known !== undefined) return known
  const ajv = new Ajv({
    strict: false,
    coerceTypes: vendor === 'stripe',
    validateFormats: false,
    unicodeRegExp: false,
  })
  const { operations } = JSON.parse(readFileSync(specification(vendor), 'utf8')) as {
    readonly operations: Readonly<Record<string, Operation>>
  }
  const read = Object.entries(operations).flatMap(([name, { body }]) => {
    if (body === undefined) return []
    const [method = '', path = ''] = name.split(' ')
    const pattern = new RegExp(`^${path.replaceAll(/\{[^}]+\}/g, '[^/]+')}$`)
    return [[pattern, method, ajv.compile(body)] as [RegExp, string, ValidateFunction]]
  })
  schemas.set(vendor, read)
  return read
}

/** What Stripe takes now and did not in the published schema's version. */
const NEWER = /request_three_d_secure|confirmation_secret|additional properties.*currency/

/** @returns What the vendor's schema says against a request; `null` where it knows no such request */
function faultsOf(vendor: string, method: string, path: string, body: unknown): string[] | null {
  const found = schemasOf(vendor).find(([pattern, verb]) => verb === method && pattern.test(path))
  if (found === undefined) return null
  const [, , validate] = found
  if (validate(structuredClone(body))) return []
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`)
}

function watching(): { readonly watch: Watch; readonly seen: Map<string, string[]> } {
  const seen = new Map<string, string[]>()
  const watch: Watch = (vendor, fetch) => async (url, init) => {
    const { pathname } = new URL(url)
    const { method = 'GET', body } = init ?? {}
    if (method !== 'GET' && typeof body === 'string' && body !== '') {
      const decoded: unknown = vendor === 'stripe' ? decodeForm(body) : read(body)
      const faults = faultsOf(vendor, method, pathname, decoded)
      if (faults !== null) seen.set(`${vendor} ${method} ${pathname}`, faults)
    }
    return fetch(url, init)
  }
  return { watch, seen }
}

function read(body: string): unknown {
  return body.startsWith('{') ? (JSON.parse(body) as unknown) : null
}

test.skipIf(!present)('bad requests fail the schemas of their vendors', () => {
  const bad = [
    ['stripe', 'POST', '/v1/payment_intents', { amount: '5', currency: 'eur', wrong: 'x' }],
    ['stripe', 'POST', '/v1/payment_intents', { currency: 'eur', amount: 'many' }],
    ['stripe', 'POST', '/v1/refunds', { amount: '5', reason: 'bored' }],
    ['paypal', 'POST', '/v2/checkout/orders', { intent: 'CAPTURE' }],
    [
      'paypal',
      'POST',
      '/v2/payments/captures/C1/refund',
      { amount: { value: 5, currency_code: 'EUR' } },
    ],
    [
      'square',
      'POST',
      '/v2/payments',
      { source_id: 'x', amount_money: { amount: 1.5, currency: 'EUR' } },
    ],
    ['square', 'POST', '/v2/refunds', { idempotency_key: 'x'.repeat(46) }],
  ] as const
  for (const [vendor, method, path, body] of bad)
    expect(faultsOf(vendor, method, path, body), `${vendor} ${path}`).not.toEqual([])
})

test.skipIf(!present)('every request of the providers’ laws fits its vendor’s schema', async () => {
  const { watch, seen } = watching()
  for (const { cases } of paymentProviderSuites(watch)) for (const law of cases) await law.run()
  const faults = [...seen].flatMap(([name, found]) =>
    found.filter((fault) => !NEWER.test(fault)).map((fault) => `${name}: ${fault}`),
  )
  expect(faults).toEqual([])
  expect(seen.size).toBeGreaterThan(10)
})

/** Calls everything that changes something, and answers each with an object that has an id. */
async function callEverything(provider: PaymentProvider): Promise<void> {
  const payments = createPayments({ backend: memory(), providers: { vendor: provider } })
  const amount = money('12.00', 'EUR')
  const op = (): { readonly operationId: string } => ({ operationId: crypto.randomUUID() })
  const calls: (() => Promise<unknown>)[] = [
    () => payments.customers.create({ ...op(), id: 'c1', name: 'Ada', email: 'ada@example.com' }),
    () => payments.customers.update('cus_1', { ...op(), description: 'VIP' }),
    () => payments.paymentMethods.attach('cus_1', 'pm_1', op()),
    () => payments.paymentMethods.detach('pm_1', op()),
    () => payments.createSetupIntent({ ...op(), customer: 'cus_1' }),
    () =>
      payments.createCheckout({
        ...op(),
        amount,
        name: 'Book',
        returnUrl: 'https://shop.example/back',
        cancelUrl: 'https://shop.example/cancel',
      }),
    () => payments.createPlan({ ...op(), name: 'Gold', amount, interval: { unit: 'month' } }),
    () =>
      payments.subscriptions.create({
        operationId: 'sub',
        plan: 'plan_1',
        customer: 'cus_1',
        trialEnd: Date.UTC(2030, 0, 1),
        returnUrl: 'https://shop.example/back',
      }),
    () =>
      payments.invoices.create({
        ...op(),
        customer: 'cus_1',
        lines: [{ description: 'Work', amount }],
        daysUntilDue: 14,
      }),
    () => payments.invoices.finalize('in_1', op()),
    () => payments.invoices.pay('in_1', op()),
    () => payments.invoices.void('in_1', op()),
    () =>
      payments.disputes.submitEvidence(
        'dp_1',
        { explanation: 'They got it', trackingNumber: '1Z', shippingCarrier: 'UPS' },
        op(),
      ),
    () => payments.disputes.accept('dp_1', op()),
  ]
  for (const call of calls) await call().catch(() => undefined)
  const { id } = await payments.subscriptions.retrieve(
    (
      await payments.subscriptions.create({
        operationId: 'sub',
        plan: 'plan_1',
        customer: 'cus_1',
        trialEnd: Date.UTC(2030, 0, 1),
        returnUrl: 'https://shop.example/back',
      })
    ).id,
  )
  for (const change of [
    () => payments.subscriptions.change(id, { ...op(), plan: 'plan_2' }),
    () => payments.subscriptions.pause(id, op()),
    () => payments.subscriptions.resume(id, op()),
    () => payments.subscriptions.cancel(id, { ...op(), at: 'now' }),
    () => payments.subscriptions.cancel(id, { ...op(), at: 'period_end' }),
    () => payments.subscriptions.reactivate(id, op()),
  ])
    await change().catch(() => undefined)
}

const anything: FetchClient = async (url) =>
  Response.json({
    id: 'PROD-123456',
    object: 'subscription',
    status: url.includes('paypal') ? 'ACTIVE' : 'active',
    currency: 'eur',
    amount: 1200,
    total: 1200,
    amount_due: 1200,
    expires_at: 1_900_000_000,
    access_token: 't',
    expires_in: 3600,
    items: { data: [{ id: 'si_1', price: { id: 'plan_1' }, quantity: 1 }] },
    metadata: {},
    pause_collection: null,
    card: { id: 'card_1' },
    customer: { id: 'cus_1' },
    catalog_object: { id: 'cat_1' },
    order: { id: 'order_1' },
    invoice: { id: 'in_1', version: 1 },
    dispute: { id: 'dp_1' },
    subscription: { id: 'sub_1', status: 'ACTIVE' },
    payment_link: { id: 'pl_1', order_id: 'order_1', url: 'https://square.link/x' },
    evidence_details: { due_by: null },
    purchase_units: [{ amount: { currency_code: 'EUR', value: '12.00' } }],
  })

test.skipIf(!present)('every other request of the providers fits its vendor’s schema', async () => {
  const { watch, seen } = watching()
  await callEverything(stripe({ secretKey: 'sk_test_1', fetch: watch('stripe', anything) }))
  await callEverything(
    paypal({ clientId: 'a', clientSecret: 'b', fetch: watch('paypal', anything) }),
  )
  await callEverything(
    square({ accessToken: 'a', locationId: 'L1', fetch: watch('square', anything) }),
  )
  const faults = [...seen].flatMap(([name, found]) =>
    found.filter((fault) => !NEWER.test(fault)).map((fault) => `${name}: ${fault}`),
  )
  expect(faults).toEqual([])
  expect(seen.size).toBeGreaterThan(30)
})
