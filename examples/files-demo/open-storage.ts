import { sqlite } from '@white-cross/reuse/infrastructure/runtime/sqlite'
import { createStorage, type Storage } from '@white-cross/reuse/infrastructure/storage'
import { s3 } from '@white-cross/reuse/infrastructure/storage/s3'
import { sidecar, type Sidecar } from '@white-cross/reuse/infrastructure/storage/sidecar'
import {
  createUploadSessions,
  type UploadSessions,
} from '@white-cross/reuse/infrastructure/storage/uploads'

/** Where everything is; handed to the uploader as JSON. */
export interface Places {
  readonly s3Url: string
  readonly sidecarUrl: string
  readonly secret: string
  /** A SQLite file: what each process knows of files and uploads. */
  readonly database: string
}

export const INCOMING = 'incoming'
export const PUBLISHED = 'public'
export const S3_KEYS = { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' } as const

/** What a server of yours would compose once. */
export interface FilesDemo {
  readonly backend: ReturnType<typeof sqlite>
  readonly storage: Storage
  readonly uploads: UploadSessions
  readonly media: Sidecar
}

export function openStorage({ s3Url, sidecarUrl, secret, database }: Places): FilesDemo {
  const backend = sqlite(database)
  const media = sidecar({ url: sidecarUrl, id: 'demo', secret, stores: ['s3'] })
  const stores = { s3: s3({ region: 'us-east-1', endpoint: s3Url, ...S3_KEYS }) }
  const storage = createStorage({ backend, stores, media })
  const uploads = createUploadSessions({
    backend,
    store: storage.bucket('s3', INCOMING),
    // An append of a killed process keeps the next one out for so long.
    lease: '1s',
  })
  return { backend, storage, uploads, media }
}
