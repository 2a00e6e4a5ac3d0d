/** One attribute of a tag, as a browser reads it. */
export interface TagAttribute {
  /** In lower case. */
  readonly name: string
  /** As it is written, without quotes; empty where there is none. */
  readonly value: string
  /** Where the value stands in the tag, its quotes with it. */
  readonly start: number
  readonly end: number
}

/**
 * A whole tag. An open bracket ends it: what looks like tags without an end would otherwise be
 * searched anew from each.
 */
const TAG = /<(\/?)([a-z][a-z0-9]*)\b((?:[^<>"']|"[^"]*"|'[^']*')*)>/gi

const ATTRIBUTE = /\s([^\s"'<>/=]+)(?:\s*=\s*("[^"]*"|'[^']*'|[^\s"'>]+))?/g

/** @returns Each tag with its slash, its name and what stands behind that */
export function tagsIn(html: string): IterableIterator<RegExpExecArray> {
  return html.matchAll(TAG)
}

/**
 * Reads the attributes of a tag, or of what stands in it behind its name. What looks like an
 * attribute inside the quotes of another is none.
 *
 * @returns The first of each name, as browsers take it
 */
export function tagAttributes(tag: string): ReadonlyMap<string, TagAttribute> {
  const attributes = new Map<string, TagAttribute>()
  for (const match of tag.matchAll(ATTRIBUTE)) {
    const [whole, written = '', value = ''] = match
    const name = written.toLowerCase()
    if (attributes.has(name)) continue
    const end = match.index + whole.length
    const isQuoted = /^["']/.test(value)
    attributes.set(name, {
      name,
      value: isQuoted ? value.slice(1, -1) : value,
      start: end - value.length,
      end,
    })
  }
  return attributes
}
