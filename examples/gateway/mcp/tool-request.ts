import { ProblemError } from '../http/problem.ts'
import type { Tool } from './tools.ts'

/** A call of a tool, as the request that it stands for. */
export interface ToolRequest {
  /** Path and query. */
  readonly address: string
  readonly body: string | undefined
  readonly idempotencyKey: string | undefined
}

/**
 * Puts each argument where the operation has it. What the values may be is the operation's to say;
 * here they are only kept from being another address.
 *
 * @param tenant Whom an operator acts for
 * @throws ProblemError 422, which names the argument
 */
export function toolRequest(
  { operation, inputSchema, places }: Tool,
  given: Readonly<Record<string, unknown>>,
  tenant: string | undefined,
): ToolRequest {
  const entries = Object.entries(given)
  for (const [name] of entries) if (!places.has(name)) throw wrong(name, 'it is not known')
  for (const name of inputSchema.required)
    if (!Object.hasOwn(given, name)) throw wrong(name, 'it is missing')
  const at = (place: string): (typeof entries)[number][] =>
    entries.filter(([name]) => places.get(name) === place)

  const parts = new Map(at('path').map(([name, value]) => [name, pathPart(name, value)]))
  const path = operation.path.replaceAll(/:(\w+)/g, (_, name: string) => parts.get(name) ?? '')
  const query = new URLSearchParams(at('query').map(([name, value]) => [name, text(name, value)]))
  if (tenant !== undefined) query.set('tenant', tenant)
  const [key] = at('once')
  return {
    address: query.size === 0 ? path : `${path}?${query}`,
    body: operation.body === undefined ? undefined : JSON.stringify(Object.fromEntries(at('body'))),
    idempotencyKey: key && headerText(...key),
  }
}

function pathPart(name: string, value: unknown): string {
  if (typeof value !== 'string' || value === '') throw wrong(name, 'a text expected')
  // A URL takes these two away, with what stands before them.
  if (value === '.' || value === '..') throw wrong(name, 'it names nothing')
  return encodeURIComponent(value.toWellFormed())
}

function text(name: string, value: unknown): string {
  if (typeof value === 'string') return value
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  throw wrong(name, 'a text or a number expected')
}

function headerText(name: string, value: unknown): string {
  if (typeof value === 'string' && /^[\x20-\x7e]{1,255}$/.test(value)) return value
  throw wrong(name, '1 to 255 printable ASCII characters expected')
}

function wrong(name: string, why: string): ProblemError {
  return new ProblemError(422, 'invalid_arguments', `${name.slice(0, 40).toWellFormed()}: ${why}`)
}
