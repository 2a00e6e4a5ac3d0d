import type { ValueRules } from './value-rules.ts'

const NAMES = ['name', 'key', 'header', 'field', 'param', 'parameter', 'property', 'attribute', 'k']
/** Under these stands the value of a name that stands beside it. */
export const VALUE_NAMES: readonly string[] = ['value', 'val', 'values', 'content', 'v']

/**
 * A list under such a name holds names and values in turn, as Node's `rawHeaders` and `argv` do.
 */
const ALTERNATING = /(?:headers?|argv?|args|arguments|params|pairs)$/i

/**
 * @returns The name that an object such as `{ name: 'password', value: '…' }` tells, and where its
 *   value stands
 */
export function pairedName(value: object): { name: string; valueName: string } | undefined {
  const valueName = VALUE_NAMES.find((name) => Object.hasOwn(value, name))
  if (valueName === undefined) return undefined
  for (const nameName of NAMES) {
    // Read once more when it is copied; a getter that throws here is named there.
    const name: unknown = Object.getOwnPropertyDescriptor(value, nameName)?.value
    if (typeof name === 'string' && nameName !== valueName) return { name, valueName }
  }
  return undefined
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
