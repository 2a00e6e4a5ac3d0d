import { checkOptions } from '../../../primitives/check-options.ts'
import { encodeHex } from '../../../primitives/hex.ts'
import { readBytes } from '../../../primitives/read-bytes.ts'
import { decodeUtf8, encodeUtf8 } from '../../../primitives/utf8.ts'
import { JobAbortError } from '../../ports/job-store/job-abort-error.ts'
import type { JobOutcome } from '../../ports/job-store/job-outcome.ts'
import type { JobProcessor } from '../../ports/job-store/job-processor.ts'
import type { ClaimedJob } from '../../ports/job-store/job-store.ts'
import type { Json } from '../../ports/json.ts'
import { systemClock, type Clock } from '../../ports/platform/clock.ts'
import { SidecarError } from '../../sidecar/sidecar-error.ts'
import {
  checkSidecarKey,
  checkSidecarRequest,
  signSidecarEvent,
  type SidecarKey,
} from '../../sidecar/sidecar-signature.ts'
import { SIDECAR_LIMITS } from '../../sidecar/sidecar-wire.ts'

/** Options of {@link bullmqBridgeHandler}. */
export interface BullmqBridgeOptions {
  /** Keys that the sidecar signs with; several while they are rotated. */
  readonly keys: readonly SidecarKey[]
  /** Queues and processors; each runs the jobs of the BullMQ queue of its name. */
  readonly workers: readonly (JobProcessor | { readonly processor: JobProcessor })[]
  /**
   * Hears what a processor rejected with; BullMQ only learns that the attempt failed. What it
   * throws is ignored.
   */
  readonly onError?: (error: unknown) => unknown
  /** Default: the platform's. */
  readonly clock?: Clock
}

/** An event of the stream that answers a job. */
export type BullmqBridgeEvent =
  | { readonly type: 'progress'; readonly value: Json }
  | { readonly type: 'outcome'; readonly outcome: JobOutcome }
  | { readonly type: 'failed' }

/** Bytes of a job: BullMQ itself sets no limit. */
const MOST_JOB_BYTES = 1_048_576
const BEAT_MS = SIDECAR_LIMITS.heartbeatMs / 2
/** Nonces that one isolate remembers, of the last minutes. */
const MOST_NONCES = 100_000

/**
 * Runs jobs of BullMQ in a Worker, which cannot run BullMQ: the sidecar claims them, keeps their
 * locks and settles them, and hands each over in a signed request, which is answered with a stream
 * of progress and the outcome. A job may be handed over more than once, as by any queue.
 *
 * @example
 * const handle = bullmqBridgeHandler({ keys: [{ id: 'k1', secret }], workers: [emailQueue] })
 * export default { fetch: (request) => handle(request) }
 *
 * @throws TypeError or RangeError when an option is malformed
 */
export function bullmqBridgeHandler(
  options: BullmqBridgeOptions,
): (request: Request) => Promise<Response> {
  checkOptions('bridge BullMQ', options, ['keys', 'workers'], ['onError', 'clock'])
  const { keys, workers, onError, clock = systemClock } = options
  if (keys.length === 0) throw new RangeError('Cannot bridge BullMQ: there is no key')
  for (const key of keys) checkSidecarKey(key)
  const processors = new Map(
    workers.map((worker) => {
      const processor = 'processor' in worker ? worker.processor : worker
      return [processor.queue, processor]
    }),
  )
  const remember = createNonces(clock)

  return async (request) => {
    try {
      const { method, headers, url } = request
      const path = new URL(url).pathname
      const signed = await checkSidecarRequest(
        { method, path, headers },
        { keys, now: clock.now(), remember },
      )
      const key = keys.find(({ id }) => id === signed.keyId)
      const { queue } = signed.parameters as { readonly queue?: unknown }
      const processor = typeof queue === 'string' ? processors.get(queue) : undefined
      if (key === undefined || processor === undefined)
        throw new SidecarError('unsupported', 'Cannot run job: no worker has this queue')
      const job = await jobOf(request, signed.contentSha256)
      const body = run(processor, job, { nonce: signed.nonce, key }, clock, onError)
      const type = { 'content-type': 'text/event-stream', 'cache-control': 'no-store' }
      return new Response(body, { headers: type })
    } catch (error) {
      if (!(error instanceof SidecarError)) throw error
      const { status, code, message } = error
      return Response.json({ error: { code, message } }, { status })
    }
  }
}

async function jobOf(request: Request, contentSha256: string): Promise<ClaimedJob> {
  const body =
    request.body === null ? new Uint8Array() : await readBytes(request.body, MOST_JOB_BYTES)
  if (body === null) throw new SidecarError('input_too_large', 'Cannot run job: it is too large')
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', body))
  if (encodeHex(digest) !== contentSha256)
    throw new SidecarError(
      'signature_mismatch',
      'Cannot run job: it is not the one that was signed',
    )
  // It is signed by a sidecar of ours, which sends a claimed job.
  return JSON.parse(decodeUtf8(body)) as ClaimedJob
}

function run(
  processor: JobProcessor,
  job: ClaimedJob,
  { nonce, key }: { readonly nonce: string; readonly key: SidecarKey },
  clock: Clock,
  onError: ((error: unknown) => unknown) | undefined,
): ReadableStream<Uint8Array> {
  const abort = new AbortController()
  let isOver = false
  let stopBeat = (): void => undefined
  return new ReadableStream<Uint8Array>({
    start(controller) {
      let [index, sent] = [0, Promise.resolve()]
      const write = (text: string): void => {
        if (!isOver) controller.enqueue(encodeUtf8(text))
      }
      const send = (event: BullmqBridgeEvent): void => {
        const [data, at] = [JSON.stringify(event), index++]
        sent = sent.then(async () => {
          const id = await signSidecarEvent({ nonce, index: at, data }, key)
          write(`event: ${event.type}\nid: ${id}\ndata: ${data}\n\n`)
        })
      }
      const end = (event: BullmqBridgeEvent): void => {
        stopBeat()
        send(event)
        sent = sent.then(() => {
          if (isOver) return
          isOver = true
          controller.close()
        })
      }
      const beat = (): void => {
        stopBeat = clock.setTimer(() => {
          write(':\n\n')
          beat()
        }, BEAT_MS)
      }
      beat()
      const progress = (value: Json): void => send({ type: 'progress', value })
      processor.process(job, { signal: abort.signal, progress }).then(
        (outcome) => end({ type: 'outcome', outcome }),
        (error: unknown) => {
          // What it throws, or rejects with, changes nothing.
          void (async () => onError?.(error))().catch(() => undefined)
          end({ type: 'failed' })
        },
      )
    },
    cancel() {
      isOver = true
      stopBeat()
      abort.abort(new JobAbortError('lease_lost'))
    },
  })
}

/** Remembers the latest nonces, as many as this isolate has room for. */
function createNonces(clock: Clock): (nonce: string) => boolean {
  const known = new Map<string, number>()
  return (nonce) => {
    const old = clock.now() - 2 * SIDECAR_LIMITS.toleranceMs - 2000
    for (const [seen, at] of known) {
      if (at > old && known.size < MOST_NONCES) break
      known.delete(seen)
    }
    if (known.has(nonce)) return false
    known.set(nonce, clock.now())
    return true
  }
}
