import type { WebhookPayload } from '../signing/signed-content.ts'

/** @returns What a body says before it is trusted, or `undefined` when it is no JSON */
export function parseJson(payload: WebhookPayload): unknown {
  try {
    return JSON.parse(typeof payload === 'string' ? payload : new TextDecoder().decode(payload))
  } catch {
    return undefined
  }
}
