import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createStripeStandIn } from './payments/stripe-stand-in.ts'
import { createStandIn, type SeenRequest, type StandIn } from './payments/vendor-stand-in.ts'

/** The providers of a gateway, which live on when it is killed. */
export interface Vendors extends AsyncDisposable {
  readonly url: string
  /** How many messages went out. */
  sent(tenant: string): number
  /** Payments whose order begins so. */
  payments(prefix: string): readonly { readonly order: string; readonly payment: string }[]
  /** Where an order was made the customer proves who they are, and `report` is told what became of it. */
  pay(order: string, report: (event: unknown) => Promise<void>): Promise<void>
  /** How often the shop was told to deliver. */
  fulfilled(payment: string): number
}

/** Opens Stripe, Resend, Twilio and a shop on this machine. @param now Of Stripe's clock, ms since 1970 */
export async function openVendors(now: () => number): Promise<Vendors> {
  const stripe = createStripeStandIn(now)
  const fulfilled = new Map<string, number>()
  const messages: string[] = []
  const count = ({ body }: SeenRequest): number => messages.push(JSON.stringify(body))
  const others = createStandIn(
    [
      {
        method: 'POST',
        pattern: /^\/emails$/,
        act: (seen) => ({ status: 200, body: { id: `email-${count(seen)}` } }),
      },
      {
        method: 'POST',
        pattern: /^\/2010-04-01\/Accounts\/AC1\/Messages.json$/,
        act: (seen) => ({ status: 201, body: { sid: `SM${count(seen)}` } }),
      },
      {
        method: 'POST',
        pattern: /^\/fulfilled\/([^/]+)$/,
        act(_, [payment = '']) {
          fulfilled.set(payment, (fulfilled.get(payment) ?? 0) + 1)
          return { status: 204, body: null }
        },
      },
    ],
    ({ headers }) => headers.get('idempotency-key'),
    { status: 409, body: { name: 'invalid_idempotent_request' } },
  )
  const server = createServer((request, response) => {
    void answer(request.url?.startsWith('/v1/') === true ? stripe : others, request).then(
      async (answered) => {
        const body = await answered.text()
        response.writeHead(answered.status, { 'content-type': 'application/json' }).end(body)
      },
    )
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  // A server that listens on TCP has an address of this form.
  const { port } = server.address() as AddressInfo

  async function payments(): Promise<readonly StripePayment[]> {
    const found = await stripe.fetch('https://api.stripe.com/v1/payment_intents', {})
    // As Stripe's lists are.
    return ((await found.json()) as { readonly data: readonly StripePayment[] }).data
  }
  let known: readonly StripePayment[] = []

  return {
    url: `http://127.0.0.1:${port}`,
    sent: (tenant) => messages.filter((text) => text.includes(tenant)).length,
    payments: (prefix) =>
      known
        .map(({ metadata }) => ({ order: metadata.order, payment: metadata.payment_id }))
        .filter(({ order }) => order.startsWith(prefix)),
    async pay(order, report) {
      known = await payments()
      const made = known.find(({ metadata }) => metadata.order === order)
      if (made === undefined) return
      if (made.status === 'requires_action')
        await stripe.fetch(`https://api.stripe.com/v1/payment_intents/${made.id}/confirm`, {
          method: 'POST',
        })
      await report(stripe.event(made.id, 'payment_intent.succeeded'))
    },
    fulfilled: (payment) => fulfilled.get(payment) ?? 0,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((done) => server.close(done))
    },
  }
}

interface StripePayment {
  readonly id: string
  readonly status: string
  readonly metadata: { readonly order: string; readonly payment_id: string }
}

async function answer(vendor: StandIn, request: IncomingMessage): Promise<Response> {
  const chunks: Uint8Array[] = []
  for await (const chunk of request) chunks.push(chunk as Uint8Array)
  return vendor.fetch(`https://vendor.invalid${request.url}`, {
    method: request.method ?? 'GET',
    // Each header of these requests is there once.
    headers: request.headers as Record<string, string>,
    body: Buffer.concat(chunks).toString(),
  })
}
