import type { Json } from '../../ports/json.ts'

/** What a ring carries on its way through an engine that pushes messages: no job, only where to look. */
export interface Ring {
  readonly queue: string
  /** How much longer than the engine can wait the ring is to wait; 0 when it is due. */
  readonly afterMs: number
}

/** The ring as the body of a message. */
export function encodeRing({ queue, afterMs }: Ring): Json {
  return afterMs > 0 ? { ring: queue, afterMs } : { ring: queue }
}

/** @returns The ring, or `null` when `body` is none */
export function decodeRing(body: unknown): Ring | null {
  if (typeof body !== 'object' || body === null || !('ring' in body)) return null
  const afterMs = 'afterMs' in body ? body.afterMs : 0
  if (typeof body.ring !== 'string' || typeof afterMs !== 'number' || !(afterMs >= 0)) return null
  return { queue: body.ring, afterMs }
}
