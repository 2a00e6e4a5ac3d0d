import type { JSONObject } from '@modelcontextprotocol/server'
import { jsonSchemaOf } from '../reference/openapi.ts'
import type { Operation } from '../http/operation.ts'
import { pathNames } from '../http/route.ts'
import { shapeOf } from '../contract/shapes.ts'

type Properties = Readonly<Record<string, JSONObject>>

/** An operation as an agent calls it: all that it takes stands beside each other. */
export interface Tool {
  readonly operation: Operation
  /** The operation's id; agents take no dots. */
  readonly name: string
  readonly inputSchema: {
    readonly type: 'object'
    readonly properties: Properties
    readonly required: readonly string[]
    readonly additionalProperties: false
  }
  readonly places: ReadonlyMap<string, 'path' | 'query' | 'body' | 'once'>
}

/** What an agent gets to see of the API: what looks around in it, and mends what has failed. */
export const TOOL_OPERATIONS = [
  'health',
  'jobs.queues.list',
  'jobs.list',
  'jobs.get',
  'jobs.retry',
  'jobs.cancel',
  'jobs.queues.redrive',
  'jobs.schedules.list',
  'sagas.stuck',
  'sagas.get',
  'webhooks.endpoints.list',
  'webhooks.endpoints.stats',
  'webhooks.deliveries.list',
  'webhooks.deliveries.get',
  'webhooks.deliveries.retry',
  'notifications.messages.list',
  'notifications.messages.get',
  'payments.get',
  'files.list',
  'audit.list',
] as const

/** Makes tools of those of the operations that are served. */
export function toolsOf(operations: readonly Operation[]): readonly Tool[] {
  const served = new Map(operations.map((operation) => [operation.id, operation]))
  return TOOL_OPERATIONS.flatMap((id) => {
    const operation = served.get(id)
    return operation === undefined ? [] : [toolOf(operation)]
  })
}

/** Whether it changes nothing. */
export function isReadOnly({ method }: Operation): boolean {
  return method === 'GET' || method === 'HEAD'
}

function toolOf(operation: Operation): Tool {
  const { id, path, query, body } = operation
  const inPath = pathNames(path)
  const inQuery = query === undefined ? NOTHING : membersOf(jsonSchemaOf(query, 'input', {}))
  const inBody =
    body === undefined || body === 'bytes'
      ? NOTHING
      : membersOf(jsonSchemaOf(shapeOf(body), 'input', {}))
  const once = isReadOnly(operation) ? {} : { idempotencyKey: ONCE }
  return {
    operation,
    name: id.replaceAll('.', '_'),
    inputSchema: {
      type: 'object',
      properties: {
        ...Object.fromEntries(inPath.map((name) => [name, { type: 'string', minLength: 1 }])),
        ...{ ...inQuery.properties, ...inBody.properties, ...once },
      },
      required: [...inPath, ...inQuery.required, ...inBody.required],
      additionalProperties: false,
    },
    places: new Map([
      ...inPath.map((name) => [name, 'path'] as const),
      ...Object.keys(inQuery.properties).map((name) => [name, 'query'] as const),
      ...Object.keys(inBody.properties).map((name) => [name, 'body'] as const),
      ...Object.keys(once).map((name) => [name, 'once'] as const),
    ]),
  }
}

interface Members {
  readonly properties: Properties
  readonly required: readonly string[]
}

const NOTHING: Members = { properties: {}, required: [] }
const ONCE = {
  ...{ type: 'string', minLength: 1, maxLength: 255 },
  description: 'Does it once: again with this key it answers what it answered, for a day',
}

function membersOf(schema: Readonly<Record<string, unknown>>): Members {
  const { properties = {}, required = [] } = schema as Partial<Members>
  return { properties, required }
}
