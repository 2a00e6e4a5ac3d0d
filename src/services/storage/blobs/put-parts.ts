import type { WriteContext } from './blob-context.ts'
import type { StoredBlob } from './blob-store.ts'
import { completeUpload } from './complete-upload.ts'
import type { BlobUpload, NewPart, UploadedPart } from './multipart-uploads.ts'
import { need } from './need.ts'
import { checkSize, tooLarge, type PutPlan } from './put-plan.ts'

/**
 * Writes a body part by part, some at a time, and leaves nothing when it does not come to its end.
 */
export async function putParts(
  context: WriteContext,
  plan: PutPlan,
  first: Uint8Array<ArrayBuffer>,
): Promise<StoredBlob> {
  const { driver, call } = context
  const { key, source, size, maxBytes, partBytes, terms, ifMatch, stop, signal } = plan
  const { most, parallel } = driver.capabilities.parts
  if (terms.ifNoneMatch ?? ifMatch) need(driver.capabilities, 'conditionalParts')
  const checksums = plan.checksums?.inParts() ?? null
  const { id } = await call(signal, (current) =>
    driver.createUpload(key, {
      ...terms,
      ifMatch,
      size: size ?? undefined,
      checksum: checksums?.algorithm ?? null,
      signal: current,
    }),
  )
  const upload: BlobUpload = { key, id, partBytes, commit: commitOf(terms) }
  const parts: UploadedPart[] = []
  const running = new Set<Promise<void>>()
  let offset = 0
  let loaded = 0

  async function send(part: NewPart, at: number): Promise<void> {
    const { bytes, last } = part
    const whole = last ? (checksums?.whole() ?? null) : null
    const checksum = (await checksums?.of(bytes)) ?? null
    const written = await call(signal, (current) =>
      driver.putPart(upload, part, { offset: at, checksum, whole, signal: current }),
    )
    source.release(bytes)
    parts.push(written)
    loaded += bytes.length
    plan.onProgress?.({ loaded, total: size })
  }

  try {
    let last = false
    for (let bytes = first, number = 1; !last && bytes.length > 0; number++) {
      if (number > most) throw tooLarge(most * partBytes)
      const at = offset
      offset += bytes.length
      if (offset > maxBytes) throw tooLarge(maxBytes)
      checksums?.update(bytes)
      // With the last part some stores make the object, so it is known to be the last before.
      const more = offset === size ? (await source.next(1)).length : 0
      last = bytes.length < partBytes || (offset === size && more === 0)
      if (last || offset >= (size ?? Infinity)) {
        checkSize(offset + more, size)
        checksums?.check()
      }
      const sending = send({ number, bytes, last }, at)
      const watched = sending.finally(() => running.delete(watched))
      running.add(watched)
      watched.catch((error: unknown) => stop.abort(error))
      if (last) break
      if (running.size >= (parallel ? plan.concurrency : 1)) await Promise.race(running)
      signal.throwIfAborted()
      bytes = await source.next(partBytes)
      signal.throwIfAborted()
    }
    await Promise.all(running)
    checkSize(offset, size)
    checksums?.check()
    parts.sort((a, b) => a.number - b.number)
    const checksum = checksums?.whole() ?? null
    return await completeUpload(context, upload, parts, { ifMatch, checksum, signal })
  } catch (error) {
    stop.abort(error)
    await Promise.allSettled(running)
    // Whoever gave up must not leave parts behind, so its own signal does not count here.
    await call(undefined, (current) => driver.abortUpload(upload, { signal: current })).catch(
      () => undefined,
    )
    throw error
  }
}

/** @returns What a store is told again when an upload is completed */
export function commitOf({
  properties,
  tags,
  storageClass,
  ifNoneMatch,
}: PutPlan['terms']): BlobUpload['commit'] {
  return {
    ...properties,
    ...(tags && { tags }),
    ...(storageClass && { storageClass }),
    ...(ifNoneMatch && { ifNoneMatch }),
  }
}
