import { decodeBase64 } from './base64.ts'

/** A single value of a structured field (RFC 9651 §3.3), display strings aside. */
export type BareItem =
  | { readonly kind: 'string' | 'token'; readonly value: string }
  | { readonly kind: 'integer' | 'decimal' | 'date'; readonly value: number }
  | { readonly kind: 'bytes'; readonly value: Uint8Array<ArrayBuffer> }
  | { readonly kind: 'boolean'; readonly value: boolean }

/** What stands after an item or a list, by name. */
export type Parameters = ReadonlyMap<string, BareItem>

/** An item with its parameters. */
export interface StructuredItem {
  readonly item: BareItem
  readonly parameters: Parameters
}

/** A member of a dictionary: an item or an inner list, as it is written and taken apart. */
export type DictionaryMember = (StructuredItem | InnerList) & { readonly text: string }

/** Items in brackets, with parameters of their own. */
export interface InnerList {
  readonly items: readonly StructuredItem[]
  readonly parameters: Parameters
}

/** Longest field that is read, characters. */
const MAX_CHARACTERS = 16_384

/**
 * Parses a dictionary field (RFC 9651 §4.2.2), strictly. Of a repeated key the last value counts,
 * in the place of the first.
 *
 * @returns `null` when `text` is no dictionary
 */
export function parseDictionary(text: string): ReadonlyMap<string, DictionaryMember> | null {
  if (text.length > MAX_CHARACTERS) return null
  const source: Source = { text, at: 0 }
  try {
    return readDictionary(source)
  } catch (error) {
    if (error instanceof SyntaxError) return null
    throw error
  }
}

/** The text and how far it has been read. */
interface Source {
  readonly text: string
  at: number
}

function readDictionary(source: Source): ReadonlyMap<string, DictionaryMember> {
  const members = new Map<string, DictionaryMember>()
  take(source, / */y)
  while (source.at < source.text.length) {
    const key = readKey(source)
    const start = source.at + (source.text[source.at] === '=' ? 1 : 0)
    const member = readMember(source)
    members.set(key, { ...member, text: source.text.slice(start, source.at) })
    take(source, /[ \t]*/y)
    if (source.at === source.text.length) break
    take(source, /,[ \t]*/y)
    if (source.at === source.text.length) throw new SyntaxError('A comma ends the field')
  }
  return members
}

function readMember(source: Source): StructuredItem | InnerList {
  if (skip(source, '='))
    return source.text[source.at] === '(' ? readInnerList(source) : readItem(source)
  return { item: { kind: 'boolean', value: true }, parameters: readParameters(source) }
}

function readInnerList(source: Source): InnerList {
  const items: StructuredItem[] = []
  take(source, /\( */y)
  while (!skip(source, ')')) {
    items.push(readItem(source))
    const [gap] = take(source, / */y)
    if (gap === '' && source.text[source.at] !== ')')
      throw new SyntaxError('No space between items')
  }
  return { items, parameters: readParameters(source) }
}

function readItem(source: Source): StructuredItem {
  return { item: readBareItem(source), parameters: readParameters(source) }
}

function readParameters(source: Source): Parameters {
  const parameters = new Map<string, BareItem>()
  while (skip(source, ';')) {
    take(source, / */y)
    const key = readKey(source)
    const value: BareItem = skip(source, '=')
      ? readBareItem(source)
      : { kind: 'boolean', value: true }
    parameters.set(key, value)
  }
  return parameters
}

function readKey(source: Source): string {
  return take(source, /[a-z*][a-z0-9_.*-]*/y)[0]
}

function readBareItem(source: Source): BareItem {
  const first = source.text[source.at] ?? ''
  if (first === '"') {
    const [, escaped = ''] = take(source, /"((?:[ !#-[\]-~]|\\["\\])*)"/y)
    return { kind: 'string', value: escaped.replace(/\\(.)/g, '$1') }
  }
  if (first === '?') return { kind: 'boolean', value: take(source, /\?([01])/y)[1] === '1' }
  if (first === ':') {
    const value = decodeBase64(take(source, /:([A-Za-z0-9+/=]*):/y)[1] ?? '')
    if (value === null) throw new SyntaxError('Malformed bytes')
    return { kind: 'bytes', value }
  }
  if (first === '@')
    return { kind: 'date', value: Number(take(source, /@(-?\d{1,15})(?![\d.])/y)[1]) }
  if (/[-0-9]/.test(first)) {
    const [written] = take(source, /-?(?:\d{1,12}\.\d{1,3}(?![\d.])|\d{1,15}(?![\d.]))/y)
    return { kind: written.includes('.') ? 'decimal' : 'integer', value: Number(written) }
  }
  return { kind: 'token', value: take(source, /[A-Za-z*][\w!#$%&'*+\-.^`|~:/]*/y)[0] }
}

function skip(source: Source, character: string): boolean {
  const found = source.text[source.at] === character
  if (found) source.at++
  return found
}

/** Reads what a sticky pattern matches here. */
function take(source: Source, pattern: RegExp): RegExpExecArray {
  pattern.lastIndex = source.at
  const match = pattern.exec(source.text)
  if (match === null) throw new SyntaxError('Unexpected character')
  source.at = pattern.lastIndex
  return match
}
