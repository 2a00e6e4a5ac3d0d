/** One way into the package: a subpath of `exports` and the source file behind it. */
export interface Door {
  readonly subpath: string
  readonly source: string
  /**
   * Where the door can be opened. `workers`: it imports `cloudflare:workers`, so only a Worker can load it. `servers`: it
   * loads a Node, Deno or Bun module, so a bare Worker cannot. Default: everywhere.
   */
  readonly only?: 'workers' | 'servers'
  /** The most bytes that a minified bundle of all that the door exports may have. Default: not looked at. */
  readonly budgetBytes?: number
}

/** Every subpath of the package, in the order in which `exports` lists them. What is not here cannot be imported. */
export const doors: readonly Door[] = [
  { subpath: './infrastructure', budgetBytes: 800_000, source: 'src/infrastructure.ts' },
  {
    subpath: './infrastructure/background-jobs',
    budgetBytes: 141_000,
    source: 'src/services/background-jobs/index.ts',
  },
  {
    subpath: './infrastructure/logging',
    budgetBytes: 162_000,
    source: 'src/services/logging/index.ts',
  },
  {
    subpath: './infrastructure/logging/hono',
    budgetBytes: 84_000,
    source: 'src/services/logging/hono.ts',
  },
  {
    subpath: './infrastructure/logging/sentry',
    budgetBytes: 10_000,
    source: 'src/services/logging/sentry/index.ts',
  },
  {
    subpath: './infrastructure/notifications',
    budgetBytes: 148_000,
    source: 'src/services/notifications/index.ts',
  },
  {
    subpath: './infrastructure/notifications/inbox',
    budgetBytes: 14_000,
    source: 'src/services/notifications/inbox/index.ts',
  },
  {
    subpath: './infrastructure/notifications/liquid',
    budgetBytes: 16_000,
    source: 'src/services/notifications/templates/liquid.ts',
  },
  ...[
    'apns',
    'cloudflare-email',
    'discord',
    'fcm',
    'mailgun',
    'outbox',
    'postmark',
    'resend',
    'sendgrid',
    'ses',
    'slack',
    'smtp',
    'sns',
    'teams',
    'twilio',
    'vonage',
    'web-push',
  ].map((name) => ({
    subpath: `./infrastructure/notifications/${name}`,
    budgetBytes: 13_000,
    source: `src/services/notifications/providers/${name}.ts`,
  })),
  {
    subpath: './infrastructure/notifications/smtp-relay',
    budgetBytes: 20_000,
    source: 'src/services/notifications/providers/smtp-relay.ts',
  },
  {
    subpath: './infrastructure/payments',
    budgetBytes: 97_000,
    source: 'src/services/payments/index.ts',
  },
  {
    subpath: './infrastructure/payments/paypal',
    budgetBytes: 31_500,
    source: 'src/services/payments/providers/paypal.ts',
  },
  {
    subpath: './infrastructure/payments/sandbox',
    budgetBytes: 15_000,
    source: 'src/services/payments/providers/sandbox.ts',
  },
  {
    subpath: './infrastructure/payments/square',
    budgetBytes: 28_700,
    source: 'src/services/payments/providers/square.ts',
  },
  {
    subpath: './infrastructure/payments/stripe',
    source: 'src/services/payments/providers/stripe.ts',
  },
  {
    subpath: './infrastructure/rate-limiting',
    budgetBytes: 90_000,
    source: 'src/services/rate-limiting/index.ts',
  },
  {
    subpath: './infrastructure/rate-limiting/hono',
    budgetBytes: 50_000,
    source: 'src/services/rate-limiting/hono.ts',
  },
  ...['upstash', 'cloudflare'].map((vendor) => ({
    subpath: `./infrastructure/rate-limiting/${vendor}`,
    budgetBytes: 4_000,
    source: `src/services/rate-limiting/providers/${vendor}.ts`,
  })),
  {
    subpath: './infrastructure/webhooks',
    budgetBytes: 145_500,
    source: 'src/services/webhooks/index.ts',
  },
  {
    subpath: './infrastructure/webhooks/providers',
    budgetBytes: 40_000,
    source: 'src/services/webhooks/receiving/read-provider-webhook.ts',
  },
  {
    subpath: './infrastructure/webhooks/schemes',
    budgetBytes: 44_000,
    source: 'src/services/webhooks/schemes/index.ts',
  },
  {
    subpath: './infrastructure/storage',
    budgetBytes: 40_000,
    source: 'src/services/storage/index.ts',
  },
  {
    subpath: './infrastructure/storage/s3',
    budgetBytes: 64_000,
    source: 'src/services/storage/providers/s3/index.ts',
  },
  {
    subpath: './infrastructure/storage/azure-blob',
    budgetBytes: 56_000,
    source: 'src/services/storage/providers/azure-blob/index.ts',
  },
  {
    subpath: './infrastructure/storage/gcs',
    budgetBytes: 56_000,
    source: 'src/services/storage/providers/gcs/index.ts',
  },
  {
    subpath: './infrastructure/storage/r2',
    budgetBytes: 42_000,
    source: 'src/services/storage/providers/r2/index.ts',
  },
  {
    subpath: './infrastructure/storage/memory',
    budgetBytes: 42_000,
    source: 'src/services/storage/providers/memory/index.ts',
  },
  {
    subpath: './infrastructure/storage/file-system',
    source: 'src/services/storage/providers/file-system/index.ts',
    only: 'servers',
  },
  {
    subpath: './infrastructure/storage/uploads',
    budgetBytes: 40_000,
    source: 'src/services/storage/uploads/index.ts',
  },
  {
    subpath: './infrastructure/storage/tus',
    budgetBytes: 20_000,
    source: 'src/services/storage/tus/index.ts',
  },
  {
    subpath: './infrastructure/storage/tickets',
    budgetBytes: 24_000,
    source: 'src/services/storage/tickets/index.ts',
  },
  {
    subpath: './infrastructure/storage/browser',
    budgetBytes: 2_500,
    source: 'src/services/storage/browser/index.ts',
  },
  {
    subpath: './infrastructure/storage/encryption',
    budgetBytes: 16_000,
    source: 'src/services/storage/encryption/index.ts',
  },
  {
    subpath: './infrastructure/storage/pipeline',
    budgetBytes: 40_000,
    source: 'src/services/storage/pipeline/index.ts',
  },
  {
    subpath: './infrastructure/storage/cdn',
    budgetBytes: 24_000,
    source: 'src/services/storage/cdn/index.ts',
  },
  {
    subpath: './infrastructure/storage/media',
    budgetBytes: 15_000,
    source: 'src/services/storage/media/index.ts',
  },
  {
    subpath: './infrastructure/storage/scanning',
    budgetBytes: 16_000,
    source: 'src/services/storage/scanning/index.ts',
  },
  {
    subpath: './infrastructure/storage/sidecar',
    budgetBytes: 20_000,
    source: 'src/services/storage/sidecar/index.ts',
  },
  {
    subpath: './infrastructure/runtime/ports',
    budgetBytes: 6_600,
    source: 'src/runtime/ports/index.ts',
  },
  {
    subpath: './infrastructure/runtime/coordination',
    budgetBytes: 64_000,
    source: 'src/runtime/coordination/index.ts',
  },
  {
    subpath: './infrastructure/runtime/memory',
    budgetBytes: 60_500,
    source: 'src/runtime/backends/memory/index.ts',
  },
  {
    subpath: './infrastructure/runtime/sqlite',
    source: 'src/runtime/backends/sqlite/index.ts',
    only: 'servers',
  },
  {
    subpath: './infrastructure/runtime/node',
    source: 'src/runtime/platforms/node/index.ts',
    only: 'servers',
  },
  {
    subpath: './infrastructure/runtime/durable-objects',
    budgetBytes: 118_300,
    source: 'src/runtime/backends/durable-objects/index.ts',
    only: 'workers',
  },
  {
    subpath: './infrastructure/runtime/redis',
    budgetBytes: 148_500,
    source: 'src/runtime/backends/redis/index.ts',
  },
  {
    subpath: './infrastructure/runtime/bullmq',
    budgetBytes: 34_200,
    source: 'src/runtime/engines/bullmq/index.ts',
  },
  {
    subpath: './infrastructure/runtime/qstash',
    budgetBytes: 22_000,
    source: 'src/runtime/engines/qstash/index.ts',
  },
  {
    subpath: './infrastructure/runtime/cloudflare-queues',
    budgetBytes: 10_000,
    source: 'src/runtime/engines/cloudflare-queues/index.ts',
  },
  { subpath: './infrastructure/client', budgetBytes: 22_600, source: 'src/client/index.ts' },
  {
    subpath: './infrastructure/dashboard',
    budgetBytes: 240_000,
    source: 'src/dashboard/index.ts',
  },
  { subpath: './infrastructure/testing', budgetBytes: 2_000, source: 'src/testing/index.ts' },
  {
    subpath: './infrastructure/conformance',
    budgetBytes: 2_000,
    source: 'src/runtime/ports/conformance.ts',
  },
  ...[
    'atomic-store/atomic-store',
    'platform/clock',
    'platform/fetch-client',
    'job-store/job-store',
    'platform/random-source',
    'rate-limit-store/rate-limit-store',
    'waker/waker',
  ].map((path) => ({
    subpath: `./infrastructure/conformance/${path.split('/').at(-1)}`,
    source: `src/runtime/ports/${path}.conformance.ts`,
  })),

  {
    subpath: './infrastructure/conformance/blob-store',
    source: 'src/services/storage/blobs/blob-store.conformance.ts',
  },
  {
    subpath: './infrastructure/conformance/media-processor',
    source: 'src/services/storage/media/media-processor.conformance.ts',
  },
  {
    subpath: './infrastructure/conformance/virus-scanner',
    source: 'src/services/storage/scanning/virus-scanner.conformance.ts',
  },
  {
    subpath: './infrastructure/conformance/notification-provider',
    source: 'src/services/notifications/providers/provider.conformance.ts',
  },
]

/** The entry of package.json's `exports` for a door: tests and examples read the source, everyone else the build. */
export function exportsEntry(door: Door): Record<string, string> {
  const built = `./${door.source.replace(/^src\//, 'dist/').replace(/\.ts$/, '')}`
  return {
    'white-cross-source': `./${door.source}`,
    types: `${built}.d.ts`,
    default: `${built}.js`,
  }
}
