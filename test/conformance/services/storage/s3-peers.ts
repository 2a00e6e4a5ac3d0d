import { systemClock } from '../../../../src/runtime/ports/platform/clock.ts'
import { blobStoreLaws } from '../../../../src/services/storage/blobs/blob-store.conformance.ts'
import type { BlobStore } from '../../../../src/services/storage/blobs/blob-store.ts'
import { createHttpClient } from '../../../../src/services/storage/http/http-client.ts'
import {
  createIdentity,
  createS3Client,
} from '../../../../src/services/storage/providers/s3/s3-client.ts'
import { s3Bucket } from '../../../../src/services/storage/providers/s3/s3-endpoint.ts'
import { s3, type S3Options } from '../../../../src/services/storage/providers/s3/s3.ts'
import { systemFetch } from '../../../../src/runtime/ports/platform/fetch-client.ts'
import { suite, type Suite } from '../../suite.ts'
import { sessionSuite } from './session-suites.ts'
import { signatureLaws } from './s3-signature-laws.ts'

/** Where S3 servers are; empty where there is none. */
export interface S3Addresses {
  readonly S3RVER_URL?: string
  readonly CEPH_URL?: string
}

const S3RVER_KEYS = { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' } as const
const CEPH_KEYS = {
  accessKeyId: 'AKTEST0123456789ABCD',
  secretAccessKey: 'SKtest0123456789abcdefghijklmnopqrstuvwx',
} as const

const CEPH_LACKS = {
  conditionalDelete: 'AWS alone has conditional deletes',
  conditionalParts: 'Ceph 16 leaves conditions of completions unread',
  replaceOnly: 'Ceph 16 takes the quotes of If-Match for a part of the etag',
}

let buckets = 0

/** @returns A fresh bucket of a server */
async function openS3Bucket(
  options: S3Options & { readonly endpoint: string },
): Promise<BlobStore> {
  const name = `laws-${Date.now().toString(36)}-${++buckets}`
  const { accessKeyId = '', secretAccessKey = '' } = options
  const client = createS3Client({
    bucket: s3Bucket(options, name),
    identity: createIdentity({ accessKeyId, secretAccessKey }),
    http: createHttpClient({}),
    clock: systemClock,
    signPayload: true,
  })
  await client.ask({ method: 'PUT' }, new AbortController().signal)
  return s3(options).bucket(name)
}

/**
 * The laws on Ceph. s3rver keeps too few of them to be asked for all (its ranges and listings are
 * wrong, and it knows no conditions), but it checks signatures with code of its own.
 */
export function s3PeerSuites({ S3RVER_URL = '', CEPH_URL = '' }: S3Addresses): readonly Suite[] {
  const ceph = { endpoint: CEPH_URL, ...CEPH_KEYS }
  return [
    ...(S3RVER_URL === ''
      ? []
      : [
          suite('S3 signatures', 's3 (s3rver)', signatureLaws, {
            open: (keys) => openS3Bucket({ endpoint: S3RVER_URL, ...S3RVER_KEYS, ...keys }),
            fetch: systemFetch,
          }),
        ]),
    ...(CEPH_URL === ''
      ? []
      : [
          suite(
            'BlobStore',
            's3 (Ceph)',
            blobStoreLaws,
            {
              open: () => openS3Bucket(ceph),
              openTwo: async () => [await openS3Bucket(ceph), await openS3Bucket(ceph)] as const,
            },
            CEPH_LACKS,
          ),
          sessionSuite('s3 (Ceph)', () => openS3Bucket(ceph), 5 * 2 ** 20),
        ]),
  ]
}
