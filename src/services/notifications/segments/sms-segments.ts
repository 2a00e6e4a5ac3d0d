import { measureSms } from './measure-sms.ts'

/** What an SMS is sent, and paid for, as. */
export interface SmsSegments {
  /**
   * GSM-7 while every character is in its alphabet, else UCS-2: one other makes all of them cost
   * double.
   */
  readonly encoding: 'GSM-7' | 'UCS-2'
  /** How many messages a phone puts together; each is paid for. 1 also for no text at all. */
  readonly segments: number
  /** Septets, or UTF-16 units, that the text takes. */
  readonly units: number
  /** Units that still fit into the last segment. */
  readonly unitsLeft: number
}

/**
 * Counts the segments of an SMS as Twilio's own calculator does: a character that takes two units
 * is never broken over two segments, nor is one that a reader sees as one, such as a flag.
 *
 * @example
 * countSmsSegments('Your code is 123456')
 * // → { encoding: 'GSM-7', segments: 1, units: 19, unitsLeft: 141 }
 */
export function countSmsSegments(text: string): SmsSegments {
  return measureSms(text)
}
