import { readBytes } from '../../../primitives/read-bytes.ts'
import { decodeUtf8 } from '../../../primitives/utf8.ts'
import { StorageError } from '../storage-error.ts'
import type { BlobContext } from './blob-context.ts'
import type { DriverContent } from './blob-driver.ts'
import type { BlobContent } from './blob-store.ts'

const DEFAULT_MAX_BYTES = 67_108_864
/** Times that a body may break off in a row without a byte in between. */
const MOST_BREAKS = 4

/**
 * An object whose stream goes on where it broke off: it asks for the rest of the same version, and
 * fails rather than end early or go on with another one.
 */
export function openContent(
  { driver, call }: BlobContext,
  content: DriverContent,
  signal: AbortSignal | undefined,
): BlobContent {
  const { body: first, decoded, ...info } = content
  const { start: from, end } = info.range ?? { start: 0, end: info.size - 1 }
  const bodySize = decoded ? null : end - from + 1
  let reader = first.getReader()
  let offset = 0
  let breaks = 0

  async function goOn(cause: unknown): Promise<void> {
    signal?.throwIfAborted()
    if (bodySize === null || ++breaks > MOST_BREAKS) throw brokenOff(cause)
    const range = { offset: from + offset, length: bodySize - offset }
    const { etag: ifMatch, versionId } = info
    const asked = { range, ifMatch, ifNoneMatch: undefined, versionId: versionId ?? undefined }
    const rest = await call(signal, (current) =>
      driver.get(info.key, { ...asked, signal: current }),
    )
    if (rest === null || rest.notModified) throw brokenOff(cause)
    reader = rest.body.getReader()
  }

  // Why it ends before its time; the reading that is under way ends with it.
  let onAbort: (() => void) | undefined

  function start(controller: ReadableStreamDefaultController): void {
    onAbort = (): void => {
      controller.error(signal?.reason)
      void reader.cancel(signal?.reason).catch(() => undefined)
    }
    signal?.addEventListener('abort', onAbort, { once: true })
  }

  function cancel(reason?: unknown): Promise<void> {
    settle()
    return reader.cancel(reason)
  }

  function settle(): void {
    if (onAbort !== undefined) signal?.removeEventListener('abort', onAbort)
  }

  async function pull(
    controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>,
  ): Promise<void> {
    for (;;) {
      const read = await reader.read().catch((error: unknown) => ({ error }))
      if ('error' in read) {
        await goOn(read.error)
      } else if (read.done) {
        if (bodySize === null || offset === bodySize) {
          settle()
          return controller.close()
        }
        await goOn(new Error(`The body ended after ${offset} of ${bodySize} bytes`))
      } else if (read.value.length > 0) {
        offset += read.value.length
        breaks = 0
        if (bodySize !== null && offset > bodySize)
          throw new StorageError('failed', 'Cannot read object: more bytes came than it has')
        return controller.enqueue(read.value)
      }
    }
  }

  const body = new ReadableStream({ start, pull, cancel }, { highWaterMark: 0 })
  const bytes = async (maxBytes = DEFAULT_MAX_BYTES): Promise<Uint8Array<ArrayBuffer>> => {
    const read = await readBytes(body, maxBytes)
    if (read !== null) return read
    throw new StorageError('too_large', `Cannot read object: it has more than ${maxBytes} bytes`)
  }
  return {
    ...info,
    body,
    bodySize,
    bytes,
    text: async (maxBytes) => decodeUtf8(await bytes(maxBytes)),
  }
}

function brokenOff(cause: unknown): StorageError {
  return new StorageError('unavailable', 'Cannot read object: its body broke off', { cause })
}
