import { scanJson } from '@white-cross/reuse/infrastructure/runtime/ports'
import type { Context, MiddlewareHandler } from 'hono'
import type * as z from 'zod/mini'
import { ProblemError } from './problem.ts'

/** How long a request's body may be, in bytes, and may take. */
export interface BodyLimits {
  readonly maxBytes: number
  readonly timeoutMs: number
}

/** A body that fits its schema. */
export interface JsonBody<Value> {
  readonly value: Value
  /** The text of each member, as the caller wrote it: for what is handed on byte for byte. */
  readonly members: ReadonlyMap<string, string>
}

/** One level more than the data of an event may have, which stands in the body. */
const MAX_DEPTH = 201
const DEFAULT_LIMITS: BodyLimits = { maxBytes: 262_144, timeoutMs: 15_000 }

declare module 'hono' {
  interface ContextVariableMap {
    readonly bodyLimits?: BodyLimits
  }
}

/** Sets what {@link readBody} allows from here on. Nothing is read before a route asks for it. */
export function limitBodies(limits: Partial<BodyLimits>): MiddlewareHandler {
  const bodyLimits = { ...DEFAULT_LIMITS, ...limits }
  return async (c, next) => {
    c.set('bodyLimits', bodyLimits)
    await next()
  }
}

/** Lets go of a body that no route has read, so that nobody waits for the rest of it. */
export function dropUnreadBody(): MiddlewareHandler {
  return async (c, next) => {
    await next()
    const { body, bodyUsed } = c.req.raw
    if (body !== null && !bodyUsed && !body.locked) await body.cancel().catch(() => undefined)
  }
}

/**
 * Reads a JSON body that fits `schema`, within {@link limitBodies}. JSON that parsers read
 * differently (a name twice, numbers that a double cannot hold, deep nesting) is refused.
 */
export async function readBody<Schema extends z.ZodMiniType>(
  c: Context,
  schema: Schema,
): Promise<z.output<Schema>> {
  return (await readJsonBody(c, schema)).value
}

/** As {@link readBody}, with each member as it was written. */
export async function readJsonBody<Schema extends z.ZodMiniType>(
  c: Context,
  schema: Schema,
): Promise<JsonBody<z.output<Schema>>> {
  const type = c.req.header('content-type') ?? ''
  if (!/^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i.test(type))
    throw new ProblemError(415, 'unsupported_media_type', 'The body must be application/json')
  const text = decode(await readBytes(c.req.raw, c.get('bodyLimits') ?? DEFAULT_LIMITS))
  const scan = scanJson(text, { maxDepth: MAX_DEPTH })
  if (!scan.ok && scan.kind === 'malformed')
    throw new ProblemError(400, 'malformed_json', `The body cannot be read: ${scan.fault}`)
  if (!scan.ok)
    throw new ProblemError(422, 'ambiguous_json', `The body cannot be handed on: ${scan.fault}`)
  const parsed = schema.safeParse(JSON.parse(text))
  if (parsed.success) return { value: parsed.data, members: scan.members ?? new Map() }
  const issues = parsed.error.issues
    .slice(0, 5)
    .map(({ path, message }) => `${path.join('.') || 'body'}: ${message}`)
  throw new ProblemError(422, 'invalid_body', issues.join('; ').slice(0, 1000))
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
  const bytes = new Uint8Array(maxBytes)
  let length = 0
  try {
    for (;;) {
      const { done, value } = await reader.read()
      deadline.throwIfAborted()
      if (done) return bytes.subarray(0, length)
      if (length + value.length > maxBytes) throw tooLarge()
      bytes.set(value, length)
      length += value.length
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
