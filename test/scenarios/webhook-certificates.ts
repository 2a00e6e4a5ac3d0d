import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expectEqual, expectTrue } from '../../src/runtime/ports/conformance.ts'
import { writeWorkerdConfig } from '../../tools/run-workerd.ts'
import { runSuites } from '../conformance/run-suites.ts'
import type { SuiteCase } from '../conformance/suite.ts'
import { serveWorkerd } from '../support/serve-workerd.ts'
import { openSns, SNS_CERTIFICATE } from '../support/sns-fixture.ts'

const WORKER = join(import.meta.dirname, '../runtimes/certificates.worker.ts')

const cases: SuiteCase[] = [
  {
    name: 'requests side by side share the one that asks for the certificate',
    async run() {
      await using place = await openPlace()
      const message = await place.message('1')
      const answers = Array.from({ length: 20 }, () => place.send(message))
      const first = await place.asked()
      // Those that came later wait too: the certificate is not there yet.
      answers.push(...Array.from({ length: 20 }, () => place.send(message)))
      await place.answer(first)
      for (const { status, text } of await Promise.all(answers))
        expectEqual([status, text], [200, 'm-1'])
      expectEqual(place.count(), 1)
    },
  },
  {
    name: 'a request whose client went away keeps nobody waiting, and the certificate is asked for again',
    async run() {
      await using place = await openPlace()
      const message = await place.message('1')
      const leaving = new AbortController()
      const left = place.send(message, leaving.signal).catch(() => null)
      await place.asked()
      const staying = place.send(message)
      leaving.abort()
      expectEqual(await left, null)
      const { status, text } = await staying
      expectTrue(status === 503 && text === 'key_unavailable', `503 and not ${status} ${text}`)
      const other = await place.message('2')
      const good = place.send(other)
      await place.answer(await place.asked())
      expectEqual((await good).status, 200)
    },
  },
]

interface Place extends AsyncDisposable {
  /** A message that names a certificate of its own. */
  message(certificate: string): Promise<string>
  send(message: string, signal?: AbortSignal): Promise<{ status: number; text: string }>
  /** Resolves with the next request for a certificate. */
  asked(): Promise<ServerResponse>
  answer(response: ServerResponse): Promise<void>
  /** Requests for certificates so far. */
  count(): number
}

async function openPlace(): Promise<Place> {
  const sns = await openSns()
  const pem = await (await sns.answer()).text()
  let count = 0
  const arrived: ServerResponse[] = []
  const waiting: ((response: ServerResponse) => void)[] = []
  const vendor = createServer((_request, response) => {
    count++
    const next = waiting.shift()
    if (next === undefined) arrived.push(response)
    else next(response)
  }).listen(0, '127.0.0.1')
  await once(vendor, 'listening')
  const { port } = vendor.address() as AddressInfo
  const directory = await mkdtemp(join(tmpdir(), 'certificates-'))
  const config = await writeWorkerdConfig({
    entry: WORKER,
    directory,
    texts: { VENDOR_URL: `http://127.0.0.1:${port}` },
    listen: '127.0.0.1:0',
  })
  const worker = await serveWorkerd(config)
  return {
    message: (certificate) =>
      sns.message({ SigningCertURL: SNS_CERTIFICATE.replace('0123456789abcdef', certificate) }),
    async send(body, signal) {
      const init = { method: 'POST', body, ...(signal !== undefined && { signal }) }
      const response = await fetch(worker.url, init)
      return { status: response.status, text: await response.text() }
    },
    asked: async () =>
      arrived.shift() ?? new Promise<ServerResponse>((resolve) => void waiting.push(resolve)),
    answer: async (response) => void response.end(pem),
    count: () => count,
    async [Symbol.asyncDispose]() {
      await worker.kill()
      vendor.closeAllConnections()
      vendor.close()
      await rm(directory, { recursive: true, force: true })
    },
  }
}

const suite = { subject: 'webhook certificates on Workers', adapter: 'pure', cases }
const failed = await runSuites('workerd', [suite], console.log, process.argv[2])
process.exit(failed > 0 ? 1 : 0)
