import type { Json } from '../ports/json.ts'

/** A JSON object: what a record that a store gives back is narrowed to first. */
export interface JsonObject {
  readonly [key: string]: Json
}

export function isJsonObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
