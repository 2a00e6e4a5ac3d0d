import { readJson } from '../../../primitives/read-json.ts'
import type { WebhookPayload } from '../signing/signed-content.ts'

/** @returns What a body says before it is trusted, or `undefined` when it is no JSON */
export function parseJson(payload: WebhookPayload): unknown {
  try {
    return readJson(payload)
  } catch {
    return undefined
  }
}
