/** Luhn's sum of decimal digits (ISO/IEC 7812-1 annex B). */
function hasLuhnDigit(digits: string): boolean {
  let sum = 0
  for (let at = digits.length - 1, times = 1; at >= 0; at--, times = 3 - times) {
    const product = (digits.charCodeAt(at) - 48) * times
    sum += product > 9 ? product - 9 : product
  }
  return sum % 10 === 0
}

/**
 * Beginnings of card numbers that are issued, to four digits, and their least and most lengths; 13
 * is no longer issued.
 */
const ISSUERS: readonly (readonly [from: number, to: number, least: number, most: number])[] = [
  [4000, 4999, 16, 19],
  [5100, 5599, 16, 16],
  [6000, 6999, 14, 19],
  [3400, 3499, 15, 15],
  [3700, 3799, 15, 15],
  [2221, 2720, 16, 16],
  [3500, 3599, 15, 19],
  [3000, 3059, 14, 19],
  [3600, 3699, 14, 19],
  [3800, 3999, 14, 19],
  [2131, 2131, 15, 15],
  [1800, 1800, 15, 15],
  [5000, 5099, 14, 19],
  [5600, 5899, 14, 19],
  [8100, 8299, 14, 19],
  [9792, 9792, 16, 19],
]

/** Whether these digits are a payment card's number: its length, its issuer and its check digit. */
export function isCardNumber(digits: string): boolean {
  const { length } = digits
  const first = Number(digits.slice(0, 4))
  for (const [from, to, least, most] of ISSUERS)
    if (first >= from && first <= to)
      return (
        length >= least &&
        length <= most &&
        // 17 and 18 digits are no Visa card.
        (from !== 4000 || length === 16 || length === 19) &&
        hasLuhnDigit(digits)
      )
  return false
}

/** Whether two letters and seven digits are a DEA number, by its check digit. */
export function isDeaNumber(text: string): boolean {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, check] = Array.from(text.slice(2), Number)
  return (a + c + e + 2 * (b + d + f)) % 10 === check
}

/** Whether 17 characters are a vehicle's number: ISO 3779 with the check digit of 49 CFR 565. */
export function isVin(text: string): boolean {
  let sum = 0
  for (let at = 0; at < 17; at++) {
    const code = Number.parseInt(text[at] ?? '', 36)
    // A to H are 1 to 8, J to R 1 to 9, S to Z 2 to 9.
    const value = code < 10 ? code : code < 28 ? ((code - 10) % 9) + 1 : code - 26
    sum += value * Number.parseInt('8765432A098765432'[at] ?? '', 16)
  }
  return (sum % 11 === 10 ? 'X' : String(sum % 11)) === text[8]
}

/**
 * Whether an IBAN's check digits hold (ISO 13616, mod 97-10). `text` has letters and digits alone.
 */
export function isIban(text: string): boolean {
  let rest = 0
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt((at + 4) % text.length)
    const value = code < 58 ? code - 48 : (code | 32) - 87
    rest = (rest * (value > 9 ? 100 : 10) + value) % 97
  }
  return rest === 1
}
