import { checkInteger } from '../../../primitives/check-range.ts'
import { StorageError } from '../storage-error.ts'
import type { WriteContext } from './blob-context.ts'
import { openBody, type BlobBody } from './blob-body.ts'
import type { PutOptions, StoredBlob } from './blob-store.ts'
import type { PutChecksums } from './put-checksums.ts'
import { plainEtag } from './plain-etag.ts'
import { putParts } from './put-parts.ts'
import { checkSize, tooLarge, type PutPlan } from './put-plan.ts'
import { checkWriteTerms, partBytesFor } from './write-terms.ts'

/** Writes a body: in one request where it fits a part, else part by part in constant memory. */
export async function putBlob(
  context: WriteContext,
  key: string,
  body: BlobBody,
  options: PutOptions,
): Promise<StoredBlob> {
  const { capabilities } = context.driver
  const source = openBody(body)
  const stop = new AbortController()
  const signal = options.signal ? AbortSignal.any([options.signal, stop.signal]) : stop.signal
  // What is waited for may never come; a cancelled stream ends at once.
  signal.addEventListener('abort', () => source.cancel(signal.reason))
  try {
    signal.throwIfAborted()
    const { checksum, concurrency = 2, maxBytes = capabilities.maxBytes, onProgress } = options
    const size = options.size ?? source.size
    for (const [name, given] of Object.entries({ size: size ?? 0, maxBytes }))
      checkInteger('write object', name, given, 0, Number.MAX_SAFE_INTEGER)
    checkSize(source.size ?? size ?? 0, size)
    if (size !== null && size > maxBytes) throw tooLarge(maxBytes)
    const plan: PutPlan = {
      key,
      source,
      size,
      maxBytes,
      partBytes: partBytesFor(size, options.partBytes, capabilities),
      concurrency: checkInteger('write object', 'concurrency', concurrency, 1, 16),
      terms: checkWriteTerms(options, capabilities, source.contentType),
      ifMatch: plainEtag(options.ifMatch),
      checksums: await checksumsFor(context, checksum),
      onProgress,
      stop,
      signal,
    }
    const first = await source.next(plan.partBytes)
    signal.throwIfAborted()
    if (first.length > maxBytes) throw tooLarge(maxBytes)
    return first.length < plan.partBytes || size === plan.partBytes
      ? await putWhole(context, plan, first)
      : await putParts(context, plan, first)
  } catch (error) {
    stop.abort(error)
    throw error
  }
}

async function checksumsFor(
  { driver, loadChecksums }: WriteContext,
  wanted: PutOptions['checksum'],
): Promise<PutChecksums | null> {
  if (wanted === undefined) return null
  if (loadChecksums === undefined)
    throw new StorageError('unsupported', 'Cannot write object: there are no checksums here')
  return (await loadChecksums()).createPutChecksums(wanted, driver.capabilities)
}

async function putWhole(
  { driver, call }: WriteContext,
  { key, size, terms, ifMatch, checksums, onProgress, signal }: PutPlan,
  bytes: Uint8Array<ArrayBuffer>,
): Promise<StoredBlob> {
  checkSize(bytes.length, size)
  checksums?.update(bytes)
  checksums?.check()
  const checksum = (await checksums?.of(bytes)) ?? null
  const stored = await call(
    signal,
    (current) => driver.put(key, bytes, { ...terms, ifMatch, checksum, signal: current }),
    terms.ifNoneMatch === undefined && ifMatch === undefined,
  )
  onProgress?.({ loaded: bytes.length, total: bytes.length })
  return stored
}
