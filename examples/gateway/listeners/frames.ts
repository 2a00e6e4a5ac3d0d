import * as z from 'zod/mini'
import { lazily } from '../http/lazily.ts'
import type { RelayedRequest, RelayOutcome } from './listeners.ts'

/** The longest frame of a listener, in characters: a body of 64 KiB, its headers and names. */
export const MOST_FRAME_CHARS = 131_072

/** What a listener is told once it has the connection. */
export const READY = '{"type":"ready"}'
/** What a listener asks to hear whether we are there, and what it hears. */
export const PING = 'ping'
export const PONG = 'pong'

const MOST_HEADERS = 64
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/
/** A multiple of three, so that parts join to what the whole would be. */
const CHUNK_BYTES = 30_000

/** @param withinMs How long its answer is waited for */
export function writeDelivery(id: string, request: RelayedRequest, withinMs: number): string {
  const body = toBase64(request.body)
  return JSON.stringify({ type: 'delivery', id, withinMs, headers: request.headers, body })
}

const Id = lazily(() => z.string().check(z.maxLength(64)))
const Answer = lazily(() =>
  z.union([
    z.strictObject({
      type: z.literal('answer'),
      id: Id(),
      // What `Response` can carry.
      status: z.number().check(z.int(), z.gte(200), z.lte(599)),
      // Names and values by turns.
      headers: z.array(z.string().check(z.maxLength(8192))).check(z.maxLength(2 * MOST_HEADERS)),
      body: z.string().check(z.regex(BASE64)),
    }),
    z.strictObject({
      type: z.literal('failed'),
      id: Id(),
      reason: z.enum(['refused', 'late', 'broken']),
    }),
  ]),
)

/** @returns What a listener says of a delivery, or `null` when it is not of the protocol */
export function readAnswer(
  frame: string,
): { readonly id: string; readonly outcome: RelayOutcome } | null {
  let json: unknown
  try {
    json = JSON.parse(frame)
  } catch {
    return null
  }
  const { success, data } = Answer().safeParse(json)
  if (!success) return null
  if (data.type === 'failed')
    return { id: data.id, outcome: { kind: 'failed', fault: `local_${data.reason}` } }
  const body = fromBase64(data.body)
  const { id, status } = data
  const headers = pairsOf(data.headers)
  return body === null ? null : { id, outcome: { kind: 'answered', status, headers, body } }
}

function pairsOf(texts: readonly string[]): readonly (readonly [string, string])[] {
  const pairs: [string, string][] = []
  for (let at = 0; at + 1 < texts.length; at += 2)
    pairs.push([texts[at] ?? '', texts[at + 1] ?? ''])
  return pairs
}

function toBase64(bytes: Uint8Array): string {
  const parts: string[] = []
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES)
    parts.push(btoa(String.fromCharCode(...bytes.subarray(at, at + CHUNK_BYTES))))
  return parts.join('')
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> | null {
  try {
    return Uint8Array.from(atob(text), (char) => char.charCodeAt(0))
  } catch {
    return null
  }
}
