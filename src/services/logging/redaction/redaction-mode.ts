/**
 * What stands in the place of a hidden value. `mask`: what it was, as `[EMAIL]`. `remove`: nothing.
 * `hash`: what it was and the option `hash` of it, as `[EMAIL:bded63a7c65fcbf7]`. `tokenise`: what
 * it was and a number, the same for the same value of this redactor, as `[EMAIL_1]`.
 */
export type RedactionMode = 'mask' | 'remove' | 'hash' | 'tokenise'

/** Replaces one value that a rule has found. `undefined` leaves it out. */
export type Replace = (value: string, rule: string) => string | undefined

/** What {@link createReplace} goes by. */
export interface ReplaceOptions {
  /** Default `mask`. */
  readonly mode?: RedactionMode
  /** Makes the text of `hash`: `hmacHash(secret)`. */
  readonly hash?: (value: string) => string
  /**
   * Hears each new token of `tokenise` and what it stands for: whoever keeps them can undo them.
   */
  readonly onToken?: (token: string, value: string) => void
}

/** Values that `tokenise` knows at most; then it begins anew. */
const MAX_TOKENS = 10_000

/** @throws TypeError when there is no such mode, or `hash` is missing */
export function createReplace({ mode = 'mask', hash, onToken }: ReplaceOptions): Replace {
  const tokens = new Map<string, string>()
  const modes: Readonly<Record<RedactionMode, Replace>> = {
    mask: (value, rule) => (rule === 'zip' ? zip3(value) : maskOf(rule)),
    remove: () => undefined,
    hash: (value, rule) => `[${labelOf(rule)}:${hash?.(value)}]`,
    tokenise(value, rule) {
      let token = tokens.get(value)
      if (token !== undefined) return token
      if (tokens.size >= MAX_TOKENS) tokens.clear()
      token = `[${labelOf(rule)}_${tokens.size + 1}]`
      tokens.set(value, token)
      onToken?.(token, value)
      return token
    },
  }
  if (!Object.hasOwn(modes, mode))
    throw new TypeError(
      `Cannot create redactor: mode is ${JSON.stringify(mode)}, ${Object.keys(modes).join(', ')} expected`,
    )
  if (mode === 'hash' && typeof hash !== 'function')
    throw new TypeError(
      'Cannot create redactor: mode is "hash" without hash, hmacHash(secret) expected',
    )
  return modes[mode]
}

const labels = new Map<string, string>([['secret', 'REDACTED']])
const MAX_LABELS = 500

/** Rules are few; those of a caller may have any name. */
function labelOf(rule: string): string {
  let label = labels.get(rule)
  if (label === undefined) {
    label = rule.toUpperCase()
    if (labels.size < MAX_LABELS) labels.set(rule, label)
  }
  return label
}

const masks = new Map<string, string>()

function maskOf(rule: string): string {
  let mask = masks.get(rule)
  if (mask === undefined) {
    mask = `[${labelOf(rule)}]`
    if (masks.size < MAX_LABELS) masks.set(rule, mask)
  }
  return mask
}

/** Areas of 20,000 people or fewer, which Safe Harbor wants written as 000 (census of 2000). */
const SMALL_AREA = /^(?:036|059|063|102|203|556|692|790|821|823|830|831|878|879|884|890|893)/

/** The first three digits of a ZIP code may be shown (45 CFR 164.514(b)(2)(i)(B)). */
function zip3(value: string): string {
  if (!/^\d{5}(?:-\d{4})?$/.test(value)) return '[ZIP]'
  return `${SMALL_AREA.test(value) ? '000' : value.slice(0, 3)}**`
}
