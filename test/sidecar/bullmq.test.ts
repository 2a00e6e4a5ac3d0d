import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Queue, QueueEvents } from 'bullmq'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { defineJob, JobQueue } from '@white-cross/reuse/infrastructure/background-jobs'
import { bullmqBridgeHandler } from '@white-cross/reuse/infrastructure/runtime/bullmq'
import { memory } from '@white-cross/reuse/infrastructure/runtime/memory'
import { startBridges } from '../../sidecar/src/bullmq/start-bridges.ts'
import { startRedisServer, type RedisServer } from '../support/redis-server.ts'
import { SIDECAR_KEY } from '../support/sidecar.ts'

let redis: RedisServer
beforeAll(async () => {
  redis = await startRedisServer()
})
afterAll(() => redis.stop())

/** Serves a handler as a Worker would, on loopback. */
async function serve(handle: (request: Request) => Promise<Response>): Promise<string> {
  const server = createServer((incoming, outgoing) => {
    void (async () => {
      const chunks: Uint8Array[] = []
      for await (const chunk of incoming as AsyncIterable<Uint8Array>) chunks.push(chunk)
      const response = await handle(
        new Request(`http://worker.example${incoming.url}`, {
          method: 'POST',
          headers: new Headers(incoming.headers as Record<string, string>),
          body: Buffer.concat(chunks),
        }),
      )
      outgoing.writeHead(response.status, Object.fromEntries(response.headers))
      for await (const chunk of response.body ?? []) outgoing.write(chunk)
      outgoing.end()
    })()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/bullmq`
}

async function useBridge(
  name: string,
  jobs: ConstructorParameters<typeof JobQueue>[0]['jobs'],
  keys = [SIDECAR_KEY],
) {
  const queue = new JobQueue({ name, backend: memory(), jobs })
  const url = await serve(bullmqBridgeHandler({ keys, workers: [queue] }))
  const errors: unknown[] = []
  const settings = {
    redis: redis.url,
    prefix: 'bull',
    queues: [{ name, url, keyId: 'k1', concurrency: 2, timeoutMs: 20_000 }],
  }
  const bridges = startBridges(settings, [SIDECAR_KEY], (error) => errors.push(error))
  const connection = new Redis(redis.url, { maxRetriesPerRequest: null })
  const listening = connection.duplicate()
  const added = new Queue(name, { connection })
  const events = new QueueEvents(name, { connection: listening })
  await events.waitUntilReady()
  onTestFinished(async () => {
    await bridges.stop(1000)
    await events.close()
    await added.close()
    connection.disconnect()
    listening.disconnect()
  })
  return { added, events, errors, bridges }
}

test('a job of BullMQ is run by a handler elsewhere, with its progress and result', async () => {
  const used = await useBridge('mail', {
    welcome: defineJob({
      async run(job, { progress }) {
        progress({ half: true })
        return { hello: String(job.data) }
      },
    }),
  })
  const job = await used.added.add('welcome', 'Ann')
  expect(await job.waitUntilFinished(used.events)).toEqual({ hello: 'Ann' })
  expect((await used.added.getJob(job.id ?? ''))?.progress).toEqual({ half: true })
})

test('a job that fails is tried again as often as it may, and then failed', async () => {
  let runs = 0
  const used = await useBridge('flaky', {
    once: defineJob({
      run() {
        if (++runs === 1) throw new Error('Not yet')
        return 'well'
      },
    }),
    never: defineJob({
      run() {
        throw new Error('Never')
      },
    }),
  })
  const once = await used.added.add('once', {}, { attempts: 3, backoff: 1 })
  expect(await once.waitUntilFinished(used.events)).toBe('well')
  const never = await used.added.add('never', {}, { attempts: 2, backoff: 1 })
  await expect(never.waitUntilFinished(used.events)).rejects.toThrow('Never')
})

test('a handler with another key runs nothing, and takes no job twice', async () => {
  const others = [{ ...SIDECAR_KEY, secret: 'another-secret-of-sixteen' }]
  let runs = 0
  const jobs = { any: defineJob({ run: () => ++runs }) }
  const used = await useBridge('strange', jobs, others)
  const job = await used.added.add('any', {})
  await expect(job.waitUntilFinished(used.events)).rejects.toThrow('signature_mismatch')
  expect(runs).toBe(0)
})

test('stop() waits for what is out as long as it is told, and no longer', async () => {
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>()
  const jobs = {
    endless: defineJob({
      run() {
        begin()
        return new Promise<null>(() => undefined)
      },
    }),
  }
  const used = await useBridge('endless', jobs)
  await used.added.add('endless', {})
  await begun
  await used.bridges.stop(50)
})
