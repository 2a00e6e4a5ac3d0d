import { lazily } from '../../../primitives/lazily.ts'
import { CUT, plainValue } from '../values/plain-value.ts'
import type { NameRule, PathStep, ValueRules } from '../values/value-rules.ts'
import { markOf } from './character-kinds.ts'
import { isCardNumber } from './check-digits.ts'
import { createNames } from './names.ts'
import { codeRules, numberRules } from './number-rules.ts'
import { hipaaRules, zipRule } from './personal-rules.ts'
import { createReplace, type Replace } from './redaction-mode.ts'
import type { Redaction, Redactor } from './redactor.ts'
import { checkRedactorOptions, type RedactorOptions } from './redactor-options.ts'
import { beginsJson, replaceSpans } from './replace-spans.ts'
import { searchText, type TextSearch } from './search-text.ts'
import { secretRules, writtenRules } from './secret-rules.ts'
import type { TextRule } from './text-rule.ts'

const MAX_HARMLESS = 2000
const LONGEST_HARMLESS = 128
/** A value that begins before the limit and ends after it is found whole. */
const BEYOND_LIMIT = 1024
/** Of JSON in a text, which has limits of its own. */
const JSON_LIMITS = { maxDepth: 1000, maxValues: 1e6, maxTextLength: 2 ** 20 }

/**
 * Makes copies of texts and values without secrets and personal data. Everything is found on the
 * text as it came, in linear time; numbers by their check digits or by words and names beside them,
 * so that ids, times, versions and prices stay.
 *
 * @throws TypeError when an option is of another kind or name
 * @throws RangeError when a limit is out of range
 * @example
 * ```ts
 * const redactor = createRedactor({ preset: 'hipaa', keys: ['internalNote'], allow: ['orderId'] })
 * redactor.object({ mrn: 'A123456', orderId: 42 }) // { mrn: '[MRN]', orderId: 42 }
 * ```
 */
export function createRedactor(options: RedactorOptions = {}): Redactor {
  const limits = checkRedactorOptions(options)
  const replace = createReplace(options)
  const { keys = [], allow = [] } = options
  const hipaa = options.preset === 'hipaa'
  const except = new Set(options.except)
  // Its tables take some milliseconds, which no start should wait for.
  const search = lazily(() => {
    const rules = [
      ...secretRules,
      ...writtenRules,
      ...(hipaa ? hipaaRules : []),
      ...Object.entries(options.patterns ?? {}).map(ruleOf),
    ]
    const triggers = ['insert', ...rules.flatMap(({ words = [] }) => words)]
    return {
      rules,
      marksOfRules: rules.map(({ needs }) => (needs === '' ? 0 : markOf(needs))),
      onlySecrets: rules.length === secretRules.length + writtenRules.length,
      numbers: [...numberRules, zipRule],
      letters: codeRules,
      names: createNames({ hipaa, keys, allow, except, triggers }),
      except,
    }
  })
  const redaction = lazily(() => new RedactionRules(search(), replace))
  return {
    text(text) {
      if (typeof text === 'string') return redaction().text(text, [], limits.maxTextLength, '')
      throw new TypeError(`Cannot redact text: a ${typeof text} was given, a string expected`)
    },
    object: (value) => plainValue(value, limits, redaction()),
    explain(value) {
      const found: Redaction[] = []
      plainValue(value, limits, new RedactionRules(search(), replace, found))
      return found
    },
  }
}

/** Under such a name digits in groups are no telephone number. */
const ORDER =
  /(?:order|invoice|ticket|sku|part|item|tracking|receipt|booking|transaction)[_ -]?(?:no|num|number|nr|id|ref|reference)$/i
/** A value beside its name, or rows of them. */
const PAIR =
  /"(?:value|val|values|content|v|newValue|oldValue|stringValue|answer|rows?|data|records|tuples|results?)"\s*:|\[\s*\[/i

/** `undefined` for what is no JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** A copy of its own: `lastIndex` is the caller's, and only with `g` all is found. */
function ruleOf([rule, { source, flags }]: [string, RegExp]): TextRule {
  return { rule, needs: '', pattern: new RegExp(source, `${flags.replace(/[gy]/g, '')}g`) }
}

class RedactionRules implements ValueRules {
  readonly #search: TextSearch
  readonly #versions: TextSearch
  readonly #orders: TextSearch
  readonly #replace: Replace
  readonly #found: Redaction[] | undefined
  /** Names that say nothing, as most. */
  readonly #harmless = new Set<string>()

  constructor(search: TextSearch, replace: Replace, found?: Redaction[]) {
    this.#search = search
    // Under such a name 1.2.3.4 is no address.
    this.#versions = { ...search, except: new Set([...search.except, 'ip']) }
    this.#orders = { ...search, except: new Set([...search.except, 'phone']) }
    this.#replace = replace
    this.#found = found
  }

  under(name: string): NameRule | undefined {
    return name === '' ? undefined : this.#search.names.under(name)
  }

  text(text: string, path: readonly PathStep[], maxLength: number, name: string): string {
    const cut = text.length > maxLength ? CUT : ''
    const seen = cut === '' ? text : text.slice(0, maxLength + BEYOND_LIMIT)
    const isVersion = name.length > 4 && /(?:version|build|release)$/i.test(name)
    const search = isVersion
      ? this.#versions
      : name.length > 4 && ORDER.test(name)
        ? this.#orders
        : this.#search
    const spans = searchText(seen, search)
    if (spans.length === 0)
      return cut === '' ? this.#withPairs(text) : text.slice(0, maxLength) + cut
    if (this.#found !== undefined)
      for (const { rule, start, end } of spans)
        if (start < maxLength) this.#found.push({ path: [...path], rule, start, end })
    const shown = replaceSpans(seen, spans, maxLength, this.#replace) + cut
    return this.#found === undefined && cut === '' ? this.#asJson(text, shown) : shown
  }

  /** Of JSON, `{ "name": "password", "type": "…", "value": "…" }` in whatever order. */
  #withPairs(text: string): string {
    if (this.#found !== undefined || !beginsJson(text) || !PAIR.test(text)) return text
    const value = parsed(text)
    if (value === undefined) return text
    const before = JSON.stringify(value)
    const after = JSON.stringify(plainValue(value, JSON_LIMITS, this))
    return after === before ? text : after
  }

  /** What was JSON stays JSON, also where a name in it looks like the end of a text. */
  #asJson(text: string, shown: string): string {
    if (!beginsJson(text)) return shown
    if (parsed(shown) !== undefined) return this.#withPairs(shown)
    const value = parsed(text)
    return value === undefined ? shown : JSON.stringify(plainValue(value, JSON_LIMITS, this))
  }

  showsName(name: string): boolean {
    if (name.length < 6 || this.#harmless.has(name) || !/[^A-Za-z_-]/.test(name)) return true
    if (searchText(name, this.#search).length > 0) return false
    if (this.#harmless.size >= MAX_HARMLESS) this.#harmless.clear()
    if (name.length <= LONGEST_HARMLESS) this.#harmless.add(name)
    return true
  }

  number(value: number | bigint, path: readonly PathStep[]): number | string {
    const same = typeof value === 'number' ? value : String(value)
    if (value < 1e12 || this.#search.except.has('card') || !isCardNumber(String(value))) return same
    return this.hide(String(value), { rule: 'card' }, path) ?? '[CARD]'
  }

  hide(
    value: string,
    { rule }: Pick<NameRule, 'rule'>,
    path: readonly PathStep[],
  ): string | undefined {
    this.#found?.push({ path: [...path], rule, start: 0, end: value.length })
    return this.#replace(value, rule)
  }
}
