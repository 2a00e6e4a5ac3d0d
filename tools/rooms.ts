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
  /** Words that say nothing about what a folder or a file holds. */
  readonly emptyNames: readonly string[]
  /** Ports without laws, each with the reason. Every other file of the ports stands beside its `.conformance.ts`. */
  readonly lawless: Readonly<Record<string, string>>
  /** Files longer than allowed, each with the reason why it is not divided. */
  readonly long: Readonly<Record<string, string>>
}

const foundation = ['src/primitives/', 'src/runtime/ports/']
const coordination = 'src/runtime/coordination/'
const timer = 'src/runtime/timer/'
/** What every engine that pushes shares: rings, and jobs that travel in messages. */
const push = 'src/runtime/push/'

export const houseRules: HouseRules = {
  rooms: [
    {
      files: /^src\/.*\.test\.ts$/,
      imports: ['src/', 'test/'],
      packages: 'any',
    },
    { files: /^src\/primitives\//, imports: ['src/primitives/'] },
    {
      files: /^src\/services\/([^/]+)\/providers\/.*\.conformance\.ts$/,
      imports: [...foundation, 'src/services/$1/providers/provider.ts'],
    },
    { files: /^src\/.*\.conformance\.ts$/, imports: foundation },
    { files: /^src\/runtime\/ports\//, imports: foundation },
    { files: /^src\/runtime\/coordination\//, imports: [...foundation, coordination] },
    {
      files: /^src\/runtime\/durable-objects\//,
      imports: [...foundation, timer, 'src/runtime/durable-objects/', 'src/runtime/sqlite/'],
      packages: ['cloudflare:workers'],
    },
    {
      files: /^src\/runtime\/(cloudflare-queues|qstash)\//,
      imports: [...foundation, push, 'src/runtime/$1/'],
    },
    { files: /^src\/runtime\/([^/]+)\//, imports: [...foundation, timer, 'src/runtime/$1/'] },
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
      imports: [...foundation, coordination, 'src/services/$1/'],
      packages: ['hono'],
    },
    {
      files: /^src\/services\/(background-jobs)\/scheduling\//,
      imports: [...foundation, coordination, 'src/services/$1/'],
      packages: ['croner'],
    },
    {
      files: /^src\/services\/(webhooks)\/outbound\//,
      imports: [...foundation, coordination, 'src/services/$1/'],
      packages: ['ipaddr.js'],
    },
    {
      files: /^src\/services\/([^/]+)\//,
      imports: [...foundation, coordination, 'src/services/$1/'],
    },
    { files: /^src\/testing(\/|\.ts$)/, imports: [...foundation, 'src/testing/'] },
    { files: /^src\/[^/]+\.ts$/, imports: ['src/'] },
  ],
  emptyNames: 'common core helper helpers lib manager misc shared util utils'.split(' '),
  lawless: {
    'src/runtime/ports/backend.ts': 'four ports in one value',
    'src/runtime/ports/conformance.ts': 'says what a law is',
    'src/runtime/ports/decide-rate-limits.ts': 'pure part of the rate limit store',
    'src/runtime/ports/errors.ts': 'an error, not a promise',
    'src/runtime/ports/end-of-turn.ts': 'what a platform has, held to by those who wait for it',
    'src/runtime/ports/exchange-order.ts': 'pure part of the job ledger',
    'src/runtime/ports/index.ts': 'the door',
    'src/runtime/ports/job-abort-error.ts': 'an error, not a promise',
    'src/runtime/ports/job-ledger-laws/deduplication-laws.ts': 'laws of the job ledger',
    'src/runtime/ports/job-ledger-laws/flow-laws.ts': 'laws of the job ledger',
    'src/runtime/ports/job-ledger-laws/group-laws.ts': 'laws of the job ledger',
    'src/runtime/ports/job-ledger-laws/keeping-laws.ts': 'laws of the job ledger',
    'src/runtime/ports/job-ledger-laws/operator-laws.ts': 'laws of the job ledger',
    'src/runtime/ports/job-ledger-laws/law-steps.ts': 'steps of the laws of the job ledger',
    'src/runtime/ports/job-limits.ts': 'pure part of the job ledger',
    'src/runtime/ports/job-outcome.ts': 'a type of the job ledger',
    'src/runtime/ports/job-processor.ts': 'a function of the user',
    'src/runtime/ports/job-state.ts': 'pure part of the job ledger',
    'src/runtime/ports/json.ts': 'a type',
    'src/runtime/ports/kept-bounds.ts': 'pure part of the job ledger',
    'src/runtime/ports/latch.ts': 'pure part of every worker',
    'src/runtime/ports/rate-limit-limits.ts': 'pure part of the rate limit store',
    'src/runtime/ports/run-processor.ts': 'pure part of every worker',
    'src/runtime/ports/store-limits.ts': 'pure part of the atomic store',
  },
  long: {},
}
