import * as Infrastructure from '../../src/infrastructure.ts'
import { memory } from '../../src/runtime/backends/memory/index.ts'
import { expectEqual, expectRejection, expectTrue } from '../../src/runtime/ports/conformance.ts'
import { systemClock } from '../../src/runtime/ports/platform/clock.ts'
import {
  CircuitBreaker,
  createJob,
  defineJob,
  JobQueue,
  SagaOrchestrator,
  scheduleJob,
} from '../../src/services/background-jobs/index.ts'
import {
  HealthCheckService,
  LoggerService,
  MetricsService,
  redactPII,
  startTrace,
  TracingService,
  trackMetric,
} from '../../src/services/logging/index.ts'
import {
  defineTemplate,
  renderTemplate,
  sendEmail,
  sendPush,
  sendSMS,
  trackDelivery,
} from '../../src/services/notifications/index.ts'
import { outbox } from '../../src/services/notifications/providers/outbox.ts'
import {
  createPaymentIntent,
  createSubscription,
  handleWebhook,
  money,
  processPayment,
  refundPayment,
} from '../../src/services/payments/index.ts'
import { sandbox } from '../../src/services/payments/providers/sandbox.ts'
import {
  checkRateLimit,
  RateLimitGuard,
  SlidingWindowLimiter,
  TokenBucketLimiter,
} from '../../src/services/rate-limiting/index.ts'
import {
  deleteFile,
  downloadFile,
  generatePresignedUrl,
  resizeImage,
  transcodeVideo,
  uploadFile,
} from '../../src/services/storage/index.ts'
import {
  batchWebhooks,
  deliverWebhook,
  retryWebhook,
  signWebhook,
  verifyWebhook,
  WebhookError,
} from '../../src/services/webhooks/index.ts'
import type { MediaProcessor } from '../../src/services/storage/media/media-processor.ts'
import { s3 } from '../../src/services/storage/providers/s3/s3.ts'
import { createS3Standin } from '../support/s3-standin.ts'
import { createFakeClock, createSeededRandom } from '../../src/testing/index.ts'
import type { Suite } from './suite.ts'

/** Makes nothing, but says what it was asked for: the sidecar's own work has its own tests. */
const media: MediaProcessor = {
  name: 'stand-in',
  capabilities: {
    formats: ['png'],
    unsupported: [],
    presets: ['mp4-720p'],
    stores: ['s3'],
    maxInputBytes: 1_000_000,
  },
  imageInfo: () => Promise.reject(new Error('not asked for')),
  image: async (input, { width = 0, height = 0 }) => ({
    bytes: new TextEncoder().encode('key' in input ? input.key : 'bytes'),
    contentType: 'image/png',
    width,
    height,
    frames: 1,
  }),
  videoInfo: () => Promise.reject(new Error('not asked for')),
  video: async (input, _operations, output) => ({
    seconds: 1,
    files: [
      {
        role: 'video',
        key: `${output.prefix}${input.store}.mp4`,
        size: 1,
        contentType: 'video/mp4',
        etag: '1',
      },
    ],
  }),
}

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'

/** The data of the documentation's first job. */
interface WelcomeMail {
  readonly to: string
  readonly subject: string
  readonly template: string
  readonly data: { readonly name: string }
}

/** Everything configured once, as the documentation that is kept to has it. */
function configure() {
  const clock = createFakeClock()
  const backend = memory({ clock, random: createSeededRandom() })
  const box = outbox()
  const money = sandbox({ webhookSecret: SECRET })
  const received: Request[] = []
  const { endpoint, accessKeyId, secretAccessKey, fetch, createBucket } =
    createS3Standin(systemClock)
  createBucket('pictures')
  const infrastructure = Infrastructure.configureInfrastructure({
    backend,
    notifications: {
      from: 'shop@example.com',
      email: [box],
      sms: [box],
      push: [box],
      templates: [
        defineTemplate('welcome-email', {
          email: { subject: 'Welcome, {{ name }}', text: 'Hello {{ name }}' },
        }),
      ],
    },
    payments: { sandbox: money },
    storage: { stores: { s3: s3({ endpoint, accessKeyId, secretAccessKey, fetch }) }, media },
    webhooks: {
      resolve: async () => ['93.184.216.34'],
      fetch: async (url, init) => {
        received.push(new Request(url, init))
        return new Response(null, { status: 204 })
      },
    },
  })
  return { clock, backend, box, sandbox: money, received, infrastructure }
}

/** The calls of the documentation that this library keeps the promises of, as it wrote them. */
export function promisedCallSuites(): readonly Suite[] {
  const cases = Object.entries({
    'a job with its attempts and backoff is added, run, and sends its e-mail': async () => {
      const { backend, box } = configure()
      const emailQueue = new JobQueue({
        name: 'email',
        backend,
        jobs: {
          'send-email': defineJob({
            async run({ data }: { readonly data: WelcomeMail }) {
              await sendEmail({ to: data.to, template: data.template, data: data.data })
            },
          }),
        },
      })
      const [to, subject, name] = ['ann@example.com', 'Welcome', 'Ann']
      const job = await createJob(emailQueue, {
        name: 'send-email',
        data: { to, subject, template: 'welcome-email', data: { name } },
        options: { attempts: 3, backoff: { type: 'exponential', delay: 5000 } },
      })
      expectEqual(await emailQueue.drain(), 1)
      expectEqual((await emailQueue.get(job.id))?.state, 'completed')
      expectEqual(box.messages.length, 1)
      await scheduleJob(emailQueue, {
        name: 'send-email',
        cron: '0 9 * * 1',
        data: { to, subject, template: 'welcome-email', data: { name } },
      })
      expectEqual((await emailQueue.schedules.list()).length, 1)
    },
    'a signed webhook of Stripe is verified and its payment processed; a forged one is not':
      async () => {
        const { sandbox: provider } = configure()
        const webhookData = {
          operationId: 'order-42',
          amount: money('49.90', 'EUR'),
          paymentMethod: 'pm_success',
          confirm: true,
        }
        const body = JSON.stringify({ order: 42 })
        const secret = 'whsec_of_stripe_itself'
        const headers = await signWebhook(body, secret, { scheme: 'stripe' })
        const isValid = await verifyWebhook(body, headers['stripe-signature'], secret)
        expectEqual(isValid, true)
        if (isValid) await processPayment(webhookData)
        expectEqual(provider.carriedOut.create, 1)
        expectEqual(await verifyWebhook(`${body} `, headers['stripe-signature'], secret), false)
      },
    'a payment is made, refunded, subscribed to, and told of by a webhook': async () => {
      const { sandbox: provider } = configure()
      const payment = await createPaymentIntent({
        operationId: 'o',
        amount: money('49.90', 'EUR'),
        paymentMethod: 'pm_success',
        confirm: true,
      })
      expectEqual(payment.state, 'succeeded')
      const refund = await refundPayment(payment.id, {
        operationId: 'r',
        amount: money('9.90', 'EUR'),
      })
      expectEqual(refund.state, 'succeeded')
      const subscription = await createSubscription({
        operationId: 's',
        plan: 'gold',
        customer: 'cus_7',
      })
      expectEqual(subscription.state, 'active')
      const event = JSON.stringify(provider.event(payment.reference ?? ''))
      const signed = await signWebhook(event, SECRET)
      const request = (): Request =>
        new Request('https://shop.example/hook', {
          method: 'POST',
          body: event,
          headers: signed,
        })
      const response = await handleWebhook(request())
      expectEqual(response.status, 200)
    },
    'a file is uploaded, resized, transcoded, signed for, read and deleted': async () => {
      configure()
      const bucketName = 'pictures'
      const file = new Blob(['picture'], { type: 'image/png' })
      const uploadedFile = await uploadFile(file, 's3', bucketName)
      expectEqual(uploadedFile.size, 7)
      const resized = await resizeImage(uploadedFile.key, { width: 800, height: 600 })
      expectEqual([resized.width, resized.height], [800, 600])
      const { files } = await transcodeVideo(uploadedFile.key, { preset: 'mp4-720p' })
      expectEqual(files.length, 1)
      const { url } = await generatePresignedUrl(uploadedFile.key, { expiresIn: '10m' })
      expectTrue(URL.canParse(url), `an address, not ${url}`)
      const content = await downloadFile(uploadedFile.key)
      expectEqual(await new Response(content.body).text(), 'picture')
      await deleteFile(uploadedFile.key)
      const gone = await downloadFile(uploadedFile.key).then(
        () => false,
        () => true,
      )
      expectTrue(gone, 'nothing to be left')
    },
    'messages are sent on three channels, tracked, and a template is rendered': async () => {
      const { box } = configure()
      const sent = await sendEmail({ to: 'ann@example.com', subject: 'Hi', text: 'Hello' })
      await sendSMS({ to: '+48123456789', message: 'Your code is 123456', duplicates: 'accept' })
      await sendPush({ token: 'device', title: 'Your order', body: 'is on its way' })
      expectEqual(box.messages.length, 3)
      expectEqual((await trackDelivery(sent.id)).status, 'sent')
      expectEqual(await renderTemplate('Hello {{ name }}', { name: 'Ann' }), 'Hello Ann')
    },
    'webhooks are delivered one by one, in a batch, and again': async () => {
      const { received, infrastructure } = configure()
      const delivery = {
        url: 'https://receiver.example/hook',
        payload: { type: 'ping' },
        secret: SECRET,
      }
      const result = await deliverWebhook(delivery)
      expectTrue(result.ok, `it to be delivered, not ${JSON.stringify(result.error)}`)
      const { results } = await batchWebhooks([delivery, delivery])
      expectEqual(results.length, 2)
      expectEqual(received.length, 3)
      await expectRejection(
        () => retryWebhook('none'),
        (error) => error instanceof WebhookError && error.code === 'delivery_not_found',
        'a delivery that is not there to be refused',
      )
      await infrastructure.sweep()
    },
    'a line is logged with its error, a metric counted, a trace begun and ended, personal data hidden':
      async () => {
        configure()
        const lines: string[] = []
        const logger = new LoggerService({
          service: 'shop',
          sinks: [{ write: ({ message }) => void lines.push(message) }],
        })
        const [error, context] = [new Error('refused'), { order: 42 }]
        logger.error('Failed to send email', { error, context })
        expectEqual(lines, ['Failed to send email'])
        const metrics = new MetricsService()
        Infrastructure.configureMetrics(metrics)
        const spans: string[] = []
        Infrastructure.configureTracing(
          new TracingService({
            service: 'shop',
            sinks: [{ writeSpan: ({ name }) => void spans.push(name) }],
          }),
        )
        await trackMetric('email.sent', 1, { provider: 'sendgrid' })
        const exposed = await metrics.expose(new Request('https://shop.example/metrics'))
        expectTrue(
          /email_sent_total\{provider="sendgrid"\} 1/.test(exposed.body),
          `the metric in ${exposed.body}`,
        )
        const trace = startTrace('payment.process')
        trace.end()
        expectEqual(spans, ['payment.process'])
        expectTrue(!redactPII('mail ann@example.com').includes('ann@'), 'the address to be hidden')
        const health = new HealthCheckService({ checks: { self: { run: () => undefined } } })
        expectEqual((await health.ready()).status, 200)
      },
    'requests are limited by a bucket, a window, a guard and a single call': async () => {
      const { backend } = configure()
      const bucket = new TokenBucketLimiter({ backend, capacity: 1, refill: 1, interval: '1m' })
      expectEqual(
        [(await bucket.check('a')).allowed, (await bucket.check('a')).allowed],
        [true, false],
      )
      const sliding = new SlidingWindowLimiter({ backend, limit: 1, window: '1m' })
      expectEqual(
        [(await sliding.check('b')).allowed, (await sliding.check('b')).allowed],
        [true, false],
      )
      const once = { limit: 1, window: '1m' } as const
      expectEqual(
        [(await checkRateLimit('c', once)).allowed, (await checkRateLimit('c', once)).allowed],
        [true, false],
      )
      const guard = new RateLimitGuard({
        backend,
        rules: [{ path: '/api/*', limit: 1, window: '1m', key: () => 'd' }],
      })
      const ask = (): Promise<Response | null> =>
        guard.check(new Request('https://shop.example/api/x'))
      expectEqual([await ask(), (await ask())?.status], [null, 429])
    },
    'a saga is undone and a circuit opened where the other side fails': async () => {
      const { backend } = configure()
      const done: string[] = []
      const orders = new SagaOrchestrator({ backend, name: 'checkout' })
        .addStep({
          name: 'reserve',
          execute: () => void done.push('reserved'),
          compensate: () => void done.push('released'),
        })
        .addStep({
          name: 'charge',
          retry: { attempts: 1 },
          execute: () => Promise.reject(new Error('declined')),
        })
      expectEqual((await orders.run(null)).status, 'compensated')
      expectEqual(done, ['reserved', 'released'])
      const breaker = new CircuitBreaker({ name: 'mailer', failureThreshold: 1 })
      await breaker.execute(() => Promise.reject(new Error('down'))).catch(() => undefined)
      expectEqual(breaker.state(), 'open')
    },
  }).map(([name, run]) => ({ name, run }))
  return [{ subject: 'Promised calls', adapter: 'pure', cases }]
}
