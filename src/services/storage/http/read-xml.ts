import { StorageError } from '../storage-error.ts'

const ENTITIES: Readonly<Record<string, string>> = {
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  amp: '&',
}

/** @returns What stands in the first `<tag>` of `xml`, or `null` when there is none */
export function xmlValue(xml: string, tag: string): string | null {
  const match = new RegExp(`<${tag}(?:\\s[^>]*)?(?:/>|>([^<]*)</${tag}>)`).exec(xml)
  return match === null ? null : decodeXml(match[1] ?? '')
}

/** @returns What stands between each `<tag>` of `xml` and its end, as XML */
export function xmlElements(xml: string, tag: string): readonly string[] {
  const pattern = new RegExp(`<${tag}(?:\\s[^>]*)?>(.*?)</${tag}>`, 'gs')
  return Array.from(xml.matchAll(pattern), (match) => match[1] ?? '')
}

/**
 * What is cut off, or a proxy's own page, would pass for a listing of nothing.
 *
 * @returns `xml`, which is one `<tag>` to its end
 * @throws StorageError `unavailable` when it is not
 */
export function wholeXml(xml: string, tag: string): string {
  if (new RegExp(`<${tag}(?:\\s[^>]*)?(?:/>|>.*</${tag}>)\\s*$`, 's').test(xml)) return xml
  throw new StorageError('unavailable', 'Cannot use store: its answer is not whole')
}

/** @returns Text as it may stand in an element */
export function encodeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

/** Each entity once: what one stands for is no beginning of another. */
function decodeXml(text: string): string {
  if (!text.includes('&')) return text
  return text.replace(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|(\w+));/gi, (whole, decimal, hex, name) => {
    if (name !== undefined) return ENTITIES[String(name)] ?? whole
    const point = decimal === undefined ? Number.parseInt(String(hex), 16) : Number(decimal)
    return point <= 0x10ffff ? String.fromCodePoint(point) : whole
  })
}
