/** What of JSON Schema a gateway's document uses. */
export interface Schema {
  readonly $ref?: string
  readonly type?: string | readonly string[]
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly anyOf?: readonly Schema[]
  readonly oneOf?: readonly Schema[]
  readonly allOf?: readonly Schema[]
  readonly items?: Schema | boolean
  readonly prefixItems?: readonly Schema[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: Schema | boolean
  readonly description?: string
}

/** What of an OpenAPI 3.1 document a client is made of. */
export interface ApiDocument {
  readonly paths: Readonly<Record<string, Readonly<Record<string, ApiOperation>>>>
  readonly components?: { readonly schemas?: Readonly<Record<string, Schema>> }
}

/** One operation of an {@link ApiDocument}. */
export interface ApiOperation {
  readonly operationId: string
  readonly summary?: string
  readonly parameters?: readonly {
    readonly name: string
    readonly in: string
    readonly required?: boolean
    readonly schema?: Schema
    readonly description?: string
  }[]
  readonly requestBody?: { readonly required?: boolean; readonly content: Content }
  readonly responses: Readonly<Record<string, { readonly content?: Content }>>
}

type Content = Readonly<Record<string, { readonly schema?: Schema }>>

/** The files that a client has of a document. */
export interface ClientSource {
  /** The table that calls are made by. */
  readonly operations: string
  /** What TypeScript knows of them. */
  readonly client: string
  /** The names of what the operations take and answer. */
  readonly names: readonly string[]
}

/** How one operation is called. */
interface Call {
  readonly id: string
  readonly summary: string
  readonly shape: Readonly<Record<string, unknown>>
  readonly input: string
  readonly inputOptional: boolean
  readonly output: string
}

const METHODS = ['get', 'head', 'post', 'put', 'patch', 'delete']
const JSON_TYPE = 'application/json'

/**
 * Writes the sources of a client.
 *
 * @throws Error where an operation cannot be called with one flat input
 */
export function clientSource(document: ApiDocument): ClientSource {
  const schemas = document.components?.schemas ?? {}
  const all = Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.entries(operations)
      .filter(([method]) => METHODS.includes(method))
      .map(([method, operation]) => callOf(method, path, operation, schemas)),
  )
  const groups = new Set(all.flatMap(({ id }) => prefixesOf(id)))
  const calls = all
    // What is called and holds calls is one of those.
    .map((call) => (groups.has(call.id) ? { ...call, id: `${call.id}.get` } : call))
    .toSorted((a, b) => (a.id < b.id ? -1 : 1))
  const note = '// Written by tools/write-client.ts from the gateway’s OpenAPI document.\n'
  const table = calls.map(({ id, shape }) => `  ${JSON.stringify(id)}: ${JSON.stringify(shape)},`)
  const operations = `${note}import type { OperationShape } from '../call.ts'

/** Every operation of the gateway, by its name. */
export const OPERATIONS: Readonly<Record<string, OperationShape>> = {
${table.join('\n')}
}
`
  const used = namesIn(calls.map(({ input, output }) => `${input} ${output}`).join(' '), schemas)
  const types = Object.entries(schemas)
    .filter(([name]) => used.has(name))
    .map(([name, schema]) => typeDeclaration(name, schema))
  const client = `${note}import type { CallOptions } from '../call.ts'
import type { Pages } from '../pages.ts'

${types.join('\n\n')}

/** A gateway, every operation of it typed. See \`createClient()\`. */
export interface Client ${groupsOf(calls)}
`
  return { operations, client, names: [...used].toSorted() }
}

/** The groups that a call stands in: `a.b` and `a` for `a.b.c`. */
function prefixesOf(id: string): string[] {
  const parts = id.split('.')
  return parts.slice(1).map((_part, index) => parts.slice(0, index + 1).join('.'))
}

function callOf(
  method: string,
  path: string,
  operation: ApiOperation,
  schemas: Readonly<Record<string, Schema>>,
): Call {
  const { operationId, summary = '', parameters = [], requestBody, responses } = operation
  const id = operationId.replaceAll(/-([a-z])/g, (_dash, letter: string) => letter.toUpperCase())
  // Whom an operator acts for and the key of a repetition are options of every call.
  const given = parameters.filter(
    ({ name, in: place }) => place !== 'header' && !(place === 'query' && name === 'tenant'),
  )
  const query = given.filter((one) => one.in === 'query').map(({ name }) => name)
  const bodySchema = requestBody?.content[JSON_TYPE]?.schema
  const isBytes = requestBody !== undefined && bodySchema === undefined
  const [status, answer] =
    Object.entries(responses).find(([code]) => /^[23]/.test(code)) ?? raise(`${id} has no answer`)
  const answerSchema = answer.content?.[JSON_TYPE]?.schema
  const isRaw = answer.content !== undefined && answerSchema === undefined
  const entries = entriesOf(answerSchema, query, schemas)
  const parts = given.map(
    ({ name, required, schema = {}, in: place, description }) =>
      `${doc(description ?? schema.description)}readonly ${key(name)}${required === true || place === 'path' ? '' : '?'}: ${typeOf(schema)}`,
  )
  const flat = bodySchema === undefined ? undefined : resolved(bodySchema, schemas)
  const collision = given.find(({ name }) => flat?.properties?.[name] !== undefined)
  if (collision !== undefined)
    raise(`${id} has ${collision.name} twice: in its ${collision.in} and in its body`)
  if (isBytes) parts.push('readonly body: BodyInit', 'readonly contentType?: string')
  const object = parts.length === 0 ? '' : `{ ${parts.join('; ')} }`
  const bodyType = bodySchema === undefined ? '' : typeOf(bodySchema)
  const bodyPart =
    bodyType !== '' && requestBody?.required === false ? `Partial<${bodyType}>` : bodyType
  const required =
    given.some((one) => one.required === true || one.in === 'path') ||
    isBytes ||
    (bodySchema !== undefined && requestBody?.required !== false)
  const outputs = Object.entries(responses)
    .filter(([code]) => code.startsWith('2'))
    .map(([, { content }]) => {
      const schema = content?.[JSON_TYPE]?.schema
      return content === undefined
        ? 'undefined'
        : schema === undefined
          ? 'Response'
          : typeOf(schema)
    })
  const output = [...new Set(outputs)].join(' | ')
  const list = answerSchema && entries && resolved(answerSchema, schemas).properties?.[entries]
  const entry = typeof list === 'object' ? `, ${typeOf(list.items)}` : ''
  return {
    id,
    summary: summary === '' ? `Answers ${status}.` : `${summary}.`,
    shape: {
      ...(method !== 'get' && { method: method.toUpperCase() }),
      path,
      ...(query.length > 0 && { query }),
      ...(requestBody !== undefined && { body: isBytes ? 'bytes' : 'json' }),
      ...(isRaw && { raw: true }),
      ...(entries !== undefined && { entries }),
    },
    input:
      [object, bodyPart].filter((part) => part !== '').join(' & ') ||
      'Readonly<Record<string, never>>',
    inputOptional: !required,
    output:
      entries === undefined ? `Promise<${output || 'undefined'}>` : `Pages<${output}${entry}>`,
  }
}

/** @returns The name of the answer's list, where the operation answers in pages */
function entriesOf(
  answer: Schema | undefined,
  query: readonly string[],
  schemas: Readonly<Record<string, Schema>>,
): string | undefined {
  if (answer === undefined || !query.includes('cursor')) return undefined
  const { properties = {} } = resolved(answer, schemas)
  if (properties['cursor'] === undefined) return undefined
  return Object.entries(properties).find(([, { type }]) => type === 'array')?.[0]
}

function resolved(schema: Schema, schemas: Readonly<Record<string, Schema>>): Schema {
  const name = schema.$ref === undefined ? undefined : refName(schema.$ref)
  return name === undefined ? schema : (schemas[name] ?? {})
}

function refName(ref: string): string {
  return ref.split('/').at(-1) ?? ''
}

function typeDeclaration(name: string, schema: Schema): string {
  const text = typeOf(schema)
  const said = doc(schema.description ?? `What the gateway’s document calls ${name}.`)
  return text.startsWith('{') && text.endsWith('}') && schema.properties !== undefined
    ? `${said}export interface ${name} ${text}`
    : `${said}export type ${name} = ${text}`
}

function typeOf(schema: Schema | boolean | undefined): string {
  if (schema === undefined || typeof schema === 'boolean') return 'unknown'
  const { $ref, enum: values, const: value, anyOf, oneOf, allOf, type } = schema
  if ($ref !== undefined) return refName($ref)
  if (values !== undefined) return values.map((one) => JSON.stringify(one)).join(' | ')
  if (value !== undefined) return JSON.stringify(value)
  const either = anyOf ?? oneOf
  if (either !== undefined) return [...new Set(either.map(typeOf))].join(' | ')
  if (allOf !== undefined) return allOf.map(typeOf).join(' & ')
  if (Array.isArray(type))
    return type.map((one: string) => typeOf({ ...schema, type: one })).join(' | ')
  switch (type) {
    case 'string':
    case 'boolean':
    case 'null':
      return type
    case 'number':
    case 'integer':
      return 'number'
    case 'array':
      return schema.prefixItems === undefined
        ? `readonly (${typeOf(schema.items)})[]`
        : `readonly [${schema.prefixItems.map(typeOf).join(', ')}]`
    case 'object':
      return objectType(schema)
    default:
      return 'unknown'
  }
}

function objectType({ properties = {}, required = [], additionalProperties }: Schema): string {
  const names = Object.entries(properties)
  const open =
    additionalProperties === undefined || additionalProperties === false
      ? names.length === 0 && additionalProperties === undefined
      : true
  if (names.length === 0)
    return open
      ? `Readonly<Record<string, ${typeOf(additionalProperties)}>>`
      : 'Readonly<Record<string, never>>'
  const members = names.map(
    ([name, schema]) =>
      `${doc(schema.description)}readonly ${key(name)}${required.includes(name) ? '' : '?'}: ${typeOf(schema)}`,
  )
  if (open) members.push('readonly [more: string]: unknown')
  return `{\n${members.join('\n')}\n}`
}

interface Group {
  readonly calls: Call[]
  readonly groups: Map<string, Group>
}

function groupsOf(calls: readonly Call[]): string {
  const root: Group = { calls: [], groups: new Map() }
  for (const call of calls) {
    let group = root
    for (const part of call.id.split('.').slice(0, -1)) {
      const next = group.groups.get(part) ?? { calls: [], groups: new Map() }
      group.groups.set(part, next)
      group = next
    }
    group.calls.push(call)
  }
  return groupText(root)
}

function groupText({ calls, groups }: Group): string {
  const own = calls.map(
    ({ id, summary, input, inputOptional, output }) =>
      `${doc(summary)}${key(id.split('.').at(-1) ?? '')}(input${inputOptional ? '?' : ''}: ${input}, options?: CallOptions): ${output}`,
  )
  const below = [...groups].map(([name, group]) => `readonly ${key(name)}: ${groupText(group)}`)
  return `{\n${[...own, ...below].join('\n')}\n}`
}

/** The schemas that a text names, and those that these name. */
function namesIn(text: string, schemas: Readonly<Record<string, Schema>>): ReadonlySet<string> {
  const found = new Set<string>()
  const look = (source: string): void => {
    for (const [name] of source.matchAll(/\b[A-Z]\w+\b/g)) {
      const schema = schemas[name]
      if (schema === undefined || found.has(name)) continue
      found.add(name)
      look(typeOf(schema))
    }
  }
  look(text)
  return found
}

function doc(text: string | undefined): string {
  return text === undefined ? '' : `/** ${text.replaceAll('*/', '* /')} */\n`
}

function key(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name)
}

function raise(message: string): never {
  throw new Error(message)
}
