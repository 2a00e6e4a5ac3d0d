/** Luhn's sum of decimal digits (ISO/IEC 7812-1 annex B). */
function hasLuhnDigit(digits: string): boolean {
  let sum = 0
  for (let at = digits.length - 1, times = 1; at >= 0; at--, times = 3 - times) {
    const product = (digits.charCodeAt(at) - 48) * times
    sum += product > 9 ? product - 9 : product
  }
  return sum % 10 === 0
}

/** Beginnings of card numbers that are issued, with their lengths. */
const ISSUERS =
  /^(?:4(?:\d{15}|\d{18})|5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720|20[0-4])\d{12}|3[47]\d{13}|3(?:0[0-5]|[689]\d)\d{11,16}|35\d{13,17}|(?:2131|1800)\d{11}|6\d{13,18}|(?:50|5[6-8]|8[12]|9792)\d{12,17})$/

/** Whether these digits are a payment card's number: its length, its issuer and its check digit. */
export function isCardNumber(digits: string): boolean {
  return ISSUERS.test(digits) && hasLuhnDigit(digits)
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
    const value = code < 10 ? code : code < 27 ? ((code - 10) % 9) + 1 : code - 26
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
