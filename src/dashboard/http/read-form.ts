import { readBytes } from '../../primitives/read-bytes.ts'
import { decodeUtf8 } from '../../primitives/utf8.ts'
import type { Clock } from '../../runtime/ports/platform/clock.ts'

const MOST_BYTES = 65_536
const MOST_MS = 15_000

/** @returns The fields of a form; `null` when the body is none, or is too long or too slow */
export async function readForm(request: Request, clock: Clock): Promise<URLSearchParams | null> {
  const type = request.headers.get('content-type') ?? ''
  if (request.body === null) return new URLSearchParams()
  if (!/^application\/x-www-form-urlencoded\b/i.test(type)) return null
  const late = new AbortController()
  const cancel = clock.setTimer(() => late.abort(), MOST_MS)
  try {
    const bytes = await readBytes(request.body, MOST_BYTES, late.signal)
    return bytes === null ? null : new URLSearchParams(decodeUtf8(bytes))
  } catch (error) {
    if (late.signal.aborted) return null
    throw error
  } finally {
    cancel()
  }
}
