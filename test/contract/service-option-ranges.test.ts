import { createClient } from '../../src/client/index.ts'
import { createDashboard } from '../../src/dashboard/index.ts'
import { memory } from '../../src/runtime/backends/memory/index.ts'
import { createInbox } from '../../src/services/notifications/inbox/index.ts'
import { createLinks, createNotifications } from '../../src/services/notifications/index.ts'
import { outbox } from '../../src/services/notifications/providers/outbox.ts'
import { smtp } from '../../src/services/notifications/providers/smtp.ts'
import { paypal } from '../../src/services/payments/providers/paypal.ts'
import { square } from '../../src/services/payments/providers/square.ts'
import { stripe } from '../../src/services/payments/providers/stripe.ts'
import {
  checkRateLimit,
  ConcurrencyLimiter,
  DdosProtection,
  FixedWindowLimiter,
  GcraLimiter,
  RateLimitGuard,
  SlidingWindowLimiter,
  TokenBucketLimiter,
} from '../../src/services/rate-limiting/index.ts'
import {
  cloudflarePurger,
  createCdnUrls,
  imgproxyUrls,
} from '../../src/services/storage/cdn/index.ts'
import { createEncryptedBlobs } from '../../src/services/storage/encryption/index.ts'
import { cloudflareImages } from '../../src/services/storage/media/index.ts'
import { createUploadPipeline } from '../../src/services/storage/pipeline/index.ts'
import { azureBlob } from '../../src/services/storage/providers/azure-blob/index.ts'
import { gcs } from '../../src/services/storage/providers/gcs/index.ts'
import { memoryBlobs } from '../../src/services/storage/providers/memory/index.ts'
import { r2 } from '../../src/services/storage/providers/r2/index.ts'
import { s3 } from '../../src/services/storage/providers/s3/index.ts'
import { attachmentAv, clamd } from '../../src/services/storage/scanning/index.ts'
import { sidecar } from '../../src/services/storage/sidecar/index.ts'
import { createDirectUploads, createFileTickets } from '../../src/services/storage/tickets/index.ts'
import { createUploadSessions } from '../../src/services/storage/uploads/index.ts'
import { createWebhooks } from '../../src/services/webhooks/index.ts'
import { testOptionRanges, type Numeric } from '../support/odd-options.ts'

const backend = memory()
const signal = AbortSignal.abort()
const unreachable = () => Promise.reject(new Error('nothing is to be sent'))
const secret = 'x'.repeat(40)
const url = 'https://example.com/'

const webhooks = createWebhooks({ backend, fetch: unreachable })
const mail = outbox()
const notifications = createNotifications({
  backend,
  email: [mail],
  from: { email: 'a@b.example' },
})
const blobs = memoryBlobs().bucket('files')
const limiting = { timeout: 'duration', denialMaxAge: 'duration' } as const
const window = { limit: 1, window: '1m' } as const
const worker = { concurrency: 'count', lease: 'duration', grace: 'duration' } as const
const bucket = new TokenBucketLimiter({ backend, capacity: 9, refill: 1, interval: '1m' })
const slots = new ConcurrencyLimiter({ backend, limit: 1 })
const inbox = createInbox({ backend })
const keys = { a: new Uint8Array(32) }

/** The first page of a list, or what it is refused with. */
async function first(list: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of list) return
}

const table: readonly Numeric[] = [
  {
    name: 'createWebhooks()',
    options: {
      retryJitter: 'share',
      maxRetryAfter: 'duration',
      timeout: 'duration',
      responseBytes: 'count',
      retention: 'duration',
      idempotencyWindow: 'duration',
      disableAfter: 'duration',
      maxEventBytes: 'count',
      maxEndpoints: 'count',
      shards: 'count',
    },
    call: (options) => createWebhooks({ backend, ...options }),
  },
  {
    name: 'webhooks.run()',
    options: { ...worker, maxWait: 'duration' },
    call: (options) => webhooks.run({ signal, ...options }),
  },
  {
    name: 'webhooks.drain()',
    options: { ...worker, maxWait: 'duration' },
    call: (options) => webhooks.drain(options),
  },
  {
    name: 'endpoints.create()',
    options: { 'rateLimit.limit': 'count', 'rateLimit.window': 'duration' },
    call: (options) => webhooks.endpoints.create({ url, ...options }),
  },
  {
    name: 'endpoints.page()',
    options: { limit: 'count' },
    call: (options) => webhooks.endpoints.page(options),
  },
  {
    name: 'endpoints.rotateSecret()',
    options: { overlap: 'duration' },
    call: (options) => webhooks.endpoints.rotateSecret('ep_1', options),
  },
  {
    name: 'deliveries.page()',
    options: { limit: 'count' },
    call: (options) => webhooks.deliveries.page(options),
  },
  {
    name: 'deliveries.replay()',
    options: { perSecond: 'rate' },
    call: (options) => webhooks.deliveries.replay({ since: 0, ...options }),
  },
  {
    name: 'webhooks.batch()',
    options: { concurrency: 'count' },
    call: (options) => webhooks.batch([], options),
  },
  {
    name: 'createNotifications()',
    options: { timeout: 'duration', retention: 'duration' },
    call: (options) => createNotifications({ backend, ...options }),
  },
  {
    name: 'createNotifications() of soft bounces',
    options: { 'softBounces.limit': 'count', 'softBounces.within': 'duration' },
    call: (options) => createNotifications({ backend, ...options }),
  },
  {
    name: 'createNotifications() of a breaker',
    options: { 'breaker.failureThreshold': 'count', 'breaker.resetTimeout': 'duration' },
    call: (options) => createNotifications({ backend, ...options }),
  },
  {
    name: 'createNotifications() of a provider',
    options: { weight: 'weight', 'rateLimit.limit': 'count', 'rateLimit.window': 'duration' },
    call: (options) => createNotifications({ backend, email: [{ provider: mail, ...options }] }),
  },
  {
    name: 'createNotifications() of a cap',
    options: { limit: 'count', window: 'duration' },
    call: (options) => createNotifications({ backend, caps: [{ ...window, ...options }] }),
  },
  {
    name: 'notifications.run()',
    options: worker,
    call: (options) => notifications.run({ signal, ...options }),
  },
  {
    name: 'sendBulk()',
    options: {
      concurrency: 'count',
      batchSize: 'count',
      'rateLimit.limit': 'count',
      'rateLimit.window': 'duration',
    },
    call: (options) => first(notifications.sendBulk([], options)),
  },
  {
    name: 'suppressions.add()',
    options: { expiresIn: 'duration' },
    call: (options) => notifications.suppressions.add({ address: 'a@b.example', ...options }),
  },
  {
    name: 'createLinks()',
    options: { expiresIn: 'duration' },
    call: (options) => createLinks({ secrets: secret, baseUrl: url, ...options }),
  },
  {
    name: 'createInbox()',
    options: { retention: 'duration' },
    call: (options) => createInbox({ backend, ...options }),
  },
  {
    name: 'inbox.list()',
    options: { limit: 'count' },
    call: (options) => inbox.list('u', options),
  },
  { name: 'outbox()', options: { limit: 'count' }, call: (options) => outbox(options) },
  {
    name: 'smtp()',
    options: { port: 'count' },
    call: (options) =>
      smtp({
        host: 'mail.example',
        user: 'u',
        password: 'p',
        connect: unreachable as never,
        ...options,
      }),
  },
  {
    name: 'new TokenBucketLimiter()',
    options: { capacity: 'count', refill: 'count', interval: 'duration', ...limiting },
    call: (options) =>
      new TokenBucketLimiter({ backend, capacity: 1, refill: 1, interval: '1m', ...options }),
  },
  {
    name: 'new SlidingWindowLimiter()',
    options: { limit: 'count', window: 'duration', ...limiting },
    call: (options) => new SlidingWindowLimiter({ backend, ...window, ...options }),
  },
  {
    name: 'new FixedWindowLimiter()',
    options: { limit: 'count', window: 'duration', ...limiting },
    call: (options) => new FixedWindowLimiter({ backend, ...window, ...options }),
  },
  {
    name: 'new GcraLimiter()',
    options: { limit: 'count', window: 'duration', burst: 'count', ...limiting },
    call: (options) => new GcraLimiter({ backend, ...window, ...options }),
  },
  {
    name: 'new ConcurrencyLimiter()',
    options: { limit: 'count', lease: 'duration', timeout: 'duration' },
    call: (options) => new ConcurrencyLimiter({ backend, limit: 1, ...options }),
  },
  {
    name: 'ConcurrencyLimiter.acquire()',
    options: { cost: 'count' },
    call: (options) => slots.acquire('k', options),
  },
  {
    name: 'RateLimiter.check()',
    options: { cost: 'count' },
    call: (options) => bucket.check('k', options),
  },
  {
    name: 'RateLimiter.waitFor()',
    options: { cost: 'count', maxWait: 'duration' },
    call: (options) => bucket.waitFor('k', options),
  },
  {
    name: 'checkRateLimit()',
    options: { limit: 'count', window: 'duration', burst: 'count', cost: 'count' },
    call: (options) => checkRateLimit('k', { backend, ...window, ...options }),
  },
  {
    name: 'new RateLimitGuard()',
    options: { ipv6Prefix: 'count', ...limiting },
    call: (options) =>
      new RateLimitGuard({ backend, rules: [{ path: '/*', ...window, key: 'ip' }], ...options }),
  },
  {
    name: 'new RateLimitGuard() of a rule',
    options: { limit: 'count', window: 'duration', cost: 'count' },
    call: (options) =>
      new RateLimitGuard({
        backend,
        rules: [{ path: '/*', ...window, key: 'ip', ...options }],
      }),
  },
  {
    name: 'new DdosProtection()',
    options: {
      'ban.offences': 'count',
      'ban.window': 'duration',
      'ban.duration': 'duration',
      'ban.maxDuration': 'duration',
      'ban.forget': 'duration',
      timeout: 'duration',
    },
    call: (options) => new DdosProtection({ backend, ...options }),
  },
  {
    name: 'createUploadSessions()',
    options: {
      maxBytes: 'count',
      partBytes: 'count',
      expiresIn: 'duration',
      lease: 'duration',
      idle: 'duration',
    },
    call: (options) => createUploadSessions({ backend, store: blobs, ...options }),
  },
  {
    name: 'createDirectUploads()',
    options: { expiresIn: 'duration' },
    call: (options) => createDirectUploads({ store: blobs, url, secret, ...options }),
  },
  {
    name: 'fileTickets.sign()',
    options: { expiresIn: 'duration', window: 'duration', maxBytes: 'count' },
    call: (options) =>
      createFileTickets({ store: blobs, url, secret }).sign('key', {
        method: 'PUT',
        maxBytes: 1,
        ...options,
      }),
  },
  {
    name: 'createUploadPipeline()',
    options: { maxBytes: 'count', maxPixels: 'count', keep: 'duration' },
    call: (options) =>
      createUploadPipeline({
        backend,
        quarantine: { store: blobs, prefix: 'in/' },
        published: blobs,
        types: ['image/png'],
        maxBytes: 1,
        sniff: () => null,
        scanner: 'none',
        key: () => 'k',
        ...options,
      } as never),
  },
  {
    name: 'createEncryptedBlobs()',
    options: { chunkBytes: 'count' },
    call: (options) => createEncryptedBlobs({ store: blobs, keys, current: 'a', ...options }),
  },
  {
    name: 'cdnUrls.signed()',
    options: { expiresIn: 'duration', window: 'duration' },
    call: (options) =>
      createCdnUrls({ baseUrl: url, signer: { sign: () => '' } as never }).signed('key', options),
  },
  {
    name: 'imgproxyUrls()',
    options: { expiresIn: 'duration', window: 'duration' },
    call: (options) =>
      imgproxyUrls({
        baseUrl: url,
        key: 'ab'.repeat(32),
        salt: 'cd'.repeat(8),
        source: 's3://b/',
        ...options,
      }),
  },
  {
    name: 'cloudflarePurger()',
    options: { batch: 'count', timeout: 'duration' },
    call: (options) => cloudflarePurger({ zoneId: 'z'.repeat(32), apiToken: 't', ...options }),
  },
  {
    name: 'cloudflareImages()',
    options: { maxInputBytes: 'count', maxPixels: 'count', maxFrames: 'count' },
    call: (options) =>
      cloudflareImages({ input: unreachable, info: unreachable } as never, options),
  },
  {
    name: 'clamd()',
    options: { port: 'count', maxBytes: 'count', timeout: 'duration' },
    call: (options) => clamd({ host: 'h', connect: unreachable as never, ...options }),
  },
  {
    name: 'attachmentAv()',
    options: { timeout: 'duration' },
    call: (options) => attachmentAv({ apiKey: 'k', ...options }),
  },
  {
    name: 'sidecar()',
    options: { detach: 'duration' },
    call: (options) => sidecar({ id: 'files', url, secret, ...options }),
  },
  {
    name: 's3()',
    options: { attempts: 'count', timeout: 'duration' },
    call: (options) =>
      s3({
        region: 'eu',
        credentials: { accessKeyId: 'a', secretAccessKey: 's' },
        ...options,
      } as never),
  },
  {
    name: 'gcs()',
    options: { attempts: 'count', timeout: 'duration' },
    call: (options) => gcs({ token: async () => 't', ...options }),
  },
  {
    name: 'azureBlob()',
    options: { attempts: 'count', timeout: 'duration' },
    call: (options) => azureBlob({ account: 'acct', accountKey: 'a2V5', ...options }),
  },
  {
    name: 'r2()',
    options: { attempts: 'count' },
    call: (options) => r2({}, options),
  },
  {
    name: 'presign()',
    options: { expiresIn: 'duration', window: 'duration' },
    call: (options) =>
      s3({ region: 'eu', accessKeyId: 'a', secretAccessKey: 's' })
        .bucket('b-b')
        .presign('key', options),
  },
  {
    name: 'BlobStore.page()',
    options: { limit: 'count' },
    call: (options) => blobs.page(options),
  },
  {
    name: 'stripe()',
    options: { timeoutMs: 'count' },
    call: (options) => stripe({ secretKey: 'sk_test_1', webhookSecret: 'whsec_1', ...options }),
  },
  {
    name: 'paypal()',
    options: { timeoutMs: 'count' },
    call: (options) => paypal({ clientId: 'c', clientSecret: 's', webhookId: 'w', ...options }),
  },
  {
    name: 'square()',
    options: { timeoutMs: 'count' },
    call: (options) => square({ accessToken: 't', locationId: 'l', ...options }),
  },
  {
    name: 'createClient()',
    options: { attempts: 'count', timeout: 'duration' },
    call: (options) => createClient({ baseUrl: url, ...options }),
  },
  {
    name: 'createDashboard()',
    options: { sessionLasts: 'duration' },
    call: (options) =>
      createDashboard({
        services: {},
        authorize: () => null,
        backend,
        secret,
        ...options,
      }),
  },
]

// Services take null for what is left out, as a column of a database is.
testOptionRanges(table, (value) => value === null)
