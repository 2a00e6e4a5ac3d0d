/** What an application imports together, and the most that it may weigh. */
export interface Composition {
  readonly name: string
  /** Names to import, by the door that has them. */
  readonly imports: Readonly<Record<string, readonly string[]>>
  /** The most bytes of the minified and gzipped bundle, all in one file. */
  readonly budgetGzipBytes: number
  /** The most bytes that are loaded before anything is used, where a bundler makes several files. */
  readonly budgetFirstGzipBytes: number
}

const queue = { './infrastructure/background-jobs': ['JobQueue', 'defineJob'] }

/** The parts of the package that are weighed as they are used: a queue of jobs, alone and on each engine of a Worker. */
export const compositions: readonly Composition[] = [
  { name: 'JobQueue', imports: queue, budgetGzipBytes: 28_000, budgetFirstGzipBytes: 17_000 },
  {
    name: 'JobQueue on memory()',
    imports: { ...queue, './infrastructure/runtime/memory': ['memory'] },
    budgetGzipBytes: 43_000,
    budgetFirstGzipBytes: 32_000,
  },
  {
    name: 'JobQueue on redis()',
    imports: { ...queue, './infrastructure/runtime/redis': ['redis'] },
    budgetGzipBytes: 60_000,
    budgetFirstGzipBytes: 49_000,
  },
  {
    name: 'JobQueue on durableObjects()',
    imports: {
      ...queue,
      './infrastructure/runtime/durable-objects': [
        'durableObjects',
        'InfrastructureObject',
        'jobRunner',
      ],
    },
    budgetGzipBytes: 57_000,
    budgetFirstGzipBytes: 46_000,
  },
  {
    name: 'payments',
    imports: { './infrastructure/payments': ['createPayments', 'money'] },
    budgetGzipBytes: 24_000,
    budgetFirstGzipBytes: 24_000,
  },
]
