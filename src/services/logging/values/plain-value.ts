import { isInstance } from '../../../primitives/read-thrown.ts'
import { readErrorFields } from './error-fields.ts'
import { readKnownObject } from './known-object.ts'
import { isPairList, namedBefore, pairedName, VALUE_NAMES } from './name-value-pairs.ts'
import { columnsOf, isRow, tableOf, type Columns } from './table-columns.ts'
import type { NameRule, PathStep, PlainLimits, ValueRules } from './value-rules.ts'

/**
 * Copies any value as plain data that JSON carries: texts, finite numbers, booleans, null, lists
 * and objects. It calls no setter, changes nothing and never throws: what cannot be read is named
 * instead.
 *
 * @param rules What must not be shown. Default: everything is
 */
export function plainValue(value: unknown, limits: PlainLimits, rules?: ValueRules): unknown {
  const flat = flatCopy(value, limits, rules)
  if (flat !== undefined) return flat
  return new PlainCopy(limits, rules).copy(value, undefined, '')
}

/** What most lines have: an object of texts, numbers and the like, which needs no more care. */
function flatCopy(
  value: unknown,
  limits: PlainLimits,
  rules: ValueRules | undefined,
): Readonly<Record<string, unknown>> | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  try {
    if (Object.getPrototypeOf(value) !== Object.prototype) return undefined
    const copy = { ...(value as Readonly<Record<string, unknown>>) }
    let left = limits.maxValues
    for (const name in copy)
      if (--left <= 0 || !isFlat(copy[name], limits) || !tellsNothing(name, limits, rules))
        return undefined
    if (rules === undefined) return copy
    for (const name in copy) {
      const item = copy[name]
      if (typeof item === 'string') {
        const shown = rules.text(item, [name], limits.maxTextLength, name)
        if (shown !== item) copy[name] = shown.toWellFormed()
      } else if (typeof item === 'number' && item >= LEAST_HIDDEN) {
        copy[name] = rules.number(item, [name])
      }
    }
    return copy
  } catch {
    // A getter threw: only its own value is lost.
    return undefined
  }
}

/** Smaller numbers are none that a rule hides. */
const LEAST_HIDDEN = 1e9

function isFlat(item: unknown, { maxTextLength }: PlainLimits): boolean {
  if (typeof item === 'string') return item.length <= maxTextLength && item.isWellFormed()
  if (typeof item === 'number') return Number.isFinite(item)
  return typeof item === 'boolean' || item === null
}

/** Whether a name can be shown, and its value for itself says what it is. */
function tellsNothing(
  name: string,
  { maxTextLength }: PlainLimits,
  rules: ValueRules | undefined,
): boolean {
  if (name.length > maxTextLength || !name.isWellFormed()) return false
  if (rules === undefined) return true
  return !PAIRED.has(name) && rules.under(name) === undefined && rules.showsName(name)
}

/** These say what another value is, or go by another. */
const PAIRED: ReadonlySet<string> = /* @__PURE__ */ new Set([...VALUE_NAMES, 'name', 'pass'])

/** A copy in the making. */
class PlainCopy {
  readonly #limits: PlainLimits
  #rules: ValueRules | undefined
  #left: number
  readonly #above: object[] = []
  readonly #path: PathStep[] = []
  /** Of rows of a table, what their values are. */
  readonly #columns = new Map<object, Columns>()

  constructor(limits: PlainLimits, rules: ValueRules | undefined) {
    this.#limits = limits
    this.#rules = rules
    this.#left = limits.maxValues
  }

  /** @param name What the value stands under; lists hand on their own */
  copy(value: unknown, rule: NameRule | undefined, name: string): unknown {
    this.#left--
    switch (typeof value) {
      case 'string':
        return this.#text(value, rule, name)
      case 'number':
        if (!Number.isFinite(value)) return String(value)
        if (rule !== undefined && rule.onlyTexts !== true) return this.#hidden(String(value), rule)
        return this.#rules === undefined ? value : this.#rules.number(value, this.#path)
      case 'bigint':
        if (rule !== undefined) return this.#hidden(String(value), rule)
        return this.#rules === undefined
          ? String(value)
          : String(this.#rules.number(value, this.#path))
      case 'boolean':
      case 'undefined':
        return value
      case 'symbol':
        return this.#text(String(value), rule, name)
      case 'function':
        return '[Function]'
      case 'object':
        return value === null ? null : this.#object(value, rule, name)
    }
  }

  /** Receivers of JSON refuse half a character, and with it all that comes along. */
  #text(text: string, rule: NameRule | undefined, name: string): string | undefined {
    if (rule !== undefined) return this.#hidden(text, rule)
    const { maxTextLength } = this.#limits
    const shown =
      this.#rules?.text(text, this.#path, maxTextLength, name) ??
      (text.length > maxTextLength ? `${text.slice(0, maxTextLength)}${CUT}` : text)
    return shown.toWellFormed()
  }

  #hidden(text: string, rule: NameRule): string | undefined {
    return text === '' ? text : this.#rules?.hide(text, rule, this.#path)
  }

  #object(value: object, rule: NameRule | undefined, name: string): unknown {
    if (this.#above.includes(value)) return '[Circular]'
    if (this.#above.length >= this.#limits.maxDepth) return '[Too deep]'
    if (this.#left < 0) return '[Too much]'
    this.#above.push(value)
    const depth = this.#path.length
    try {
      return this.#fields(value, rule, name)
    } catch {
      return '[Unreadable]'
    } finally {
      this.#above.pop()
      this.#path.length = depth
    }
  }

  #fields(value: object, rule: NameRule | undefined, name: string): unknown {
    if (Array.isArray(value)) return this.#list(value, rule, name)
    const prototype: unknown = Object.getPrototypeOf(value)
    if (prototype !== Object.prototype && prototype !== null) {
      if (isInstance(value, Error)) return this.#entries(readErrorFields(value), rule)
      const known = readKnownObject(value)
      if (known !== undefined) {
        if ('text' in known) return this.#text(known.text, rule, name)
        if ('mark' in known) return rule === undefined ? known.mark : this.#hidden(known.mark, rule)
        if ('items' in known) return this.#list(this.#taken(known.items), rule, name)
        return this.#pairs(this.#taken(known.entries), rule)
      }
    }
    // Any object may bring one, JSON.stringify would call it too.
    const { toJSON } = value as { readonly toJSON?: unknown }
    if (typeof toJSON === 'function') {
      const said: unknown = Reflect.apply(toJSON, value, [name])
      return said === value ? this.#own(value, rule) : this.copy(said, rule, name)
    }
    return this.#own(value, rule)
  }

  /** No more than can be copied: what it comes from may have no end. */
  #taken<Item>(items: Iterable<Item>): Item[] {
    const taken: Item[] = []
    for (const item of items) if (taken.push(item) > this.#left) break
    return taken
  }

  /** Entries of a Map, headers or a form: an object where all names are texts. */
  #pairs(pairs: readonly (readonly [unknown, unknown])[], rule: NameRule | undefined): unknown {
    if (!pairs.every(([name]) => typeof name === 'string')) return this.#list(pairs, rule, '')
    return this.#entries(pairs as readonly (readonly [string, unknown])[], rule)
  }

  #own(value: object, above: NameRule | undefined): Record<string, unknown> {
    const copy: Record<string, unknown> = {}
    const rule = above?.shallow === true ? undefined : above
    const names = Object.keys(value)
    const paired = this.#rules === undefined ? undefined : pairedName(value, names, this.#rules)
    const table = this.#rules === undefined ? undefined : tableOf(value, names, this.#rules)
    if (table !== undefined) this.#setColumns(table.rows, table.columns)
    for (const name of names) {
      if (this.#left <= 0) {
        copy['…'] = '[Too much]'
        break
      }
      let item: unknown
      try {
        // Reads a property by the name it has.
        item = (value as Record<string, unknown>)[name]
      } catch {
        item = '[Unreadable]'
      }
      const isPersons = name === 'name' && this.#describePerson(names)
      const meaning = isPersons
        ? 'full name'
        : paired?.says(name, item) === true
          ? paired.name
          : name
      this.#add(copy, name, item, rule, meaning)
    }
    return copy
  }

  /** What has a birthday or a telephone is a person, and its `name` a person's. */
  #describePerson(names: readonly string[]): boolean {
    return names.some((name) => this.#rules?.under(name)?.kind === 'personal')
  }

  #entries(
    entries: Iterable<readonly [string, unknown]>,
    rule: NameRule | undefined,
  ): Record<string, unknown> {
    const copy: Record<string, unknown> = {}
    for (const [name, item] of entries) {
      if (this.#left <= 0) {
        copy['…'] = '[Too much]'
        break
      }
      this.#add(copy, name, item, rule, name)
    }
    return copy
  }

  /**
   * @param meaning The name that says what the value is; another than its own in `{ name:
   *   'password', value }`
   */
  #add(
    copy: Record<string, unknown>,
    name: string,
    item: unknown,
    above: NameRule | undefined,
    meaning: string,
  ): void {
    const rules = this.#rules
    if (rules === undefined) {
      setOwn(copy, name, this.copy(item, undefined, name))
      return
    }
    this.#path.push(name)
    const own = above?.kind === 'secret' ? above : rules.under(meaning)
    if (own?.kind === 'leave') {
      this.#rules = undefined
      setOwn(copy, name, this.copy(item, undefined, name))
      this.#rules = rules
    } else {
      const rule = own ?? (above !== undefined && TELLS_NOTHING.test(name) ? undefined : above)
      const plain = this.copy(item, rule, meaning)
      if (plain !== undefined) setOwn(copy, this.#shownName(copy, name), plain)
    }
    this.#path.pop()
  }

  /** A name may itself be what must not be shown, as in a table of people by their e-mail. */
  #shownName(copy: Record<string, unknown>, name: string): string {
    const { maxTextLength } = this.#limits
    if (this.#rules === undefined || name.length < 6 || !/[^A-Za-z_-]/.test(name)) return name
    if (name.length <= maxTextLength && this.#rules.showsName(name)) return name
    const shown = this.#rules.text(name, this.#path, maxTextLength, '')
    if (shown === name || !Object.hasOwn(copy, shown)) return shown
    let number = 2
    while (Object.hasOwn(copy, `${shown} ${number}`)) number++
    return `${shown} ${number}`
  }

  /** The rows of a table follow, or its one row. */
  #setColumns(rows: readonly unknown[], columns: Columns): void {
    if (!rows.some((row) => Array.isArray(row))) this.#columns.set(rows, columns)
    else for (const row of rows) if (Array.isArray(row)) this.#columns.set(row, columns)
  }

  #list(list: readonly unknown[], rule: NameRule | undefined, name: string): unknown[] {
    const copy: unknown[] = []
    const rules = this.#rules
    const columns = this.#columns.get(list)
    const paired = rules !== undefined && rule === undefined && columns === undefined
    const pairs = paired && isPairList(list, name, this.#above.at(-2), rules)
    const heads = paired ? columnsOf(list, rules) : undefined
    if (heads !== undefined) {
      this.#setColumns(list.slice(1), heads)
      // What is a name, and no value.
      if (isRow(list[0])) this.#columns.set(list[0], [])
    }
    for (let at = 0; at < list.length; at++) {
      if (this.#left <= 0) {
        copy.push('[Too much]')
        break
      }
      const item: unknown = list[at]
      const before = pairs ? namedBefore(list, at) : undefined
      const own = columns?.[at] ?? (before === undefined ? rule : (rules?.under(before) ?? rule))
      this.#path.push(at)
      const plain = this.copy(item, own?.kind === 'leave' ? rule : own, before ?? name)
      this.#path.pop()
      // A place in a list cannot be left out, or the others would move.
      copy.push(plain === undefined ? null : plain)
    }
    return copy
  }
}

/** What ends a text that was too long. */
export const CUT = '…[cut]'

/** Beneath a name such as `email` or `address` these say what it is, not whose. */
const TELLS_NOTHING =
  /^(?:type|kind|status|state|provider|template|country|country_?code|label|verified|primary|format|version|count|enabled|locale|lang|language|currency|brand)$/i

/** Sets a property whatever its name: by assignment `__proto__` would set the prototype. */
function setOwn(target: Record<string, unknown>, name: string, value: unknown): void {
  if (name === '__proto__')
    Object.defineProperty(target, name, {
      value,
      enumerable: true,
      writable: true,
      configurable: true,
    })
  else target[name.toWellFormed()] = value
}
