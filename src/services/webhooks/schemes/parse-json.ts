import type { WebhookPayload } from '../signing/signed-content.ts'
import { readJson } from './read-json.ts'

/** @returns What a body says before it is trusted, or `undefined` when it is no JSON */
export function parseJson(payload: WebhookPayload): unknown {
  try {
    return readJson(payload)
  } catch {
    return undefined
  }
}
