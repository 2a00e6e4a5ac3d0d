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
  { name: 'JobQueue', imports: queue, budgetGzipBytes: 36_100, budgetFirstGzipBytes: 17_600 },
  {
    name: 'JobQueue on memory()',
    imports: { ...queue, './infrastructure/runtime/memory': ['memory'] },
    budgetGzipBytes: 53_350,
    budgetFirstGzipBytes: 35_650,
  },
  {
    name: 'JobQueue on redis()',
    imports: { ...queue, './infrastructure/runtime/redis': ['redis'] },
    budgetGzipBytes: 78_550,
    budgetFirstGzipBytes: 58_800,
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
    budgetGzipBytes: 70_200,
    budgetFirstGzipBytes: 52_050,
  },
  {
    name: 'Sentry',
    imports: { './infrastructure/logging/sentry': ['sentry'] },
    budgetGzipBytes: 4400,
    budgetFirstGzipBytes: 4400,
  },
  {
    name: 'a token bucket on memoryRateLimits()',
    imports: {
      './infrastructure/rate-limiting': ['TokenBucketLimiter'],
      './infrastructure/runtime/memory': ['memoryRateLimits'],
    },
    budgetGzipBytes: 13_200,
    budgetFirstGzipBytes: 9500,
  },
  {
    name: 'sending mail',
    imports: { './infrastructure/notifications': ['configureNotifications', 'sendEmail'] },
    budgetGzipBytes: 50_750,
    budgetFirstGzipBytes: 6_000,
  },
  {
    name: 'sending mail through Resend',
    imports: {
      './infrastructure/notifications': ['configureNotifications', 'sendEmail'],
      './infrastructure/notifications/resend': ['resend'],
    },
    budgetGzipBytes: 53_700,
    budgetFirstGzipBytes: 8_400,
  },
  {
    name: 'sending SMS through Twilio',
    imports: {
      './infrastructure/notifications': ['configureNotifications', 'sendSMS'],
      './infrastructure/notifications/twilio': ['twilio'],
    },
    budgetGzipBytes: 53_550,
    budgetFirstGzipBytes: 8_400,
  },
  {
    name: 'payments',
    imports: { './infrastructure/payments': ['createPayments', 'money'] },
    budgetGzipBytes: 29_950,
    budgetFirstGzipBytes: 9_500,
  },
  {
    name: 'payments at PayPal',
    imports: {
      './infrastructure/payments': ['createPayments', 'money'],
      './infrastructure/payments/paypal': ['paypal'],
    },
    budgetGzipBytes: 38_700,
    budgetFirstGzipBytes: 17_500,
  },
  {
    name: 'payments at Square',
    imports: {
      './infrastructure/payments': ['createPayments', 'money'],
      './infrastructure/payments/square': ['square'],
    },
    budgetGzipBytes: 37_700,
    budgetFirstGzipBytes: 14_700,
  },
  {
    name: 'presigning for S3',
    imports: { './infrastructure/storage/s3': ['createS3Presigner'] },
    budgetGzipBytes: 3_050,
    // A bundler that makes several files puts what s3() shares with it beside it.
    budgetFirstGzipBytes: 4_600,
  },
  {
    name: 'uploading to S3 in parts',
    imports: { './infrastructure/storage/s3': ['createS3Uploader'] },
    budgetGzipBytes: 11_100,
    budgetFirstGzipBytes: 15_700,
  },
  {
    name: 'uploading from a browser',
    imports: { './infrastructure/storage/browser': ['uploadDirect'] },
    budgetGzipBytes: 2_000,
    budgetFirstGzipBytes: 2_000,
  },
  {
    name: 's3()',
    imports: { './infrastructure/storage/s3': ['s3'] },
    budgetGzipBytes: 21_450,
    budgetFirstGzipBytes: 19_550,
  },
  {
    name: 'LoggerService',
    imports: { './infrastructure/logging': ['LoggerService'] },
    budgetGzipBytes: 29_400,
    budgetFirstGzipBytes: 29_700,
  },
  {
    name: 'createRedactor',
    imports: { './infrastructure/logging': ['createRedactor'] },
    budgetGzipBytes: 25_000,
    budgetFirstGzipBytes: 25_200,
  },
  {
    name: 'MetricsService',
    imports: { './infrastructure/logging': ['MetricsService'] },
    budgetGzipBytes: 10_000,
    // What isolates share is loaded when it is first written, what is shown when it is asked for.
    budgetFirstGzipBytes: 6_000,
  },
  {
    name: 'TracingService and otlp()',
    imports: { './infrastructure/logging': ['TracingService', 'otlp'] },
    budgetGzipBytes: 36_000,
    budgetFirstGzipBytes: 36_300,
  },
  {
    name: 'HealthCheckService',
    imports: { './infrastructure/logging': ['HealthCheckService'] },
    budgetGzipBytes: 2_500,
    budgetFirstGzipBytes: 2_700,
  },
  {
    name: 'three clouds',
    imports: {
      './infrastructure/storage/s3': ['s3'],
      './infrastructure/storage/azure-blob': ['azureBlob'],
      './infrastructure/storage/gcs': ['gcs'],
    },
    budgetGzipBytes: 30_450,
    budgetFirstGzipBytes: 29_300,
  },
]
