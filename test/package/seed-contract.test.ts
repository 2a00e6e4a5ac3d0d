import { expect, test } from 'vitest'
import manifest from '../../package.json' with { type: 'json' }

/** The 37 names that the package promises from its first day on, by the subpath that each is imported from. */
const PROMISED = {
  'background-jobs': 'createJob scheduleJob JobQueue CircuitBreaker SagaOrchestrator',
  notifications: 'sendEmail sendSMS sendPush renderTemplate trackDelivery',
  payments: 'createPaymentIntent processPayment createSubscription refundPayment handleWebhook',
  storage: 'uploadFile downloadFile deleteFile resizeImage transcodeVideo generatePresignedUrl',
  webhooks: 'signWebhook verifyWebhook deliverWebhook retryWebhook batchWebhooks',
  logging:
    'LoggerService MetricsService TracingService HealthCheckService redactPII trackMetric startTrace',
  'rate-limiting': 'RateLimitGuard checkRateLimit TokenBucketLimiter SlidingWindowLimiter',
} as const

const names = Object.entries(PROMISED).flatMap(([service, list]) =>
  list.split(' ').map((name) => ({ service, name })),
)

test('the seed promises 37 names, none twice', () => {
  expect(names.length).toBe(37)
  expect(new Set(names.map(({ name }) => name)).size).toBe(37)
})

test.for(names)('$name of $service exists', async ({ service, name }) => {
  expect(typeof (await importFrom(`./infrastructure/${service}`, name))).toBe('function')
})

test.for(names)('$name is in the flat list as well', async ({ service, name }) => {
  const found = await importFrom('./infrastructure', name)
  expect(found).toBe(await importFrom(`./infrastructure/${service}`, name))
})

async function importFrom(subpath: string, name: string): Promise<unknown> {
  if (!(subpath in manifest.exports)) return undefined
  // What import() of a computed name gives is a module's namespace: a record of what it exports.
  const door = (await import(subpath.replace('.', manifest.name))) as Record<string, unknown>
  return door[name]
}
