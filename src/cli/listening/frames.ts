import { decodeBase64, encodeBase64 } from '../../primitives/base64.ts'

/** A signed delivery, as the gateway relays it. */
export interface RelayedDelivery {
  readonly type: 'delivery'
  readonly id: string
  /** How long the gateway waits for its answer, ms. */
  readonly withinMs: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array<ArrayBuffer>
}

/** What the gateway says. */
export type GatewayFrame = RelayedDelivery | { readonly type: 'ready' } | { readonly type: 'pong' }

/** What the local server has answered, or why it has not. */
export type LocalAnswer =
  | {
      readonly status: number
      readonly headers: readonly (readonly [name: string, value: string])[]
      readonly body: Uint8Array
    }
  | { readonly reason: 'refused' | 'late' | 'broken' }

/** @returns What it says, or `null` for what only a later gateway says */
export function readFrame(data: unknown): GatewayFrame | null {
  if (data === 'pong') return { type: 'pong' }
  const json = typeof data === 'string' ? parsed(data) : null
  if (typeof json !== 'object' || json === null || !('type' in json)) return null
  if (json.type === 'ready') return { type: 'ready' }
  return json.type === 'delivery' ? deliveryIn(json) : null
}

/** Writes an answer down for the gateway. */
export function writeAnswer(id: string, answer: LocalAnswer): string {
  if ('reason' in answer) return JSON.stringify({ type: 'failed', id, reason: answer.reason })
  const { status, headers, body } = answer
  return JSON.stringify({
    ...{ type: 'answer', id, status, headers: headers.flat() },
    body: encodeBase64(body),
  })
}

function deliveryIn(json: object): RelayedDelivery | null {
  const { id, withinMs, headers, body }: Partial<Record<string, unknown>> = { ...json }
  if (typeof id !== 'string' || typeof withinMs !== 'number' || !(withinMs > 0)) return null
  if (typeof headers !== 'object' || headers === null || typeof body !== 'string') return null
  const bytes = decodeBase64(body)
  if (bytes === null) return null
  const texts = Object.entries(headers).map(([name, value]) => [name, String(value)])
  return {
    ...{ type: 'delivery', id, withinMs, body: bytes },
    // Pairs of texts.
    headers: Object.fromEntries(texts) as Readonly<Record<string, string>>,
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
