import type { ValueRules } from './value-rules.ts'

/** In all cases that programs write names in. */
const cased = (names: string): readonly string[] =>
  names.split(',').flatMap((name) => {
    const first = name.slice(0, 1).toUpperCase()
    return [name, first + name.slice(1), name.toUpperCase()]
  })
const NAMES = /* @__PURE__ */ cased(
  'name,key,header,field,param,parameter,property,attribute,k,label,title,question,type,system,code,id,path',
)
/** The first of them that an object has says most. */
const RANKS: ReadonlyMap<string, number> = /* @__PURE__ */ new Map(
  NAMES.map((name, rank) => [name, rank]),
)
/** These may also say what is counted: of a person they say a text or a long number. */
const VAGUE: ReadonlySet<string> = /* @__PURE__ */ new Set(
  cased('label,title,question,type,system,code,id,path'),
)
/** Under these stands the value of a name that stands beside it. */
export const VALUE_NAMES: readonly string[] = /* @__PURE__ */ cased(
  'value,val,values,content,v,newValue,oldValue,stringValue,answer',
)
const VALUES: ReadonlySet<string> = /* @__PURE__ */ new Set(VALUE_NAMES)
const LEAST_LONG = 1e6

/** A name that an object tells, and which of its properties are the value. */
export interface PairedName {
  readonly name: string
  says(property: string, item: unknown): boolean
}

/**
 * A list under such a name holds names and values in turn, as Node's `rawHeaders` and `argv` do.
 */
const ALTERNATING = /(?:headers?|argv?|args|arguments|params|pairs)$/i

/** @returns The name that an object such as `{ name: 'password', value: '…' }` tells */
export function pairedName(
  value: object,
  properties: readonly string[],
  rules: ValueRules,
): PairedName | undefined {
  if (!properties.some((property) => VALUES.has(property))) return undefined
  let first: PairedName | undefined
  const told = properties.filter((property) => RANKS.has(property))
  if (told.length > 1) told.sort((a, b) => (RANKS.get(a) ?? 0) - (RANKS.get(b) ?? 0))
  for (const property of told) {
    // Read once more when it is copied; a getter that throws here is named there.
    const name: unknown = Object.getOwnPropertyDescriptor(value, property)?.value
    if (typeof name !== 'string') continue
    const isVague = VAGUE.has(property)
    const says = (of: string, item: unknown): boolean =>
      VALUES.has(of) && !(isVague && typeof item === 'number' && item < LEAST_LONG)
    const rule = rules.under(name)
    if (rule !== undefined) {
      // A PIN is short, and still one.
      return rule.kind === 'secret' ? { name, says: (of) => VALUES.has(of) } : { name, says }
    }
    if (!isVague) first ??= { name, says }
  }
  return first
}

/**
 * Whether a list holds names before their values: `['password', '…']` within a list of such pairs,
 * names and values in turn under a name like `rawHeaders`, or arguments such as `--password`.
 */
export function isPairList(
  list: readonly unknown[],
  name: string,
  parent: object | undefined,
  rules: ValueRules,
): boolean {
  const [first, second] = list
  if (typeof first !== 'string' || list.length < 2) return false
  if (list.some((item) => typeof item === 'string' && item.startsWith('--'))) return true
  if (list.length % 2 === 0 && ALTERNATING.test(name)) return true
  if (list.length !== 2) return false
  if (Array.isArray(parent)) return true
  // Alone it may be a list of names: ['password', 'token'] are two.
  const isName = typeof second === 'string' && rules.under(second) !== undefined
  return !isName && rules.under(first)?.kind === 'secret'
}

/** @returns The name that the value at `at` stands under */
export function namedBefore(list: readonly unknown[], at: number): string | undefined {
  const before: unknown = list[at - 1]
  if (typeof before !== 'string' || before.length > 100) return undefined
  if (before.startsWith('-')) return String(list[at]).startsWith('--') ? undefined : before
  return at % 2 === 1 ? before : undefined
}
