import { readStackFrames, type StackFrame } from './stack-frames.ts'

/** One error of an event, in Sentry's words. */
export interface SentryException {
  readonly type: string
  readonly value: string
  readonly stacktrace?: { readonly frames: readonly StackFrame[] } | undefined
  readonly mechanism: {
    readonly type: 'generic' | 'chained'
    readonly handled: boolean
    readonly exception_id: number
    readonly parent_id?: number | undefined
    /** Where the parent has it: `cause`, `errors[0]`. */
    readonly source?: string | undefined
    readonly is_exception_group?: boolean | undefined
  }
}

const MOST = 10

/**
 * Reads an error that was made plain, with what caused it and what it gathers.
 *
 * @returns The deepest first, as Sentry wants them; the error itself last
 */
export function readExceptions(error: unknown, handled: boolean): readonly SentryException[] {
  const found: SentryException[] = []
  const waiting: [unknown, number?, string?][] = [[error]]
  for (
    let next = waiting.shift();
    next !== undefined && found.length < MOST;
    next = waiting.shift()
  ) {
    const [one, parent, source] = next
    const id = found.length
    const { type = 'Error', message, stack, cause, errors } = fieldsOf(one)
    const isGroup = Array.isArray(errors)
    const frames = typeof stack === 'string' ? readStackFrames(stack) : []
    found.push({
      type: textOf(type),
      // Sentry refuses events over 1 MiB, and shows no more than this.
      value: textOf(message).slice(0, 8192),
      // What is undefined is left out as it is written.
      stacktrace: frames.length > 0 ? { frames } : undefined,
      mechanism: {
        type: parent === undefined ? 'generic' : 'chained',
        handled,
        exception_id: id,
        parent_id: parent,
        source,
        is_exception_group: isGroup || undefined,
      },
    })
    if (cause !== undefined && cause !== null) waiting.push([cause, id, 'cause'])
    if (isGroup) errors.forEach((each, at) => waiting.push([each, id, `errors[${at}]`]))
  }
  return found.reverse()
}

/** Anything may have been thrown. */
function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  const isError = typeof value === 'object' && value !== null && 'message' in value
  // An object has properties.
  return isError ? value : { message: value }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value))
}
