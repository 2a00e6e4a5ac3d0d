/** One room of the house: whose files these are, and what they may import. */
export interface Room {
  /** Matches the room's files. Its groups can be named in `imports` as `$1`, `$2`. */
  readonly files: RegExp
  /** Paths that may be imported: beginnings where they end in `/`, else files. */
  readonly imports: readonly string[]
  /** Packages and platform modules that may be imported besides. */
  readonly packages?: readonly string[] | 'any'
}

/** What `check-rooms` compares the tree with. */
export interface HouseRules {
  /** The first room that matches a path is the file's. */
  readonly rooms: readonly Room[]
  /**
   * Folders that stand one on the other, lowest first: a folder may import itself and what stands
   * before it in its list, whatever its room allows besides.
   */
  readonly orders: Readonly<Record<string, readonly string[]>>
  /** Folders of adapters, and the ports that each adapter in them has a file for, named like the port. */
  readonly adapters: Readonly<Record<string, readonly string[]>>
  /** Files that a reader goes through, each with the most files of its folder that it may lead to. */
  readonly walks: Readonly<Record<string, number>>
  /** Words that say nothing about what a folder or a file holds. */
  readonly emptyNames: readonly string[]
  /** Files longer than allowed, each with the reason why it is not divided. */
  readonly long: Readonly<Record<string, string>>
}

const foundation = ['src/primitives/', 'src/runtime/ports/']
const coordination = 'src/runtime/coordination/'
const workers = 'src/runtime/workers/'
const sidecar = 'src/runtime/sidecar/'
const service = [...foundation, coordination, workers, sidecar, 'src/services/$1/']

export const houseRules: HouseRules = {
  rooms: [
    {
      files: /^src\/.*\.test\.ts$/,
      imports: ['src/', 'test/'],
      packages: 'any',
    },
    { files: /^src\/primitives\//, imports: ['src/primitives/'] },
    {
      files: /^src\/services\/([^/]+)\/.*\.conformance\.ts$/,
      imports: [...foundation, 'src/services/$1/'],
    },
    { files: /^src\/.*\.conformance\.ts$/, imports: foundation },
    { files: /^src\/runtime\/ports\//, imports: foundation },
    { files: /^src\/runtime\/workers\//, imports: [...foundation, workers] },
    { files: /^src\/runtime\/coordination\//, imports: [...foundation, workers, coordination] },
    { files: /^src\/runtime\/sidecar\//, imports: [...foundation, sidecar] },
    {
      files: /^src\/runtime\/backends\/durable-objects\//,
      imports: [
        ...foundation,
        workers,
        'src/runtime/backends/durable-objects/',
        'src/runtime/backends/sqlite/',
      ],
      packages: ['cloudflare:workers'],
    },
    {
      // Where it knows no groups, the limits of kinds are slots.
      files: /^src\/runtime\/engines\/(bullmq)\//,
      imports: [
        ...foundation,
        workers,
        sidecar,
        'src/runtime/coordination/locks/semaphore.ts',
        'src/runtime/coordination/locks/lock-error.ts',
        'src/runtime/engines/$1/',
      ],
    },
    {
      files: /^src\/runtime\/(backends|engines|platforms)\/([^/]+)\//,
      imports: [...foundation, workers, sidecar, 'src/runtime/$1/$2/'],
    },
    {
      files: /^src\/services\/payments\/providers\/provider(-\w+)?\.ts$/,
      imports: [...foundation, 'src/services/payments/'],
    },
    {
      files: /^src\/services\/(payments)\/providers\/([^/]+)(\/.*|\.ts)$/,
      imports: [
        ...foundation,
        'src/services/$1/money/',
        'src/services/$1/payment-error.ts',
        'src/services/$1/subscriptions/billing-period.ts',
        ...['provider', 'provider-payment', 'provider-billing', 'provider-http'].map(
          (name) => `src/services/$1/providers/${name}.ts`,
        ),
        'src/services/$1/providers/$2/',
      ],
      packages: ['stripe'],
    },
    {
      files: /^src\/services\/storage\/providers\/([^/]+)\//,
      imports: [
        ...foundation,
        'src/runtime/coordination/wait-for.ts',
        'src/services/storage/storage-error.ts',
        'src/services/storage/blobs/',
        'src/services/storage/http/',
        'src/services/storage/signing/',
        'src/services/storage/providers/$1/',
      ],
    },
    {
      files: /^src\/services\/(notifications)\/providers\/([^/]+)(\/.*|\.ts)$/,
      imports: [
        ...foundation,
        ...['addresses/', 'channels/', 'mime/', 'notification-error.ts'].map(
          (path) => `src/services/$1/${path}`,
        ),
        ...['provider.ts', 'requests/', '$2/'].map((path) => `src/services/$1/providers/${path}`),
        sidecar,
      ],
    },
    {
      files: /^src\/services\/(notifications)\/templates\/liquid(js\.d)?\.ts$/,
      imports: service,
      packages: ['liquidjs'],
    },
    {
      files: /^src\/services\/([^/]+)\/providers\/([^/]+)(\/.*|\.ts)$/,
      imports: [
        ...foundation,
        'src/services/$1/providers/provider.ts',
        'src/services/$1/providers/$2/',
      ],
    },
    {
      files: /^src\/services\/([^/]+)\/hono\.ts$/,
      imports: service,
      packages: ['hono'],
    },
    {
      files: /^src\/services\/(background-jobs)\/scheduling\//,
      imports: service,
      packages: ['croner'],
    },
    {
      // Which `fetch` is the default is a matter of where it runs.
      files: /^src\/services\/(webhooks)\/(?:index|sending\/default-fetch)\.ts$/,
      imports: [...service, 'src/runtime/platforms/'],
    },
    {
      files: /^src\/services\/(webhooks)\/outbound\//,
      imports: service,
      packages: ['ipaddr.js'],
    },
    { files: /^src\/services\/([^/]+)\//, imports: service },
    {
      // Looks at services through their doors, and belongs to none of them.
      files: /^src\/dashboard\//,
      imports: [...foundation, coordination, 'src/services/', 'src/dashboard/'],
      packages: ['hono'],
    },
    {
      files: /^src\/client\//,
      imports: [...foundation, 'src/runtime/coordination/wait-for.ts', 'src/client/'],
    },
    {
      // A program for Node, no door of the library.
      files: /^src\/cli\//,
      imports: [...foundation, 'src/runtime/coordination/wait-for.ts', 'src/client/', 'src/cli/'],
      packages: ['node:fs', 'node:path', 'node:process', 'node:util'],
    },
    { files: /^src\/testing(\/|\.ts$)/, imports: [...foundation, 'src/testing/'] },
    { files: /^src\/[^/]+\.ts$/, imports: ['src/'] },
  ],
  orders: {
    'src/runtime/backends/sqlite': ['database', 'job-store'],
    'src/runtime/coordination': ['locks', 'idempotency', 'circuit-breaker', 'sagas'],
    'src/dashboard': ['access'],
    'src/services/background-jobs': ['scheduling'],
    'src/services/logging': [
      'values',
      'redaction',
      'exporting',
      'context',
      'traces',
      'logs',
      'otlp',
      'metrics',
      'health',
      'audit',
      'sentry',
      'alerts',
      'observing',
    ],
    'src/services/notifications': [
      'addresses',
      'segments',
      'channels',
      'mime',
      'providers',
      'suppression',
      'preferences',
      'templates',
      'tracking',
      'inbox',
      'queue',
      'delivery',
      'sending',
    ],
    'src/services/payments': ['money', 'operations', 'fraud', 'audit'],
    'src/services/rate-limiting': [
      'limits',
      'deciding',
      'limiters',
      'addresses',
      'headers',
      'guard',
      'quotas',
      'protection',
    ],
    'src/services/storage': [
      'blobs',
      'http',
      'signing',
      'providers',
      'media',
      'scanning',
      'sidecar',
      'serving',
      'browser',
      'uploads',
      'tus',
      'tickets',
      'encryption',
      'pipeline',
      'cdn',
      'files',
    ],
    'src/services/webhooks': [
      'signing',
      'schemes',
      'events',
      'receiving',
      'outbound',
      'queues',
      'endpoints',
      'deliveries',
      'sending',
    ],
  },
  adapters: { 'src/runtime/backends': ['atomic-store', 'job-store', 'rate-limit-store'] },
  walks: {
    'src/runtime/backends/sqlite/job-store/add-jobs.ts': 19,
    'src/runtime/backends/sqlite/job-store/job-store.ts': 27,
  },
  emptyNames: 'common core helper helpers lib manager misc shared util utils'.split(' '),
  long: {
    'src/client/api/client.ts':
      'written by a program, every operation of the gateway with its types',
    'src/services/background-jobs/job-queue.ts':
      'what a queue does is one list of short methods, each with its promise',
    'test/support/gcs-standin.ts':
      'one server, to be read beside the documentation of the real one',
    'test/support/s3-standin.ts': 'one server, to be read beside the documentation of the real one',
  },
}
