import * as z from 'zod/mini'
import { Problem, shapeOf } from '../contract/shapes.ts'
import type { AnswerShape, Operation } from '../http/operation.ts'
import { pathNames } from '../http/route.ts'

type JsonObject = Readonly<Record<string, unknown>>

/** A document of OpenAPI 3.1. */
export interface OpenApiDocument {
  readonly openapi: '3.1.1'
  readonly info: JsonObject
  readonly paths: Readonly<Record<string, Readonly<Record<string, OpenApiOperation>>>>
  readonly components: { readonly schemas: JsonObject; readonly securitySchemes: JsonObject }
  readonly [name: string]: unknown
}

/** One operation of it. */
export interface OpenApiOperation {
  readonly operationId: string
  readonly summary: string
  readonly parameters?: readonly JsonObject[]
  readonly requestBody?: JsonObject
  readonly responses: JsonObject
  readonly [name: string]: unknown
}

/** What each request may be answered with instead. */
const REFUSALS: Readonly<Record<number, string>> = {
  400: 'The request is malformed',
  401: 'There is no valid credential',
  403: 'The credential is not for this',
  404: 'There is nothing of that name',
  409: 'It does not fit how things stand',
  422: 'What the request says cannot be done',
  429: 'Too many requests',
  503: 'Try again',
}

/** Writes the document of these operations; schemas that have a name stand in it once. */
export function openApiDocument(operations: readonly Operation[]): OpenApiDocument {
  const schemas: Record<string, unknown> = {}
  const paths: Record<string, Record<string, OpenApiOperation>> = {}
  const schemaIn = (schema: z.ZodMiniType, io: 'input' | 'output'): JsonObject =>
    jsonSchemaOf(schema, io, schemas)
  for (const operation of operations) {
    const path = operation.path.replaceAll(/:(\w+)(?:\{[^}]*\})?/g, '{$1}')
    const method = operation.method.toLowerCase()
    paths[path] = { ...paths[path], [method]: written(operation, schemaIn) }
  }
  schemaIn(Problem(), 'output')
  return {
    openapi: '3.1.1',
    info: {
      title: 'White Cross gateway',
      version: '1',
      description:
        'Webhooks, jobs, notifications, payments and files over HTTP. Answers that refuse are ' +
        'problem documents (RFC 9457) with a stable `code`. Lists have a `cursor`. A mutation is ' +
        'done once for each `Idempotency-Key`.',
    },
    servers: [{ url: '/' }],
    security: [{ bearer: [] }],
    tags: [...new Set(operations.map(tagOf))].map((name) => ({ name })),
    paths,
    components: {
      schemas,
      securitySchemes: {
        bearer: {
          ...{ type: 'http', scheme: 'bearer' },
          description: 'An API key (wcr_…), a portal token (wcp_…) or a JWT of the issuer',
        },
      },
    },
  }
}

function written(
  operation: Operation,
  schemaIn: (schema: z.ZodMiniType, io: 'input' | 'output') => JsonObject,
): OpenApiOperation {
  const { id, summary, policy, query, body, answers, method, bodyOptional } = operation
  const isOpen = 'public' in policy
  const parameters = [
    ...pathNames(operation.path).map((name) => ({
      ...{ name, in: 'path', required: true },
      schema: { type: 'string' },
    })),
    ...queryOf(query && schemaIn(query, 'input')),
    ...(isOpen ? [] : [TENANT]),
    ...(isOpen || method === 'GET' || method === 'HEAD' || body === 'bytes' ? [] : [ONCE]),
  ]
  const refusals = Object.entries(REFUSALS).filter(([status]) => !(Number(status) in answers))
  return {
    operationId: id,
    summary,
    tags: [tagOf(operation)],
    ...(isOpen
      ? { security: [], description: policy.public }
      : {
          security: [{ bearer: policy.scope === null ? [] : [policy.scope] }],
          'x-scope': policy.scope,
          'x-tenant': policy.tenant ?? 'own',
          'x-portal': policy.portal ?? false,
        }),
    ...(parameters.length > 0 && { parameters }),
    ...(body !== undefined && {
      requestBody: {
        required: bodyOptional !== true,
        content:
          body === 'bytes'
            ? { 'application/octet-stream': {} }
            : { 'application/json': { schema: schemaIn(shapeOf(body), 'input') } },
      },
    }),
    responses: {
      ...Object.fromEntries(
        Object.entries(answers).map(([status, shape]) => [status, answerOf(shape, schemaIn)]),
      ),
      ...Object.fromEntries(
        refusals.map(([status, description]) => [
          status,
          {
            description,
            content: {
              'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } },
            },
          },
        ]),
      ),
    },
  }
}

const TENANT = {
  ...{ name: 'tenant', in: 'query', required: false },
  description: 'Whom an operator acts for; others only their own. Default: `default`',
  schema: { type: 'string', pattern: '^[\\w-]{1,64}$' },
}
const ONCE = {
  ...{ name: 'Idempotency-Key', in: 'header', required: false },
  description: 'Does it once: again with this key it answers what it answered, for a day',
  schema: { type: 'string', minLength: 1, maxLength: 255 },
}

function answerOf(
  shape: AnswerShape,
  schemaIn: (schema: z.ZodMiniType, io: 'input' | 'output') => JsonObject,
): JsonObject {
  if (shape === null) return { description: 'Done' }
  if (shape === 'bytes') return { description: 'Bytes', content: { '*/*': {} } }
  if (shape === 'text') return { description: 'Text', content: { 'text/plain': {} } }
  return {
    description: 'Done',
    content: { 'application/json': { schema: schemaIn(shape, 'output') } },
  }
}

function queryOf(schema: JsonObject | undefined): readonly JsonObject[] {
  const properties = schema?.['properties']
  const required: unknown = schema?.['required']
  if (typeof properties !== 'object' || properties === null) return []
  return Object.entries(properties).map(([name, of]) => ({
    ...{ name, in: 'query', required: Array.isArray(required) && required.includes(name) },
    schema: of as unknown,
  }))
}

/** JSON Schema 2020-12, as OpenAPI 3.1 has it; definitions go to `schemas`. */
export function jsonSchemaOf(
  schema: z.ZodMiniType,
  io: 'input' | 'output',
  schemas: Record<string, unknown>,
): JsonObject {
  const made = z.toJSONSchema(schema, {
    io,
    // What a custom check lets through is said by its description.
    unrepresentable: 'any',
    override: ({ jsonSchema }) => {
      // A number that a query spells in digits.
      if (jsonSchema.type === 'integer') delete jsonSchema.pattern
      // Answers may say more in a later version.
      if (io === 'output' && jsonSchema.additionalProperties === false)
        delete jsonSchema.additionalProperties
    },
  })
  const { $schema: _, $defs = {}, ...rest } = made
  for (const [name, definition] of Object.entries($defs)) schemas[name] ??= moved(definition)
  const { id } = z.globalRegistry.get(schema) ?? {}
  if (id === undefined) return moved(rest)
  schemas[id] ??= moved(rest)
  return { $ref: `#/components/schemas/${id}` }
}

/** The same with references to where the definitions are now, and without the names they had. */
function moved(value: unknown): JsonObject {
  const text = JSON.stringify(value).replaceAll('"#/$defs/', '"#/components/schemas/')
  const { id: _, ...rest } = JSON.parse(text) as JsonObject
  return rest
}

function tagOf({ id }: Operation): string {
  return id.split('.', 1)[0] ?? id
}
