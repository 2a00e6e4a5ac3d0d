import { join } from 'node:path'
import { paypal } from '@white-cross/reuse/infrastructure/payments/paypal'
import { square } from '@white-cross/reuse/infrastructure/payments/square'
import { stripe } from '@white-cross/reuse/infrastructure/payments/stripe'
import { minorMoney } from '@white-cross/reuse/infrastructure/payments'
import { signWebhook } from '@white-cross/reuse/infrastructure/webhooks'
import { readProviderWebhook } from '@white-cross/reuse/infrastructure/webhooks/providers'
import Stripe from 'stripe'
import { createPaypalStandIn } from '../test/support/payments/paypal-stand-in.ts'
import { createSquareStandIn } from '../test/support/payments/square-stand-in.ts'
import { createStripeStandIn } from '../test/support/payments/stripe-stand-in.ts'
import { compare, median, rateOf } from './compare.ts'
import { render } from './render.ts'
import { serveWorkers } from './serve-workers.ts'

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const REQUESTS = 1000
const CONCURRENCY = 16
const ROUNDS = 5
const PATHS = [
  ['stripe', '`constructEventAsync` of `stripe`, bare'],
  ['verify', 'ours: verifies and parses'],
  ['memory', 'and dedupes and applies it, in memory'],
  ['objects', 'and dedupes and applies it, in Durable Objects'],
] as const

/** @returns Markdown */
export async function measure(machine: string): Promise<string> {
  const verified = render(await compare(verifying()), machine)
  return [verified, await receiving(machine), await adapters(machine)].join('\n')
}

function verifying(): Parameters<typeof compare>[0] {
  const theirs = new Stripe('sk_test_51abc')
  const crypto = Stripe.createSubtleCryptoProvider()
  const operations = 2000
  return {
    title: 'Payments: verifying a webhook of Stripe on Node',
    setting: `An event of 800 bytes, ${operations} of them one after the other. Ours takes a Request and answers with the parsed event, as the peer does from a text.`,
    contenders: [
      {
        name: 'readProviderWebhook',
        async round() {
          const requests = await signed('verify', operations)
          const settings = { scheme: 'stripe', secrets: [SECRET] } as const
          return rateOf(operations, async () => {
            for (const { body, headers } of requests)
              await readProviderWebhook(
                new Request('https://shop.example/', { method: 'POST', body, headers }),
                settings,
              )
          })
        },
      },
      {
        name: 'constructEventAsync of stripe, from a Request',
        async round() {
          const requests = await signed('verify', operations)
          return rateOf(operations, async () => {
            for (const { body, headers } of requests) {
              const request = new Request('https://shop.example/', {
                method: 'POST',
                body,
                headers,
              })
              await theirs.webhooks.constructEventAsync(
                await request.text(),
                request.headers.get('stripe-signature') ?? '',
                SECRET,
                undefined,
                crypto,
              )
            }
          })
        },
      },
    ],
    target: 0.9,
  }
}

async function receiving(machine: string): Promise<string> {
  const served = await serveWorkers([
    { name: 'payments', entry: join(import.meta.dirname, 'workers/payments.worker.ts') },
  ])
  try {
    const rates = PATHS.map((): number[] => [])
    for (let round = -1; round < ROUNDS; round++)
      for (const [index, [path]] of PATHS.entries()) {
        const rate = await send(`${served.url('payments')}${path}`, `${path}-${round}`)
        if (round >= 0) rates[index]?.push(rate)
      }
    const [anchor = []] = rates
    const rows = PATHS.map(([, what], index) => {
      const of = rates[index] ?? []
      const ratio = median(of.map((rate, round) => rate / (anchor[round] ?? Number.NaN)))
      return `| ${what} | ${Math.round(median(of))} | ${ratio.toFixed(2)} |`
    })
    return [
      '## Payments: receiving webhooks of Stripe in workerd',
      '',
      `${REQUESTS} events of 800 bytes, each of a payment of its own that is not ours, sent from Node ${CONCURRENCY} at a time to one Worker in local workerd; the median of ${ROUNDS} rounds, and the ratio to the bare handler of the same round.`,
      '',
      '| the receiver | a second | ratio |',
      '|---|---:|---:|',
      ...rows,
      '',
      'Local workerd waits for the disk with each commit; the production platform does not make a request wait alone.',
      '',
      `Measured on ${machine}.`,
      '',
    ].join('\n')
  } finally {
    await served.stop()
  }
}

/** CPU of one payment created and confirmed through an adapter, the vendor's stand-in included. */
async function adapters(machine: string): Promise<string> {
  const now = (): number => Date.now()
  const clock = { now, setTimer: () => () => undefined }
  const stripeStandIn = createStripeStandIn(now)
  const paypalStandIn = createPaypalStandIn(now)
  const squareStandIn = createSquareStandIn(now)
  const providers = {
    stripe: stripe({ secretKey: 'sk_test_51abc', fetch: stripeStandIn.fetch }),
    paypal: paypal({ clientId: 'c', clientSecret: 's', fetch: paypalStandIn.fetch, clock }),
    square: square({ accessToken: 't', locationId: 'L1', fetch: squareStandIn.fetch, clock }),
  }
  const methods = { stripe: 'pm_card_visa', paypal: undefined, square: 'cnon:card-nonce-ok' }
  const rows: string[] = []
  for (const name of ['stripe', 'paypal', 'square'] as const) {
    const costs: number[] = []
    for (let round = -1; round < ROUNDS; round++) {
      const before = process.cpuUsage()
      for (let index = 0; index < 300; index++)
        await providers[name].createPayment(
          {
            paymentId: `pay_${round}_${index}`,
            amount: minorMoney(4990, 'EUR'),
            capture: 'automatic',
            confirm: name !== 'paypal',
            paymentMethod: methods[name],
            metadata: {},
            returnUrl: 'https://shop.example/back',
          } as never,
          { idempotencyKey: `key_${round}_${index}`.padEnd(43, '0') },
        )
      const { user, system } = process.cpuUsage(before)
      if (round >= 0) costs.push((user + system) / 300)
    }
    rows.push(`| ${name} | ${Math.round(median(costs))} |`)
  }
  return [
    '## Payments: CPU of a call through an adapter',
    '',
    `One payment created, µs of CPU on Node with the stand-in of the vendor, which is part of it, in the same process: the median of ${ROUNDS} rounds of 300. Aim: at most 1,000.`,
    '',
    '| provider | µs |',
    '|---|---:|',
    ...rows,
    '',
    `Measured on ${machine}.`,
    '',
  ].join('\n')
}

async function send(url: string, prefix: string): Promise<number> {
  const requests = await signed(prefix, REQUESTS)
  return rateOf(REQUESTS, async () => {
    const lane = async (): Promise<void> => {
      for (let request = requests.pop(); request !== undefined; request = requests.pop()) {
        const response = await fetch(url, { method: 'POST', ...request })
        await response.arrayBuffer()
        if (response.status !== 200)
          throw new Error(`Cannot measure: ${response.status}, 200 expected`)
      }
    }
    await Promise.all(Array.from({ length: CONCURRENCY }, lane))
  })
}

async function signed(
  prefix: string,
  count: number,
): Promise<{ readonly body: string; readonly headers: Record<string, string> }[]> {
  const created = Math.floor(Date.now() / 1000)
  return Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const id = `pi_${prefix.replaceAll('-', '')}${index}`
      const body = JSON.stringify({
        id: `evt_${prefix}_${index}`,
        object: 'event',
        api_version: '2025-09-30',
        created,
        livemode: false,
        type: 'payment_intent.succeeded',
        data: {
          object: {
            id,
            object: 'payment_intent',
            amount: 4990,
            amount_capturable: 0,
            amount_received: 4990,
            capture_method: 'automatic',
            created,
            currency: 'eur',
            latest_charge: `ch_${index}`,
            livemode: false,
            metadata: { order: String(index), fill: 'x'.repeat(200) },
            payment_method: 'pm_card_visa',
            status: 'succeeded',
          },
        },
      })
      const headers = await signWebhook(body, SECRET, { scheme: 'stripe', timestamp: created })
      return { body, headers: { ...headers, 'content-type': 'application/json' } }
    }),
  )
}
