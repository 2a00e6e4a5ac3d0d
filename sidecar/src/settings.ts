import { readFileSync } from 'node:fs'
import { z } from 'zod'
import type { BlobProvider } from '@white-cross/reuse/infrastructure/storage'
import { azureBlob } from '@white-cross/reuse/infrastructure/storage/azure-blob'
import { fileSystem } from '@white-cross/reuse/infrastructure/storage/file-system'
import { gcs } from '@white-cross/reuse/infrastructure/storage/gcs'
import { s3 } from '@white-cross/reuse/infrastructure/storage/s3'
import { DEFAULT_LIMITS, type SidecarLimits } from './limits.ts'

/** What the sidecar runs with. docs/sidecar.md has an example. */
export interface Settings {
  readonly host: string
  readonly port: number
  /** Where metrics are to be had without a signature; for a network of one's own. */
  readonly metricsPort: number | null
  readonly keys: readonly { readonly id: string; readonly secret: string }[]
  readonly stores: Readonly<Record<string, BlobProvider>>
  readonly clamd: { readonly host: string; readonly port: number } | null
  readonly smtp: SmtpSettings | null
  readonly bullmq: BullmqSettings | null
  readonly scratch: string | undefined
  readonly graceMs: number
  readonly limits: SidecarLimits
}

const port = z.int().min(0).max(65_535)
const host = z.string().regex(/^[\w.:-]{1,255}$/)

const smtp = z.strictObject({
  host,
  port: port.default(587),
  secure: z.enum(['starttls', 'tls', 'off: only for a server on this machine']).default('starttls'),
  user: z.string().optional(),
  password: z.string().optional(),
  clientName: host.optional(),
  /** Certificates of authorities in PEM, in place of the well-known ones. */
  ca: z.string().optional(),
  connections: z.int().min(1).max(100).default(5),
})
/** The server that mail is relayed to. */
export type SmtpSettings = z.infer<typeof smtp>

const bullmq = z.strictObject({
  redis: z.url({ protocol: /^rediss?$/ }),
  prefix: z.string().default('bull'),
  /** Queues whose jobs are handed to a handler over HTTP. */
  queues: z.array(
    z.strictObject({
      name: z.string().min(1).max(255),
      url: z.url({ protocol: /^https?$/ }),
      keyId: z.string(),
      concurrency: z.int().min(1).max(1000).default(4),
      timeoutMs: z.int().min(100).max(3_600_000).default(60_000),
    }),
  ),
})
/** The queues that are worked, and by whom. */
export type BullmqSettings = z.infer<typeof bullmq>

const store = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('s3'), options: z.looseObject({}) }),
  z.strictObject({ kind: z.literal('azure-blob'), options: z.looseObject({}) }),
  z.strictObject({ kind: z.literal('gcs'), options: z.looseObject({}) }),
  z.strictObject({ kind: z.literal('file-system'), path: z.string().min(1) }),
])

const count = z.int().min(1).max(Number.MAX_SAFE_INTEGER)
const partial = <Shape extends object>(shape: Shape) =>
  z.strictObject(
    // Every limit is a count, and each may be left out.
    Object.fromEntries(Object.keys(shape).map((name) => [name, count.optional()])),
  )
const { bodyBytes, nonces, ...parts } = DEFAULT_LIMITS

const file = z.strictObject({
  host: host.default('0.0.0.0'),
  port: port.default(8788),
  metricsPort: port.optional(),
  keys: z.array(z.strictObject({ id: z.string(), secret: z.string() })).min(1),
  stores: z.record(z.string().regex(/^[\w-]{1,64}$/), store).default({}),
  clamd: z.strictObject({ host, port: port.default(3310) }).optional(),
  smtp: smtp.optional(),
  bullmq: bullmq.optional(),
  scratch: z.string().optional(),
  graceMs: z.int().min(0).max(600_000).default(30_000),
  limits: z
    .strictObject({
      bodyBytes: count.max(67_108_864).optional(),
      nonces: count.optional(),
      image: partial(parts.image).optional(),
      video: partial(parts.video).optional(),
      scan: partial(parts.scan).optional(),
      mail: partial(parts.mail).optional(),
    })
    .default({}),
})

/**
 * Reads the settings: JSON in the file that `SIDECAR_SETTINGS_FILE` names, or in `SIDECAR_SETTINGS`.
 *
 * @throws Error which names what is wrong in them, and never a value
 */
export function readSettings(env: Readonly<Record<string, string | undefined>>): Settings {
  const { SIDECAR_SETTINGS_FILE: path, SIDECAR_SETTINGS: text } = env
  const json = path === undefined ? text : readFileSync(path, 'utf8')
  if (json === undefined)
    throw new Error(
      'Cannot start sidecar: neither SIDECAR_SETTINGS_FILE nor SIDECAR_SETTINGS is set',
    )
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch {
    // What the parser says quotes the text, and the text holds secrets.
    throw new Error('Cannot start sidecar: its settings are no JSON')
  }
  const result = file.safeParse(value)
  if (!result.success) {
    const wrong = result.error.issues.map(({ path: where, code, ...issue }) => {
      const unknown = 'keys' in issue && Array.isArray(issue.keys) ? issue.keys.join(', ') : ''
      return `${where.map(String).join('.') || 'the settings'}: ${code} ${unknown}`.trim()
    })
    throw new Error(`Cannot start sidecar: its settings are wrong at ${wrong.join('; ')}`)
  }
  const { limits, stores, metricsPort = null, ...rest } = result.data
  return {
    ...{ host: rest.host, port: rest.port, keys: rest.keys, graceMs: rest.graceMs },
    ...{ metricsPort, scratch: rest.scratch },
    clamd: rest.clamd ?? null,
    smtp: rest.smtp ?? null,
    bullmq: rest.bullmq ?? null,
    stores: Object.fromEntries(
      Object.entries(stores).map(([name, given]) => [name, providerOf(given)]),
    ),
    limits: withLimits(limits),
  }
}

function providerOf(given: z.infer<typeof store>): BlobProvider {
  // Each provider checks its own options, and says what is wrong with them.
  switch (given.kind) {
    case 's3':
      return s3(given.options)
    case 'azure-blob':
      return azureBlob(given.options as never)
    case 'gcs':
      return gcs(given.options)
    case 'file-system':
      return fileSystem(given.path)
  }
}

function withLimits(given: z.infer<typeof file>['limits']): SidecarLimits {
  const part = <Part extends object>(defaults: Part, changes: object = {}): Part => ({
    ...defaults,
    ...Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined)),
  })
  return {
    bodyBytes: given.bodyBytes ?? bodyBytes,
    nonces: given.nonces ?? nonces,
    image: part(parts.image, given.image),
    video: part(parts.video, given.video),
    scan: part(parts.scan, given.scan),
    mail: part(parts.mail, given.mail),
  }
}
