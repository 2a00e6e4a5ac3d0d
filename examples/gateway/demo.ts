/**
 * One order through all seven services of the gateway, in local workerd: paid, invoiced, mailed, packed by a job, and told to
 * the shop by a webhook that outlives a failing receiver and a kill of the gateway. `--keep` leaves it running to look at.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import {
  createClient,
  GatewayError,
  type Client,
  type DeliveryDetails,
} from '@white-cross/reuse/infrastructure/client'
import { Webhook } from 'standardwebhooks'
import { newRootKey, startLocalGateway, type LocalGateway } from './local-gateway.ts'
import { startReceiver } from './receiver.ts'

const { keep } = parseArgs({ options: { keep: { type: 'boolean', default: false } } }).values
const folder = mkdtempSync(join(tmpdir(), 'reuse-demo-'))
const key = newRootKey()
const settings = {
  key,
  stateFolder: folder,
  // A second or two instead of minutes, and receivers on this machine.
  variables: {
    RETRY_DELAYS_MS: '1000,2000,2000,2000',
    ATTEMPT_TIMEOUT_MS: '1500',
    ALLOW_PRIVATE_RECEIVERS: 'for local development',
    MAIL_FROM: 'shop@example.com',
  },
}
const shop = await startReceiver(({ number }) =>
  number === 1 ? 500 : number === 2 ? 'never' : 204,
)
const warehouse = await startReceiver(() => 204)
let gateway: LocalGateway | undefined

try {
  step('Starting the gateway in local workerd')
  gateway = await startLocalGateway(settings)
  const root = createClient({ baseUrl: gateway.url, apiKey: key })
  const { key: shopKey } = await root.keys.create({ label: 'shop', tenant: 'shop' })
  show('a key of the tenant “shop”, shown once and kept as a hash')
  const client = createClient({ baseUrl: gateway.url, apiKey: shopKey })

  step('Payments: 49.90 EUR, held first and taken when the goods leave')
  const order = {
    operationId: 'order-42',
    amount: { amount: '49.90', currency: 'EUR' },
    paymentMethod: 'pm_success',
    capture: 'manual',
    confirm: true,
  } as const
  const held = await client.payments.create(order)
  const again = await client.payments.create(order)
  show(`${held.id} is ${held.state}; ordered twice, it is one payment: ${held.id === again.id}`)
  const paid = await client.payments.capture({ id: held.id })
  const refund = await client.payments.refund({
    payment: held.id,
    amount: { amount: '9.90', currency: 'EUR' },
    operationId: 'order-42-voucher',
  })
  const { refundable } = await client.payments.get({ id: held.id })
  show(
    `taken: ${paid.state}; 9.90 given back: ${refund.state}; ${refundable.amount} could be still`,
  )

  step('Storage: the invoice')
  const invoice = `Invoice 42\n${'1 × Swiss army knife  49.90 EUR\n'.repeat(40)}`
  const stored = await client.files.put({
    key: 'invoices/42.txt',
    body: invoice,
    contentType: 'text/plain',
  })
  const ticket = await client.files.tickets.sign({ key: 'invoices/42.txt', expiresIn: '5m' })
  const range = await fetch(ticket.url, { headers: { ...ticket.headers, range: 'bytes=0-9' } })
  show(`${stored.key}, ${stored.size} bytes; by a signed link without a key, bytes 0–9:`)
  show(
    `${range.status} ${JSON.stringify(await range.text())} of ${range.headers.get('content-range')}`,
  )

  step('Notifications: the mail to the customer, and none to one who bounced')
  const mail = await client.notifications.send({
    channel: 'email',
    to: 'john@example.com',
    subject: 'Your order 42',
    text: 'Thank you, John.',
  })
  const message = await client.notifications.messages.get({ id: mail.id })
  show(`${mail.id} is ${message.status}, by ${message.provider}`)
  await client.notifications.suppressions.add({
    channel: 'email',
    address: 'gone@example.com',
    reason: 'bounce',
  })
  const kept = await client.notifications.send({
    channel: 'email',
    to: 'gone@example.com',
    subject: 'Your order 43',
    text: 'Nobody reads this.',
  })
  show(`to gone@example.com: ${kept.status} (${kept.reason})`)

  step('Background jobs: the warehouse is told to pack it')
  const { secret } = await client.jobs.signingSecret()
  const job = await client.jobs.add({
    queue: 'default',
    name: 'deliver',
    data: { url: warehouse.url, payload: { pack: 42 } },
  })
  const packed = await warehouse.request(1)
  new Webhook(secret).verify(packed.body, packed.headers)
  show(`job ${job.id} ran: the warehouse got ${packed.body}, and its signature is right`)

  step('Webhooks: the shop hears of it, whatever happens on the way')
  const endpoint = await client.webhooks.endpoints.create({ url: shop.url, events: ['order.*'] })
  const event = await client.events.publish({
    type: 'order.paid',
    data: { order: 42, total: '49.90' },
  })
  await shop.request(1)
  show('attempt 1: the shop answered 500')
  const delivery = `${event.id}:${endpoint.id}`
  await deliveryWith(client, delivery, ({ attempts }) => attempts === 2)
  show('attempt 2: the shop never answered, the attempt timed out')
  await gateway.kill()
  show('the gateway is killed (SIGKILL), with attempt 3 still to come …')
  gateway = await startLocalGateway({ ...settings, port: Number(new URL(gateway.url).port) })
  show('… and back, on the same disk')
  const { headers, body } = await shop.request(3)
  show('attempt 3: the shop answered 204')
  new Webhook(String(endpoint.secret)).verify(body, headers)
  show('the shop verified the signature with the official library of Standard Webhooks')
  const done = await deliveryWith(client, delivery, ({ state }) => state === 'delivered')
  show(`delivery ${done.id} is ${done.state} after ${done.attempts} attempts`)

  step('Rate limiting: a key of 3 requests a minute')
  const { key: small } = await root.keys.create({
    label: 'small',
    tenant: 'shop',
    requestsPerMinute: 3,
  })
  const hasty = createClient({ baseUrl: gateway.url, apiKey: small, attempts: 1 })
  const answers: string[] = []
  for (let call = 0; call < 5; call++)
    answers.push(
      await hasty.jobs.queues.get({ queue: 'default' }).then(
        () => '200',
        (error: unknown) => {
          if (!(error instanceof GatewayError)) throw error
          return `${error.status} ${error.code}`
        },
      ),
    )
  show(answers.join(', '))

  step('Logging and monitoring: what the gateway says of all this')
  const health = await root.health.get()
  show(`health: ${health.status}`)
  const metrics = await (await root.metrics()).text()
  const telling = /^(?:webhook_attempts_total|notifications_provider_available|payments_open)\b/
  for (const line of metrics.split('\n').filter((text) => telling.test(text))) show(line)
  const { entries } = await root.audit.list({}, { tenant: 'shop' })
  show(`audit: ${entries.length} acts, the latest ${entries.at(-1)?.action}`)

  if (keep) {
    step(`Left running at ${gateway.url}, root key ${key}; end it with Ctrl-C`)
    for (const signal of ['SIGINT', 'SIGTERM'] as const)
      process.once(signal, () => void gateway?.stop())
    await gateway.ended
  }
} finally {
  await gateway?.stop()
  await shop.close()
  await warehouse.close()
  rmSync(folder, { recursive: true, force: true })
}

function step(what: string): void {
  console.log(`\n${what}`)
}

function show(what: string): void {
  console.log(`  • ${what}`)
}

/** Asks for a delivery until it is as wanted, 100 times at most: the receiver knows of an attempt before the gateway has recorded it. */
async function deliveryWith(
  client: Client,
  id: string,
  wanted: (delivery: DeliveryDetails) => boolean,
): Promise<DeliveryDetails> {
  for (let look = 0; look < 100; look++) {
    const delivery = await client.webhooks.deliveries.get({ id })
    if (wanted(delivery)) return delivery
    await new Promise((done) => setTimeout(done, 100))
  }
  throw new Error(`Delivery ${id} did not become what it should`)
}
