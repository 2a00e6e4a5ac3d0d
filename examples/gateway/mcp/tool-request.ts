import {
  writeCall,
  type OperationShape,
  type WrittenCall,
} from '@white-cross/reuse/infrastructure/client'
import type { Operation } from '../http/operation.ts'
import { ProblemError } from '../http/problem.ts'
import type { Tool } from './tools.ts'

/** A call of a tool, as the request that it stands for. */
export interface ToolRequest extends WrittenCall {
  readonly idempotencyKey: string | undefined
}

/**
 * Puts each argument where the operation has it, as the client does. What the values may be is the
 * operation's to say.
 *
 * @param tenant Whom an operator acts for
 * @throws ProblemError 422, which names the argument
 */
export function toolRequest(
  { operation, inputSchema, places }: Tool,
  given: Readonly<Record<string, unknown>>,
  tenant: string | undefined,
): ToolRequest {
  const { idempotencyKey: key, ...input } = given
  for (const name of Object.keys(given))
    if (!places.has(name)) throw wrong(`${name.slice(0, 40).toWellFormed()}: it is not known`)
  for (const name of inputSchema.required)
    if (!Object.hasOwn(given, name)) throw wrong(`${name}: it is missing`)
  try {
    const call = writeCall(operation.id, shapeOf(operation, places), input, tenant)
    return { ...call, idempotencyKey: key === undefined ? undefined : headerText(key) }
  } catch (error) {
    if (error instanceof TypeError) throw wrong(error.message)
    throw error
  }
}

function shapeOf({ method, path, body }: Operation, places: Tool['places']): OperationShape {
  // No tool is one that a browser asks before it calls.
  if (method === 'OPTIONS')
    throw new TypeError('Cannot call a tool: it is no operation of a client')
  return {
    method,
    path: path.replaceAll(/:(\w+)/g, '{$1}'),
    query: [...places].flatMap(([name, place]) => (place === 'query' ? [name] : [])),
    ...(body !== undefined && { body: 'json' as const }),
  }
}

function headerText(value: unknown): string {
  if (typeof value === 'string' && /^[\x20-\x7e]{1,255}$/.test(value)) return value
  throw wrong('idempotencyKey: 1 to 255 printable ASCII characters expected')
}

function wrong(detail: string): ProblemError {
  return new ProblemError(422, 'invalid_arguments', detail.slice(0, 400))
}
