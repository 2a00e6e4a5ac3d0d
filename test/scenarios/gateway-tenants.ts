import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { Webhook } from 'standardwebhooks'
import {
  newRootKey,
  startLocalGateway,
  type LocalGateway,
} from '../../examples/gateway/local-gateway.ts'
import { startReceiver, type Receiver } from '../../examples/gateway/receiver.ts'
import { expectEqual, expectTrue } from '../../src/runtime/ports/conformance.ts'
import { runSuites } from '../conformance/run-suites.ts'
import type { SuiteCase } from '../conformance/suite.ts'

/** Tenants, keys and repetitions at the gateway in local workerd, over a kill. */
const folder = mkdtempSync(join(tmpdir(), 'reuse-tenants-'))
const key = newRootKey()
const settings = {
  key,
  stateFolder: folder,
  variables: { ALLOW_PRIVATE_RECEIVERS: 'for local development' },
}
let gateway: LocalGateway | undefined

const cases: readonly SuiteCase[] = [
  {
    name: 'a tenant’s jobs, schedules, sagas and messages run in objects of its own, and its key reaches no other',
    async run() {
      await withReceiver(
        () => 204,
        async (receiver) => {
          const made = await call('POST', '/v1/keys', { json: { label: 'acme', tenant: 'acme' } })
          const bearer = String(made.body['key'])
          const queue = '/v1/jobs/queues/default'
          const job = { name: 'deliver', data: { url: receiver.url, payload: { from: 'acme' } } }
          const added = await call('POST', `${queue}/jobs`, { bearer, json: job })
          expectEqual(added.status, 202)
          const { body, headers } = await receiver.request(1)
          expectEqual(body, '{"from":"acme"}')
          const secret = await call('GET', '/v1/jobs/signing-secret?tenant=acme')
          new Webhook(String(secret.body['secret'])).verify(body, { ...headers })
          const path = `${queue}/jobs/${String(added.body['id'])}`
          expectEqual((await call('GET', path)).status, 404, 'the default tenant has no such job')
          expectEqual((await call('GET', `${path}?tenant=default`, { bearer })).status, 403)
          const json = { input: { steps: [{ execute: { url: receiver.url, payload: 2 } }] } }
          const saga = await call('POST', '/v1/sagas/http/runs', { bearer, json })
          expectEqual(saga.status, 202)
          expectEqual((await receiver.request(2)).body, '2')
          const message = {
            ...{ channel: 'email', from: 'a@example.com', to: 'b@example.com', subject: 's' },
            ...{ text: 't', queued: true },
          }
          const sent = await call('POST', '/v1/notifications', { bearer, json: message })
          expectEqual([sent.status, sent.body['status']], [202, 'queued'])
          await until(async () => {
            const answer = await call('GET', String(sent.body['message']), { bearer })
            return answer.body['status'] === 'sent'
          })
          expectEqual((await call('GET', String(sent.body['message']))).status, 404)
        },
      )
    },
  },
  {
    name: 'a mutation with a key is made once, also when the gateway was killed in between',
    async run() {
      const json = { label: 'once' }
      const headers = { 'idempotency-key': 'scenario-1' }
      const first = await call('POST', '/v1/keys', { json, headers })
      expectEqual(first.status, 201)
      await gateway?.kill()
      gateway = await startLocalGateway(settings)
      const again = await call('POST', '/v1/keys', { json, headers })
      expectEqual(
        [again.status, again.body['key'], again.headers.get('idempotency-replayed')],
        [201, first.body['key'], 'true'],
      )
      const other = await call('POST', '/v1/keys', { json: { label: 'other' }, headers })
      expectEqual([other.status, other.body['code']], [422, 'idempotency_conflict'])
      const audit = await call('GET', '/v1/audit?limit=1000')
      const made = (audit.body['entries'] as { action: string; target: string }[]).filter(
        ({ target }) => target === `key/${String(first.body['id'])}`,
      )
      expectEqual(made.length, 1, 'one act on record')
    },
  },
  {
    name: 'the document and the reference are there without a key, and the page loads nothing',
    async run() {
      const document = await call('GET', '/openapi.json', { bearer: null })
      expectEqual([document.status, document.body['openapi']], [200, '3.1.1'])
      const page = await fetch(`${gateway?.url ?? ''}/reference`)
      expectTrue(!/<script|src=/.test(await page.text()), 'a page without a script')
      expectTrue(
        page.headers.get('content-security-policy')?.startsWith("default-src 'none'") === true,
        'a strict policy',
      )
    },
  },
  {
    name: 'an agent speaks to it by either protocol, and its key reaches its tenant alone',
    async run() {
      const scopes = ['jobs:read']
      const made = await call('POST', '/v1/keys', {
        json: { label: 'agent', tenant: 'agents', scopes },
      })
      const bearer = String(made.body['key'])
      for (const [mode, version] of [
        ['legacy', '2025-11-25'],
        ['auto', '2026-07-28'],
      ] as const) {
        const client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode } })
        await client.connect(
          new StreamableHTTPClientTransport(new URL(`${gateway?.url ?? ''}/mcp`), {
            requestInit: { headers: { authorization: `Bearer ${bearer}` } },
          }),
        )
        expectEqual(client.getNegotiatedProtocolVersion(), version)
        const { tools } = await client.listTools()
        expectTrue(
          tools.every(({ annotations }) => annotations?.readOnlyHint === true),
          'tools that read',
        )
        const { structuredContent } = await client.callTool({ name: 'jobs_queues_list' })
        const plain = await call('GET', '/v1/jobs/queues', { bearer })
        expectEqual(JSON.stringify(structuredContent), JSON.stringify(plain.body))
        await client.close()
      }
      const json = { jsonrpc: '2.0', id: 1, method: 'tools/list' }
      const refused = await call('POST', '/mcp?tenant=acme', { bearer, json })
      expectEqual([refused.status, refused.body['code']], [403, 'wrong_tenant'])
    },
  },
]

try {
  gateway = await startLocalGateway(settings)
  const suites = [{ subject: 'Gateway', adapter: 'durable-objects', cases }]
  process.exitCode = (await runSuites('workerd', suites, console.log, process.argv[2])) > 0 ? 1 : 0
} finally {
  await gateway?.stop()
  rmSync(folder, { recursive: true, force: true })
}

interface CallOptions {
  /** Default: the root key. `null`: no header. */
  readonly bearer?: string | null
  readonly json?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

async function call(
  method: string,
  path: string,
  { bearer = key, json, headers = {} }: CallOptions = {},
): Promise<{
  readonly status: number
  readonly headers: Headers
  readonly body: Readonly<Record<string, unknown>>
}> {
  const response = await fetch(`${gateway?.url ?? ''}${path}`, {
    method,
    headers: {
      ...(bearer !== null && { authorization: `Bearer ${bearer}` }),
      ...(json !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(json !== undefined && { body: JSON.stringify(json) }),
  })
  // Every route that is called here answers with an object.
  const body = (await response.json()) as Record<string, unknown>
  return { status: response.status, headers: response.headers, body }
}

async function withReceiver(
  answer: () => number,
  act: (receiver: Receiver) => Promise<void>,
): Promise<void> {
  const receiver = await startReceiver(answer)
  try {
    await act(receiver)
  } finally {
    await receiver.close()
  }
}

/** Asks until it holds, 100 times at most: what is done is written down a moment later. */
async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let look = 0; look < 100; look++) {
    if (await holds()) return
    await new Promise((done) => setTimeout(done, 50))
  }
  throw new Error('It did not become so')
}
