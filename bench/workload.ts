// Run by against.ts in a process of its own, from this commit and from an older one: it may only
// use what both have.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineJob, JobQueue } from '@white-cross/reuse/infrastructure/background-jobs'
import { memory } from '@white-cross/reuse/infrastructure/runtime/memory'
import type { Backend } from '@white-cross/reuse/infrastructure/runtime/ports'
import { redis } from '@white-cross/reuse/infrastructure/runtime/redis'
import { sqlite } from '@white-cross/reuse/infrastructure/runtime/sqlite'
import {
  createWebhooks,
  signWebhook,
  verifyWebhook,
} from '@white-cross/reuse/infrastructure/webhooks'
import { Redis } from 'ioredis'

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwQzpyA7cLMZQ='
const ROUNDS = 5

/** Each run has a queue or tenant of its own. */
let runs = 0

/** Does its work once. @returns Operations done */
type Workload = () => Promise<number>

const folder = mkdtempSync(join(tmpdir(), 'reuse-against-'))
const [name = '', port = '0'] = process.argv.slice(2)
try {
  const costs: number[] = []
  await using made = await make(name)
  for (let round = -2; round < ROUNDS; round++) {
    const before = process.cpuUsage()
    const operations = await made.work()
    const { user, system } = process.cpuUsage(before)
    if (round >= 0) costs.push((user + system) / operations)
  }
  console.log(JSON.stringify(costs.toSorted((left, right) => left - right)[ROUNDS >> 1]))
} finally {
  rmSync(folder, { recursive: true, force: true })
}

interface Made extends AsyncDisposable {
  readonly work: Workload
}

async function make(workload: string): Promise<Made> {
  const [what, on = ''] = workload.split(' on ')
  if (what === 'sign') return { work: signing(), async [Symbol.asyncDispose]() {} }
  if (what === 'verify') return { work: await verifying(), async [Symbol.asyncDispose]() {} }
  const { backend, close } = open(on)
  return {
    work: what === 'jobs' ? jobs(backend) : deliveries(backend),
    async [Symbol.asyncDispose]() {
      await close()
    },
  }
}

function open(on: string): { backend: Backend; close(): void | Promise<void> } {
  if (on === 'memory') return { backend: memory(), close() {} }
  if (on === 'SQLite') {
    const backend = sqlite(join(folder, 'work.db'))
    return { backend, close: () => backend.close() }
  }
  const client = new Redis({ port: Number(port), host: '127.0.0.1' })
  return { backend: redis(client), close: () => client.disconnect() }
}

function jobs(backend: Backend): Workload {
  const count = 5000
  return async () => {
    const queue = new JobQueue({
      name: `burn-${process.pid}-${runs++}`,
      backend,
      jobs: { send: defineJob({ run: () => undefined }) },
      options: { removeOnComplete: true },
    })
    const data = { note: 'x'.repeat(100) }
    const added = Array.from({ length: 500 }, () => ({ name: 'send' as const, data }))
    for (let start = 0; start < count; start += 500) await queue.addBulk(added)
    const done = await queue.drain({ concurrency: 50 })
    if (done !== count) throw new Error(`${done} of ${count} jobs were run`)
    return count
  }
}

function deliveries(backend: Backend): Workload {
  const endpoints = 20
  const events = 50
  const data = { note: 'x'.repeat(480) }
  return async () => {
    const tenant = `tenant-${process.pid}-${runs++}`
    const webhooks = createWebhooks({
      backend,
      // The loop and the receiver would be measured otherwise, not what stands before them.
      fetch: async () => new Response(null, { status: 204 }),
      outbound: { allowPrivateNetworks: 'for local development' },
    })
    for (let index = 0; index < endpoints; index++)
      await webhooks.endpoints.create({ tenant, url: `http://127.0.0.1:9/${index}` })
    for (let event = 0; event < events; event++)
      await webhooks.publish({ tenant, type: 'order.paid', data })
    await webhooks.drain({ concurrency: 64 })
    return endpoints * events
  }
}

function signing(): Workload {
  const body = JSON.stringify({ note: 'x'.repeat(245) })
  return async () => {
    for (let index = 0; index < 20_000; index++)
      await signWebhook(body, SECRET, { id: `msg_${index}` })
    return 20_000
  }
}

async function verifying(): Promise<Workload> {
  const body = JSON.stringify({ note: 'x'.repeat(245) })
  const signed = await signWebhook(body, SECRET, { id: 'msg_1' })
  return async () => {
    for (let index = 0; index < 20_000; index++) await verifyWebhook(body, signed, SECRET)
    return 20_000
  }
}
