import type { Json } from '../../ports/json.ts'

/**
 * What a wake carries on its way through an engine that pushes messages: no job, only where to
 * look.
 */
export interface WakeMessage {
  readonly queue: string
  /** How much longer than the engine can wait the wake is to wait; 0 when it is due. */
  readonly afterMs: number
}

/** The wake as the body of a message. */
export function encodeWakeMessage({ queue, afterMs }: WakeMessage): Json {
  return afterMs > 0 ? { ring: queue, afterMs } : { ring: queue }
}

/** @returns The wake, or `null` when `body` is none */
export function decodeWakeMessage(body: unknown): WakeMessage | null {
  if (typeof body !== 'object' || body === null || !('ring' in body)) return null
  const afterMs = 'afterMs' in body ? body.afterMs : 0
  if (typeof body.ring !== 'string' || typeof afterMs !== 'number' || !(afterMs >= 0)) return null
  return { queue: body.ring, afterMs }
}
