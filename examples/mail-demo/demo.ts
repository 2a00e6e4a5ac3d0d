import { createServer, type Server } from 'node:http'
import { createJob, JobQueue } from '@white-cross/reuse/infrastructure/background-jobs'
import {
  createNotifications,
  defineTemplate,
  emailJob,
} from '@white-cross/reuse/infrastructure/notifications'
import { outbox } from '@white-cross/reuse/infrastructure/notifications/outbox'
import { resend } from '@white-cross/reuse/infrastructure/notifications/resend'
import { sendgrid } from '@white-cross/reuse/infrastructure/notifications/sendgrid'
import { sqlite } from '@white-cross/reuse/infrastructure/runtime/sqlite'
import {
  generateWebhookSecret,
  readWebhook,
  signWebhook,
} from '@white-cross/reuse/infrastructure/webhooks'

/** What stands in for a vendor: it answers as told, and keeps what it gets. */
interface Vendor {
  readonly url: string
  readonly got: unknown[]
  status: number
  readonly server: Server
}

let failures = 0
const webhookSecret = generateWebhookSecret()
const first = await startVendor(503)
const second = await startVendor(200)
const backend = sqlite(':memory:')
const notifications = createNotifications({
  backend,
  from: 'Shop <shop@example.com>',
  email: [
    sendgrid({ apiKey: 'SG.demo', baseUrl: first.url }),
    resend({ apiKey: 're_demo', baseUrl: second.url }),
  ],
  templates: [
    defineTemplate('welcome-email', {
      email: {
        subject: 'Welcome, {{ name }}',
        html: '<p>Hello {{ name }}, <a href="{{ url }}">begin here</a></p>',
      },
    }),
  ],
  webhooks: {
    resend: (request) => readWebhook(request, { scheme: 'standard', secrets: webhookSecret }),
  },
  onEvent: ({ type, recipient }) =>
    say(`heard: ${type}${recipient === null ? '' : ` ${recipient}`}`),
})

step('An e-mail is queued, as any other job')
const emailQueue = new JobQueue({
  name: 'email',
  backend,
  jobs: { 'send-email': emailJob(notifications) },
})
const job = await createJob(emailQueue, {
  name: 'send-email',
  data: {
    to: 'ann@example.com',
    template: 'welcome-email',
    data: { name: 'Ann <Lee>', url: 'https://shop.example/begin' },
    idempotencyKey: 'welcome-ann',
  },
  options: { attempts: 3, backoff: { type: 'exponential', delay: 1000 } },
})
say(`job ${job.id} waits; nothing was sent: ${first.got.length + second.got.length} requests`)

step('SendGrid is down, Resend delivers')
await emailQueue.drain()
const [mail] = second.got
const id = messageIdOf(mail)
const sent = await notifications.trackDelivery(id)
for (const { provider, code } of sent.attempts) say(`${provider}: ${code ?? 'accepted'}`)
say(`subject: ${field(mail, 'subject')}`)
say(`html: ${field(mail, 'html')}`)
expect(sent.status === 'sent' && sent.provider === 'resend', 'the second provider took it')
expect(field(mail, 'html').includes('Ann &lt;Lee&gt;'), 'the name is escaped')

step('The same message is asked for again, by somebody who did not hear the answer')
await notifications.sendEmail({
  to: 'ann@example.com',
  template: 'welcome-email',
  data: { name: 'Ann <Lee>', url: 'https://shop.example/begin' },
  idempotencyKey: 'welcome-ann',
})
expect(second.got.length === 1, 'it was sent once')

step("Resend's webhook says that it arrived: forged, signed, and signed again")
const delivered = webhook('email.delivered', mail, {})
const forged = await signWebhook(delivered, generateWebhookSecret())
say(`forged: ${await deliver(delivered, forged)}`)
expect((await notifications.trackDelivery(id)).status === 'sent', 'a forged one changes nothing')
const signed = await signWebhook(delivered, webhookSecret)
for (let copy = 1; copy <= 2; copy++) say(`copy ${copy}: ${await deliver(delivered, signed)}`)
const tracked = await notifications.trackDelivery(id)
expect(tracked.status === 'delivered', `${id} is delivered`)
expect(tracked.events.length === 1, 'the doubled webhook counts once')

step('Another address bounces, and gets nothing any more')
const bob = { to: 'bob@example.com', subject: 'News', text: 'Hello Bob' }
await notifications.sendEmail(bob)
const bounced = webhook('email.bounced', second.got[1], {
  bounce: { type: 'Permanent', subType: 'General' },
})
const answer = await deliver(bounced, await signWebhook(bounced, webhookSecret))
say(`the webhook of the bounce: ${answer}`)
first.status = 202
const next = await notifications.sendEmail(bob)
say(`the next e-mail to Bob: ${next.status}, because of a ${next.reason}`)
expect(next.status === 'suppressed' && first.got.length === 2, 'SendGrid was not asked either')

step('In development an outbox keeps what would be sent')
const box = outbox()
const development = createNotifications({ backend, from: 'dev@example.com', email: [box] })
const { status, kept } = await development.sendEmail({ ...bob, to: 'dev@example.com' })
expect(status === 'sent' && kept && box.messages.length === 1, 'and says so: kept is true')

console.log(failures === 0 ? '\nAll of it as promised' : `\n${failures} promises broken`)
process.exitCode = failures === 0 ? 0 : 1
for (const { server } of [first, second]) server.close()

async function startVendor(status: number): Promise<Vendor> {
  const got: unknown[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      got.push(JSON.parse(Buffer.concat(chunks).toString()))
      response.writeHead(vendor.status, { 'content-type': 'application/json' })
      response.end(JSON.stringify(vendor.status < 300 ? { id: `vendor-${got.length}` } : {}))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const vendor: Vendor = { url: `http://127.0.0.1:${port}`, got, status, server }
  return vendor
}

/** A webhook as Resend writes it: the tags of the message come back. */
function webhook(type: string, message: unknown, more: object): string {
  const { to, tags } = message as {
    readonly to: readonly string[]
    readonly tags: readonly { readonly name: string; readonly value: string }[]
  }
  return JSON.stringify({
    type,
    created_at: new Date().toISOString(),
    data: {
      email_id: 'vendor-1',
      to,
      tags: Object.fromEntries(tags.map(({ name, value }) => [name, value])),
      ...more,
    },
  })
}

async function deliver(body: string, signature: Readonly<Record<string, string>>): Promise<number> {
  const request = new Request('https://shop.example/hooks/resend', {
    method: 'POST',
    body,
    headers: { ...signature, 'content-type': 'application/json' },
  })
  return (await notifications.handleWebhook('resend', request)).status
}

function messageIdOf(message: unknown): string {
  const { tags } = message as { readonly tags: readonly { readonly value: string }[] }
  return tags.find(({ value }) => value.startsWith('ntf_'))?.value ?? ''
}

function field(message: unknown, name: string): string {
  return String((message as Readonly<Record<string, unknown>>)[name])
}

function step(title: string): void {
  console.log(`\n${title}`)
}

function say(line: string): void {
  console.log(`  ${line}`)
}

function expect(holds: boolean, promise: string): void {
  if (!holds) failures++
  say(`${holds ? '✓' : '✗'} ${promise}`)
}
