import { Worker } from 'bullmq'
import { Redis } from 'ioredis'
import {
  bullmqProcessor,
  type BullmqBridgeEvent,
} from '@white-cross/reuse/infrastructure/runtime/bullmq'
import {
  createSidecarCaller,
  SidecarError,
  type SidecarKey,
} from '@white-cross/reuse/infrastructure/storage/sidecar'
import type { BullmqSettings } from '../settings.ts'

/** Workers that hand jobs of BullMQ to handlers elsewhere. */
export interface Bridges {
  /** Takes no more jobs, and waits for those that are out, for up to `graceMs`. */
  stop(graceMs: number): Promise<void>
}

/**
 * Works queues of BullMQ: claims jobs, keeps their locks, and hands each to the handler at the
 * queue's URL, which `bullmqBridgeHandler` answers.
 *
 * @throws RangeError when a queue names a key that is not there
 */
export function startBridges(
  { redis, prefix, queues }: BullmqSettings,
  keys: readonly SidecarKey[],
  onError: (error: unknown) => void,
): Bridges {
  const prepared = queues.map((queue) => {
    const key = keys.find(({ id }) => id === queue.keyId)
    if (key === undefined)
      throw new RangeError('Cannot start bridge: its queue names a key that is not there')
    const { origin, pathname } = new URL(queue.url)
    return { ...queue, path: pathname, caller: createSidecarCaller({ url: origin, ...key }) }
  })
  const connection = new Redis(redis, { maxRetriesPerRequest: null, lazyConnect: true })
  connection.on('error', onError)
  const workers = prepared.map(({ name, path, caller, concurrency, timeoutMs }) => {
    const processor = bullmqProcessor({
      queue: name,
      async process(job, { signal, progress }) {
        const late = AbortSignal.timeout(timeoutMs)
        const request = {
          path,
          parameters: { queue: name },
          body: new TextEncoder().encode(JSON.stringify(job)),
          signal: AbortSignal.any([signal, late]),
        }
        for await (const value of caller.events(request)) {
          // Signed by a handler of ours, which answers with these events.
          const event = value as BullmqBridgeEvent
          if (event.type === 'progress') progress(event.value)
          if (event.type === 'outcome') return event.outcome
          if (event.type === 'failed') break
        }
        throw new SidecarError('failed', 'The handler failed')
      },
    })
    const worker = new Worker(name, processor, { connection, prefix, concurrency })
    worker.on('error', onError)
    worker.on('lockRenewalFailed', (ids) => ids.forEach((id) => worker.cancelJob(id, 'lease_lost')))
    return worker
  })
  return {
    async stop(graceMs) {
      const closed = Promise.all(workers.map((worker) => worker.close()))
      let timer: NodeJS.Timeout | undefined
      const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, graceMs)))
      await Promise.race([closed, late])
      clearTimeout(timer)
      for (const worker of workers) worker.cancelAllJobs('stopping')
      await closed
      connection.disconnect()
    },
  }
}
