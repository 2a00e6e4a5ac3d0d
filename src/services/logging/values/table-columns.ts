import type { NameRule, ValueRules } from './value-rules.ts'

/** What the values of a row are, in its order; `undefined` where only they can say. */
export type Columns = readonly (NameRule | undefined)[]

const HEADS =
  /^(?:columns?|column_?names|cols|fields?|field_?names|headers?|header_?row|names|keys|labels|schema|attributes)$/i
const ROWS = /^(?:rows?|values|data|records|items|tuples|results?|entries|lines|body|cells)$/i
/** Of a column that is described, what says its name. */
const NAMES = ['name', 'field', 'key', 'column', 'columnName', 'title', 'label', 'header']
/** A name is short, and no number. */
const NAME = /^[A-Za-z_][\w .'#/-]{0,60}$/
const MAX_COLUMNS = 1000

/**
 * Of an object such as `{ columns: ['id', 'ssn'], rows: [[1, '…']] }`, its rows and what stands in
 * their columns; `undefined` where it is none, or no column has a name that matters.
 */
export function tableOf(
  value: object,
  properties: readonly string[],
  rules: ValueRules,
): { readonly rows: readonly unknown[]; readonly columns: Columns } | undefined {
  const head = properties.find((property) => HEADS.test(property))
  if (head === undefined) return undefined
  const heads = ownList(value, head)
  if (heads === undefined || heads.length > MAX_COLUMNS) return undefined
  for (const property of properties) {
    const rows = property !== head && ROWS.test(property) ? ownList(value, property) : undefined
    if (rows === undefined || rows.length === 0) continue
    const isOneRow = !rows.some((row) => typeof row === 'object' && row !== null)
    if (isOneRow && rows.length !== heads.length) continue
    const columns = namedColumns(heads, rules)
    if (columns !== undefined) return { rows, columns }
  }
  return undefined
}

/** Of a list of rows whose first one has the names, as `[['id', 'ssn'], [1, '…']]`. */
export function columnsOf(list: readonly unknown[], rules: ValueRules): Columns | undefined {
  const [head, first] = list
  if (!isRow(head) || !isRow(first) || head.length < 2 || head.length > MAX_COLUMNS)
    return undefined
  if (head.length !== first.length || !head.every(isName)) return undefined
  // Two and two may also be names and their values.
  if (head.length === 2 && (isName(first[0]) || rules.under(String(head[0])) !== undefined))
    return undefined
  return namedColumns(head, rules)
}

export function isRow(row: unknown): row is readonly unknown[] {
  return Array.isArray(row)
}

function isName(item: unknown): boolean {
  return typeof item === 'string' && NAME.test(item)
}

/** Reads it without calling a getter. */
function ownList(value: object, property: string): readonly unknown[] | undefined {
  const item: unknown = Object.getOwnPropertyDescriptor(value, property)?.value
  return isRow(item) ? item : undefined
}

function namedColumns(heads: readonly unknown[], rules: ValueRules): Columns | undefined {
  const columns = heads.map((head) => {
    const name = nameOf(head)
    const rule = name === undefined ? undefined : rules.under(name)
    return rule?.kind === 'leave' ? undefined : rule
  })
  return columns.some((rule) => rule !== undefined) ? columns : undefined
}

function nameOf(head: unknown): string | undefined {
  if (typeof head === 'string') return head
  if (typeof head !== 'object' || head === null) return undefined
  for (const property of NAMES) {
    const name: unknown = Object.getOwnPropertyDescriptor(head, property)?.value
    if (typeof name === 'string') return name
  }
  return undefined
}
