import { existsSync, readFileSync } from 'node:fs'
import { Ajv, type ErrorObject } from 'ajv'

/** The request schemas that vendors publish, where they lie beside the project. */
const folder = new URL('../../../../shared/vendor-specs/', import.meta.url)

export function hasVendorSchemas(): boolean {
  return existsSync(folder)
}

/**
 * @returns What is wrong with `body` by the vendor's own schema of `operation`; empty when nothing
 * is
 */
export function schemaFaults(vendor: string, operation: string, body: unknown): readonly string[] {
  // The file's own shape: one entry an operation.
  const file = JSON.parse(readFileSync(new URL(`${vendor}.json`, folder), 'utf8')) as {
    readonly operations: Readonly<Record<string, { readonly body: object }>>
  }
  const schema = file.operations[operation]?.body
  if (schema === undefined) throw new Error(`${vendor} has no operation ${operation}`)
  const ajv = new Ajv({ strict: false, allErrors: true })
  const validate = ajv.compile({ ...closed(schema) })
  return validate(body) ? [] : (validate.errors ?? []).map(faultOf)
}

function faultOf({ instancePath, message, params }: ErrorObject): string {
  return `${instancePath} ${message} ${JSON.stringify(params)}`
}

/** The vendors leave objects open; a name that they do not have is a mistake of ours. */
function closed(schema: unknown): object {
  const walk = (part: unknown): unknown => {
    if (Array.isArray(part)) return part.map(walk)
    if (typeof part !== 'object' || part === null) return part
    const inner = Object.fromEntries(Object.entries(part).map(([key, value]) => [key, walk(value)]))
    return 'properties' in inner && !('additionalProperties' in inner)
      ? { ...inner, additionalProperties: false }
      : inner
  }
  return walk(schema) as object
}
