import { scanJson } from '@white-cross/reuse/infrastructure/runtime/ports'
import type { MiddlewareHandler } from 'hono'
import type * as z from 'zod/mini'
import { ProblemError } from './problem.ts'

/** How long a request's body may be, in bytes, and may take. */
export interface BodyLimits {
  readonly maxBytes: number
  readonly timeoutMs: number
}

/** A body that fits its schema. */
export interface JsonBody {
  readonly value: unknown
  /** As the caller wrote it. */
  readonly text: string
  /** The text of each member: for what is handed on byte for byte. */
  readonly members: ReadonlyMap<string, string>
}

/** One level more than the data of an event may have, which stands in the body. */
const MAX_DEPTH = 201
export const DEFAULT_BODY_LIMITS: BodyLimits = { maxBytes: 262_144, timeoutMs: 15_000 }

/** Lets go of a body that no route has read, so that nobody waits for the rest of it. */
export function dropUnreadBody(): MiddlewareHandler {
  return async (c, next) => {
    await next()
    const { body, bodyUsed } = c.req.raw
    if (body !== null && !bodyUsed && !body.locked) await body.cancel().catch(() => undefined)
  }
}

/**
 * Reads a JSON body that fits `schema`. JSON that parsers read differently (a name twice, numbers
 * that a double cannot hold, deep nesting) is refused.
 *
 * @param optional Whether no body at all is `{}`
 */
export async function readJsonBody(
  request: Request,
  schema: z.ZodMiniType,
  limits: BodyLimits,
  optional = false,
): Promise<JsonBody> {
  const type = request.headers.get('content-type') ?? ''
  if (optional && request.body === null) return parsed('{}', schema)
  if (!/^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i.test(type))
    throw new ProblemError(415, 'unsupported_media_type', 'The body must be application/json')
  const text = decode(await readBytes(request, limits))
  return parsed(optional && text === '' ? '{}' : text, schema)
}

function parsed(text: string, schema: z.ZodMiniType): JsonBody {
  const scan = scanJson(text, { maxDepth: MAX_DEPTH })
  if (!scan.ok && scan.kind === 'malformed')
    throw new ProblemError(400, 'malformed_json', `The body cannot be read: ${scan.fault}`)
  if (!scan.ok)
    throw new ProblemError(422, 'ambiguous_json', `The body cannot be handed on: ${scan.fault}`)
  const result = schema.safeParse(JSON.parse(text))
  if (result.success) return { value: result.data, text, members: scan.members ?? new Map() }
  const issues = result.error.issues
    .slice(0, 5)
    .map(({ path, message }) => `${path.join('.') || 'body'}: ${message}`)
  throw new ProblemError(422, 'invalid_body', issues.join('; ').slice(0, 1000).toWellFormed())
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw new ProblemError(400, 'malformed_json', 'The body is not UTF-8')
  }
}

async function readBytes(request: Request, limits: BodyLimits): Promise<Uint8Array> {
  const { maxBytes, timeoutMs } = limits
  const tooLarge = (): ProblemError =>
    new ProblemError(413, 'content_too_large', `The body is over ${maxBytes} bytes`)
  if (Number(request.headers.get('content-length') ?? 0) > maxBytes) throw tooLarge()
  if (request.body === null) return new Uint8Array()
  const reader = request.body.getReader()
  const deadline = AbortSignal.timeout(timeoutMs)
  // A pending read ends when its reader is cancelled, whatever the sender does.
  const onLate = (): void => void reader.cancel().catch(() => undefined)
  deadline.addEventListener('abort', onLate)
  const chunks: Uint8Array[] = []
  let length = 0
  try {
    for (;;) {
      const { done, value } = await reader.read()
      deadline.throwIfAborted()
      if (done) return joined(chunks, length)
      length += value.length
      if (length > maxBytes) throw tooLarge()
      if (value.length > 0) chunks.push(value)
    }
  } catch (cause) {
    if (cause instanceof ProblemError) throw cause
    // Some runtimes reject what is read when its reader is cancelled, others end it.
    if (deadline.aborted)
      throw new ProblemError(408, 'body_timeout', `The body took longer than ${timeoutMs} ms`)
    throw new ProblemError(400, 'body_aborted', 'The body broke off', { cause })
  } finally {
    deadline.removeEventListener('abort', onLate)
    onLate()
  }
}

function joined(chunks: readonly Uint8Array[], length: number): Uint8Array {
  const [first] = chunks
  if (chunks.length === 1 && first !== undefined) return first
  const bytes = new Uint8Array(length)
  let at = 0
  for (const chunk of chunks) {
    bytes.set(chunk, at)
    at += chunk.length
  }
  return bytes
}
