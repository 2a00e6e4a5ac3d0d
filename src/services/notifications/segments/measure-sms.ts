import type { SmsSegments } from './sms-segments.ts'
import { splitCharacters } from './split-characters.ts'

/** The default alphabet of 3GPP TS 23.038, and what takes two septets in it. */
const BASIC =
  '\n\r !"#$%&\'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz¡£¤¥§¿ÄÅÆÇÉÑÖØÜßàäåæèéìñòöøùüΓΔΘΛΞΠΣΦΨΩ'
const EXTENDED = '\f[\\]^{|}~€'

/** Bits of one message, and of the header that says which part of how many it is. */
const SEGMENT_BITS = 1120
const HEADER_BITS = 48

/** What `countSmsSegments` answers. */
export function measureSms(text: string): SmsSegments {
  const gsm = isGsm(text)
  const sizes = gsm
    ? Array.from(text, (character) => (EXTENDED.includes(character) ? 2 : 1))
    : splitCharacters(text).map(({ length }) => length)
  const unitBits = gsm ? 7 : 16
  const whole = Math.floor(SEGMENT_BITS / unitBits)
  const part = Math.floor((SEGMENT_BITS - HEADER_BITS) / unitBits)
  const units = sizes.reduce((sum, size) => sum + size, 0)
  const encoding = gsm ? 'GSM-7' : 'UCS-2'
  if (units <= whole) return { encoding, segments: 1, units, unitsLeft: whole - units }
  const { segments, used } = fill(sizes, whole, part)
  return { encoding, segments, units, unitsLeft: Math.max(part - used, 0) }
}

/**
 * Fills one segment after another. The first has room for its header only once it turns out that
 * there is a second; what it then gives up goes there together with what did not fit.
 */
function fill(
  sizes: readonly number[],
  whole: number,
  part: number,
): { readonly segments: number; readonly used: number } {
  let segments = 1
  let used = 0
  for (const [index, size] of sizes.entries()) {
    const first = segments === 1
    if (used + size <= (first ? whole : part)) {
      used += size
      continue
    }
    segments++
    let moved = 0
    for (let last = index - 1; first && used > part; last--) {
      const freed = sizes[last] ?? 0
      used -= freed
      moved += freed
    }
    used = moved + size
  }
  return { segments, used }
}

function isGsm(text: string): boolean {
  for (const character of text)
    if (!BASIC.includes(character) && !EXTENDED.includes(character)) return false
  return true
}
