import { checkInteger } from '../../../primitives/check-range.ts'
import { readPhoneNumber } from '../addresses/phone-number.ts'
import { NotificationError } from '../notification-error.ts'
import { measureSms } from '../segments/measure-sms.ts'
import type { OutgoingSms, SmsContent } from './sms-message.ts'

/** A number, a short code, or a name of up to 11 letters and digits (3GPP TS 23.040 §9.1.2.5). */
const SENDER = /^(?:\+[1-9]\d{6,14}|\d{3,8}|(?=.*[A-Za-z])[A-Za-z0-9 ._-]{1,11})$/
const MOST_MEDIA = 10
const DEFAULT_SEGMENTS = 10
const MOST_SEGMENTS = 20

/**
 * Checks an SMS.
 *
 * @throws NotificationError `invalid_recipient` or `invalid_request`
 */
export async function readSms(content: SmsContent): Promise<Omit<OutgoingSms, 'id'>> {
  const { from, message, mediaUrls = [], normalize = false } = content
  const to = readPhoneNumber('to', content.to)
  if (from !== undefined && (typeof from !== 'string' || !SENDER.test(from)))
    throw refusal('from is no number, short code or name of up to 11 letters and digits')
  if (typeof message !== 'string' || message === '') throw refusal('message is no text')
  if (!message.isWellFormed()) throw refusal('message holds half a surrogate pair')
  const most = checkInteger(
    'send SMS',
    'maxSegments',
    content.maxSegments ?? DEFAULT_SEGMENTS,
    1,
    MOST_SEGMENTS,
  )
  // No segment holds more characters.
  if (message.length > most * 160) throw tooLong(most)
  const text = normalize ? (await import('../segments/plain-sms.ts')).plainSms(message) : message
  if (measureSms(text).segments > most) throw tooLong(most)
  return { to, from: from ?? null, text, mediaUrls: readMedia(mediaUrls) }
}

function readMedia(urls: unknown): readonly string[] {
  if (!Array.isArray(urls) || urls.length > MOST_MEDIA)
    throw refusal(`mediaUrls is no list of up to ${MOST_MEDIA} URLs`)
  return urls.map((url: unknown) => {
    if (typeof url === 'string' && url.length <= 2000 && URL.parse(url)?.protocol === 'https:')
      return url
    throw refusal('mediaUrls has other than https URLs')
  })
}

function tooLong(most: number): NotificationError {
  return refusal(`message takes more than ${most} segments, see countSmsSegments and maxSegments`)
}

function refusal(fault: string): NotificationError {
  return new NotificationError('invalid_request', `Cannot send SMS: ${fault}`)
}
