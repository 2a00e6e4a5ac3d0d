import { mkdtemp, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A server that checks the signatures of S3 with code that is not ours. */
export interface S3rver {
  readonly url: string
  stop(): Promise<void>
}

interface Server {
  run(): Promise<AddressInfo>
  close(): Promise<void>
}

/** Starts s3rver in this process. */
export async function startS3rver(): Promise<S3rver> {
  // What it exports has no types, and its default export is something else.
  const Server = createRequire(import.meta.url)('@20minutes/s3rver') as new (options: {
    readonly address: string
    readonly port: number
    readonly silent: boolean
    readonly directory: string
    readonly vhostBuckets: boolean
    readonly allowMismatchedSignatures: boolean
  }) => Server
  const directory = await mkdtemp(join(tmpdir(), 's3rver-'))
  const server = new Server({
    address: '127.0.0.1',
    port: 0,
    silent: true,
    directory,
    vhostBuckets: false,
    allowMismatchedSignatures: false,
  })
  const { port } = await server.run()
  return {
    url: `http://127.0.0.1:${port}`,
    async stop() {
      await server.close()
      await rm(directory, { recursive: true, force: true })
    },
  }
}
