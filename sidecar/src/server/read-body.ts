import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { SidecarError } from '@white-cross/reuse/infrastructure/storage/sidecar'

/**
 * Reads a body within its limit and compares its SHA-256, counted as it comes in, with the one that
 * was signed.
 *
 * @throws SidecarError `input_too_large`, `signature_mismatch`
 */
export async function readBody(
  request: IncomingMessage,
  maxBytes: number,
  contentSha256: string,
): Promise<Uint8Array<ArrayBuffer>> {
  const announced = Number(request.headers['content-length'] ?? 0)
  if (announced > maxBytes) throw tooLarge()
  const hash = createHash('sha256')
  // What is not written yet is never given away.
  let bytes: Uint8Array<ArrayBuffer> = Buffer.allocUnsafeSlow(announced)
  let length = 0
  // What `request` gives without an encoding.
  for await (const chunk of request as AsyncIterable<Buffer>) {
    if (length + chunk.length > maxBytes) throw tooLarge()
    if (length + chunk.length > bytes.length) {
      const longer = new Uint8Array(Math.min(maxBytes, 2 * (length + chunk.length)))
      longer.set(bytes.subarray(0, length))
      bytes = longer
    }
    bytes.set(chunk, length)
    hash.update(chunk)
    length += chunk.length
  }
  if (hash.digest('hex') !== contentSha256)
    throw new SidecarError(
      'signature_mismatch',
      'Cannot accept request: its body is not the one that was signed',
    )
  return bytes.length === length ? bytes : bytes.slice(0, length)
}

function tooLarge(): SidecarError {
  return new SidecarError('input_too_large', 'Cannot accept request: its body is too long')
}
