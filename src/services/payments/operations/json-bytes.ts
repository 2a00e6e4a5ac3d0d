import { utf8Length } from '../../../primitives/utf8.ts'
import type { Json } from '../../../runtime/ports/json.ts'

/** How long a value is as JSON, in UTF-8 bytes. */
export function jsonBytes(value: Json): number {
  return utf8Length(JSON.stringify(value) ?? '')
}
