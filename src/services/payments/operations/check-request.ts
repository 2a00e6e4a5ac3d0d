import { PaymentError } from '../payment-error.ts'

const MAX_OPERATION_BYTES = 255
const METADATA_KEYS = 40
const METADATA_KEY_LENGTH = 40
const METADATA_VALUE_LENGTH = 500

/**
 * @throws PaymentError `invalid_request`; plain JavaScript forgets it easily, and a retry needs it
 */
export function checkOperationId(action: string, operationId: unknown): string {
  if (
    typeof operationId === 'string' &&
    operationId !== '' &&
    operationId.isWellFormed() &&
    operationId.length <= MAX_OPERATION_BYTES
  ) {
    if (!holdsCardNumber(operationId)) return operationId
    throw invalid(action, 'operationId holds a card number, which must never get here')
  }
  throw invalid(
    action,
    `operationId is ${typeof operationId === 'string' ? 'empty, too long or no Unicode text' : kindOf(operationId)}, 1 to ${MAX_OPERATION_BYTES} characters that name this very operation expected, such as 'order-42'`,
  )
}

/** @throws PaymentError `invalid_request` when `request` has a property that nothing reads */
export function checkKeys(action: string, request: unknown, known: readonly string[]): void {
  if (typeof request !== 'object' || request === null)
    throw invalid(action, `the request is ${kindOf(request)}, an object expected`)
  const unknown = Object.keys(request).find((key) => !known.includes(key))
  if (unknown !== undefined)
    throw invalid(
      action,
      `${JSON.stringify(unknown.slice(0, 40))} is no option of it, ${known.join(', ')} are`,
    )
}

/**
 * Checks a token that stands for a card or an account.
 *
 * @throws PaymentError `invalid_request` when it is a card number: those must never get here
 */
export function checkToken(action: string, name: string, token: unknown): string | undefined {
  if (token === undefined) return undefined
  if (typeof token !== 'string' || token === '' || token.length > 500)
    throw invalid(action, `${name} is no token, the provider's id of it expected`)
  if (isCardNumber(token) || holdsCardNumber(token))
    throw invalid(
      action,
      `${name} is a card number, only tokens of the provider's are taken: the browser makes them, so that card data never reaches a server`,
    )
  return token
}

/** @throws PaymentError `invalid_request` when it is more than every provider keeps */
export function checkMetadata(
  action: string,
  metadata: unknown = {},
): Readonly<Record<string, string>> {
  if (typeof metadata !== 'object' || metadata === null || Array.isArray(metadata))
    throw invalid(action, 'metadata is no object of texts')
  const entries = Object.entries(metadata)
  const fits = entries.every(
    ([key, value]) =>
      key !== '' &&
      key.length <= METADATA_KEY_LENGTH &&
      typeof value === 'string' &&
      value.length <= METADATA_VALUE_LENGTH &&
      value.isWellFormed() &&
      !holdsCardNumber(key) &&
      !holdsCardNumber(value),
  )
  if (!fits || entries.length > METADATA_KEYS)
    throw invalid(
      action,
      `metadata does not fit: at most ${METADATA_KEYS} texts of at most ${METADATA_VALUE_LENGTH} characters under names of at most ${METADATA_KEY_LENGTH} expected, none of them a card number`,
    )
  return Object.fromEntries(entries)
}

/**
 * @throws PaymentError `invalid_request` when it is no absolute URL with https, or http on this
 *   machine
 */
export function checkUrl(action: string, name: string, url: unknown): string | undefined {
  if (url === undefined) return undefined
  const text = typeof url === 'string' ? url : ''
  const parsed = URL.parse(text)
  const local = parsed?.hostname === 'localhost' || parsed?.hostname === '127.0.0.1'
  if (parsed?.protocol !== 'https:' && !(local && parsed?.protocol === 'http:'))
    throw invalid(action, `${name} is no https URL`)
  if (holdsCardNumber(text)) throw invalid(action, `${name} holds a card number`)
  return text
}

/**
 * @throws PaymentError `invalid_request` when it is no text of at most `most` characters, or holds
 *   a card number
 */
export function checkText(
  action: string,
  name: string,
  text: unknown,
  most: number,
): string | undefined {
  if (text === undefined) return undefined
  if (typeof text === 'string' && text.length <= most && text.isWellFormed()) {
    if (!holdsCardNumber(text)) return text
    throw invalid(action, `${name} holds a card number, which must never get here`)
  }
  throw invalid(action, `${name} is no text of at most ${most} characters`)
}

function kindOf(value: unknown): string {
  return value === undefined || value === null ? 'missing' : `a ${typeof value}`
}

/** The one error for a request that makes no sense. */
export function invalid(action: string, why: string): PaymentError {
  return new PaymentError('invalid_request', `Cannot ${action}: ${why}`)
}

/** Digits, with at most one space, dash or dot between two. */
const DIGIT_RUNS = /\d(?:[\s.-]?\d){12,}/g

/**
 * What the networks' numbers begin with, and how long they are: other numbers of that length, of
 * orders and articles, are fine.
 */
const NETWORKS = [
  /^4\d{15}$/,
  /^(?:5[1-5]|2[2-7])\d{14}$/,
  /^3[47]\d{13}$/,
  /^3(?:0[0-59]|[689]\d)\d{11}$/,
  /^35\d{14}$/,
  /^(?:5[0678]|6\d)\d{14,17}$/,
]

/** Whether a text has the number of a card somewhere, in whatever digits and groups. */
function holdsCardNumber(text: string): boolean {
  const plain = text.normalize('NFKC')
  return Array.from(plain.matchAll(DIGIT_RUNS)).some(([run]) => {
    const groups = run.split(/[\s.-]/)
    // What follows it, such as its month and year, is of the same run.
    return groups.some((_, from) => {
      let digits = ''
      return groups.slice(from, from + 19).some((group) => {
        digits += group
        return NETWORKS.some((network) => network.test(digits)) && isCardNumber(digits)
      })
    })
  })
}

/** 12 to 19 digits, apart from spaces and dashes, with a right check digit (ISO/IEC 7812). */
function isCardNumber(text: string): boolean {
  const digits = text.replaceAll(/[ -]/g, '')
  if (!/^\d{12,19}$/.test(digits)) return false
  const sum = Array.from(digits)
    .toReversed()
    .map((digit, index) => (index % 2 === 1 ? Number(digit) * 2 : Number(digit)))
    .map((value) => (value > 9 ? value - 9 : value))
  let total = 0
  for (const value of sum) total += value
  return total % 10 === 0
}
