import { plainSms } from './plain-sms.ts'

/**
 * Writes typographic marks, spaces and full-width letters plainly, so that one of them does not
 * make a whole SMS cost double. Letters and everything that carries meaning stay as they are.
 *
 * @example
 * normalizeSms('“Hi” — 12 000 zł…') // → '"Hi" - 12 000 zł...'
 */
export function normalizeSms(text: string): string {
  return plainSms(text)
}
