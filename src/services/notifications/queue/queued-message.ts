import { canonicalJson } from '../../../primitives/canonical-json.ts'
import { encodeBase64 } from '../../../primitives/base64.ts'
import { encodeBase64Url } from '../../../primitives/base64url.ts'
import { encodeUtf8, utf8Length } from '../../../primitives/utf8.ts'
import { writeJson } from '../../../primitives/write-json.ts'
import { JOB_LIMITS } from '../../../runtime/ports/job-store/job-limits.ts'
import type { Json } from '../../../runtime/ports/json.ts'
import { NotificationError } from '../notification-error.ts'

/** Room in a job for what stands around its message. */
const MOST_BYTES = JOB_LIMITS.dataBytes - 4096

/** Says how and when a message is sent, and is not part of it. */
const NOT_CONTENT = new Set(['idempotencyKey', 'sendAt', 'queued', 'signal'])

/**
 * A message as JSON, to be sent later or to be compared: files as base64, templates by their names.
 *
 * @param most Most bytes. Default: what a job may carry
 * @throws NotificationError `invalid_request` when it holds what JSON cannot carry, or is too large
 */
export async function messageToJson(message: object, most: number = MOST_BYTES): Promise<Json> {
  const fields = await Promise.all(
    Object.entries(message)
      .filter(([name, value]) => !NOT_CONTENT.has(name) && value !== undefined)
      .map(async ([name, value]: [string, unknown]) => [name, await fieldToJson(name, value)]),
  )
  let text: string
  try {
    text = writeJson(Object.fromEntries(fields))
  } catch (cause) {
    const why = cause instanceof TypeError ? cause.message.replace('Cannot write JSON: ', '') : ''
    throw new NotificationError(
      'invalid_request',
      `Cannot keep message: ${why}; under an idempotency key or in a queue it has to be JSON`,
      { cause },
    )
  }
  const bytes = utf8Length(text)
  if (bytes > most)
    throw new NotificationError(
      'invalid_request',
      `Cannot queue message: it has ${bytes} bytes, at most ${most} fit into a job`,
    )
  // What was written as JSON is JSON.
  return JSON.parse(text) as Json
}

/** @returns What two messages share only when they say the same: 43 characters */
export async function fingerprintOf(channel: string, message: object): Promise<string> {
  const json = await messageToJson(message, Infinity)
  const content = encodeUtf8(`${channel}\n${canonicalJson(json)}`)
  return encodeBase64Url(new Uint8Array(await crypto.subtle.digest('SHA-256', content)))
}

async function fieldToJson(name: string, value: unknown): Promise<unknown> {
  if (name === 'template' && typeof value === 'object' && value !== null && 'name' in value)
    return value.name
  if (name === 'attachments' && Array.isArray(value)) return Promise.all(value.map(fileToJson))
  return value
}

async function fileToJson(file: unknown): Promise<unknown> {
  if (typeof file !== 'object' || file === null || !('content' in file)) return file
  const { content, ...rest } = file
  const bytes = await bytesOf(content)
  return bytes === null ? file : { ...rest, base64: encodeBase64(bytes) }
}

async function bytesOf(content: unknown): Promise<Uint8Array | null> {
  if (content instanceof Uint8Array) return content
  if (content instanceof ArrayBuffer) return new Uint8Array(content)
  return content instanceof Blob ? new Uint8Array(await content.arrayBuffer()) : null
}
