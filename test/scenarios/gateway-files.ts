import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Upload } from 'tus-js-client'
import {
  newRootKey,
  startLocalGateway,
  type LocalGateway,
} from '../../examples/gateway/local-gateway.ts'
import { expectEqual } from '../../src/runtime/ports/conformance.ts'
import { bytesOf } from '../../src/services/storage/blobs/laws/law-steps.ts'
import { runSuites } from '../conformance/run-suites.ts'
import type { SuiteCase } from '../conformance/suite.ts'

/** Files in the gateway, which keeps them in workerd's R2: no account is needed. */
const folder = mkdtempSync(join(tmpdir(), 'reuse-files-'))
const key = newRootKey()
const settings = { key, stateFolder: folder }
let gateway: LocalGateway | undefined

const cases: readonly SuiteCase[] = [
  {
    name: 'a file of several parts is streamed in and out, with ranges, a listing and an end',
    async run() {
      const bytes = bytesOf(12_000_001)
      const path = '/v1/files/large/%C3%BC%20%2B.bin'
      const put = await call('PUT', path, bytes, { 'content-type': 'application/x-law' })
      expectEqual([put.status, (await put.json())['size']], [201, bytes.length])
      const whole = await call('GET', path)
      expectEqual(whole.headers.get('content-type'), 'application/x-law')
      expectEqual(same(new Uint8Array(await whole.arrayBuffer()), bytes), true, 'the bytes')
      const part = await call('GET', path, undefined, { range: 'bytes=5242870-5242889' })
      expectEqual(
        [part.status, part.headers.get('content-range')],
        [206, 'bytes 5242870-5242889/12000001'],
      )
      const piece = new Uint8Array(await part.arrayBuffer())
      expectEqual(same(piece, bytes.subarray(5_242_870, 5_242_890)), true, 'the range')
      const etag = whole.headers.get('etag') ?? ''
      const known = await call('GET', path, undefined, { 'if-none-match': etag })
      expectEqual(known.status, 304)
      const head = await call('HEAD', path)
      expectEqual([head.status, head.headers.get('content-length')], [200, '12000001'])
      const list = await (await call('GET', '/v1/files?prefix=large/')).json()
      const [first] = list['blobs'] as { key: string }[]
      expectEqual(first?.key, 'large/ü +.bin')
      expectEqual((await call('DELETE', path)).status, 204)
      const gone = await call('GET', path)
      expectEqual([gone.status, (await gone.json())['code']], [404, 'not_found'])
    },
  },
  {
    name: 'a ticket stores and serves a file without a key, and not one byte more than it says',
    async run() {
      const write = await (
        await call('POST', '/v1/tickets', '{"key":"t.txt","method":"PUT","maxBytes":5}', JSON_TYPE)
      ).json()
      const url = String(write['url'])
      const refused = await fetch(url, { method: 'PUT', body: 'sixsix' })
      expectEqual(
        [refused.status, (await refused.json()) as unknown],
        [413, { code: 'too_large', message: 'Cannot store: at most 5 bytes are taken' }],
      )
      const stored = await fetch(url, { method: 'PUT', body: 'hello' })
      expectEqual(stored.status, 201)
      await stored.body?.cancel()
      const read = await (await call('POST', '/v1/tickets', '{"key":"t.txt"}', JSON_TYPE)).json()
      expectEqual(await (await fetch(String(read['url']))).text(), 'hello')
      const changed = await fetch(`${String(read['url'])}A`)
      expectEqual(changed.status, 403)
      await changed.body?.cancel()
    },
  },
  {
    name: 'an upload by the official tus client goes on after the gateway was killed',
    async run() {
      const bytes = Buffer.from(bytesOf(11_000_003))
      const headers = { authorization: `Bearer ${key}` }
      const metadata = { key: 'tus/1.bin', filetype: 'application/x-law' }
      const options = { endpoint: `${gateway?.url ?? ''}/v1/uploads`, headers, metadata }
      const chunkSize = 3_000_000
      const path = await new Promise<string>((resolve, reject) => {
        let chunks = 0
        const upload = new Upload(bytes, {
          ...options,
          chunkSize,
          retryDelays: null,
          onChunkComplete() {
            if (++chunks < 2) return
            upload.abort().then(() => resolve(new URL(upload.url ?? '').pathname), reject)
          },
          onError: reject,
        })
        upload.start()
      })
      await gateway?.kill()
      gateway = await startLocalGateway(settings)
      const uploadUrl = `${gateway.url}${path}`
      await new Promise<void>((resolve, reject) => {
        const upload = new Upload(bytes, {
          ...options,
          endpoint: `${gateway?.url ?? ''}/v1/uploads`,
          uploadUrl,
          chunkSize,
          // What the killed one held, it holds for its lease.
          retryDelays: [2000, 5000, 10_000, 10_000, 10_000],
          onSuccess: () => resolve(),
          onError: reject,
        })
        upload.start()
      })
      const whole = await call('GET', '/v1/files/tus/1.bin')
      expectEqual(same(new Uint8Array(await whole.arrayBuffer()), bytes), true, 'the bytes')
      const list = await (await call('GET', '/v1/files?prefix=.uploads/')).json()
      expectEqual(list['blobs'], [], 'what is left beside it')
    },
  },
]

const JSON_TYPE = { 'content-type': 'application/json' }

try {
  gateway = await startLocalGateway(settings)
  const suites = [{ subject: 'Gateway', adapter: 'r2', cases }]
  process.exitCode = (await runSuites('workerd', suites, console.log, process.argv[2])) > 0 ? 1 : 0
} finally {
  await gateway?.stop()
  rmSync(folder, { recursive: true, force: true })
}

interface Answer extends Response {
  json(): Promise<Record<string, unknown>>
}

async function call(
  method: string,
  path: string,
  body?: string | Uint8Array<ArrayBuffer>,
  headers: Record<string, string> = {},
): Promise<Answer> {
  return fetch(`${gateway?.url ?? ''}${path}`, {
    method,
    headers: { authorization: `Bearer ${key}`, ...headers },
    ...(body !== undefined && { body }),
  })
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0
}
