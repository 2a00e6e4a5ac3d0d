import { checkInteger } from '../../../primitives/check-range.ts'
import { NotificationError } from '../notification-error.ts'
import type { OutgoingPush, PushContent, PushTarget } from './push-message.ts'

const FOUR_WEEKS_S = 2_419_200
const MOST_TOKEN_CHARACTERS = 4096
const MOST_CHARACTERS = 4096
const COLLAPSE_KEY = /^[\w-]{1,32}$/
const PAYLOAD_NAME = /^[A-Za-z_][\w.-]{0,127}$/

/**
 * Checks a push.
 *
 * @param provider Which provider a token is of, where the message says so
 * @throws NotificationError `invalid_recipient` or `invalid_request`
 */
export function readPush(
  content: PushContent,
  provider: string | undefined,
): Omit<OutgoingPush, 'id'> {
  const { payload = {}, collapseKey, badge, sound, urgency } = content
  const title = readText('title', content.title)
  const body = readText('body', content.body)
  const data = readPayload(payload)
  if (title === null && body === null && Object.keys(data).length === 0)
    throw refusal('it has neither title, body nor payload')
  if (collapseKey !== undefined && !isText(collapseKey, COLLAPSE_KEY))
    throw refusal('collapseKey is not 1 to 32 letters, digits, _ and -')
  if (urgency !== undefined && urgency !== 'normal' && urgency !== 'high')
    throw refusal("urgency is neither 'normal' nor 'high'")
  return {
    target: readTarget(content, provider),
    title,
    body,
    data,
    url: readUrl('url', content.url),
    image: readUrl('image', content.image),
    collapseKey: collapseKey ?? null,
    ttlSeconds: checkInteger(
      'send push',
      'ttlSeconds',
      content.ttlSeconds ?? FOUR_WEEKS_S,
      0,
      FOUR_WEEKS_S,
    ),
    urgency: urgency ?? (title === null && body === null ? 'normal' : 'high'),
    badge: badge === undefined ? null : checkInteger('send push', 'badge', badge, 0, 99_999),
    sound: readText('sound', sound),
  }
}

function readTarget(
  { token, subscription }: PushContent,
  provider: string | undefined,
): PushTarget {
  if ((token === undefined) === (subscription === undefined))
    throw new NotificationError(
      'invalid_recipient',
      'Cannot send push: exactly one of token and subscription is expected',
    )
  if (token === undefined) {
    if (typeof subscription === 'object' && subscription !== null) return subscription
    throw new NotificationError('invalid_recipient', 'Cannot send push: subscription is no object')
  }
  if (
    typeof token === 'string' &&
    /^[\x21-\x7e]+$/.test(token) &&
    token.length <= MOST_TOKEN_CHARACTERS
  )
    return { token, ...(provider !== undefined && { provider }) }
  throw new NotificationError('invalid_recipient', 'Cannot send push: token is none')
}

function readPayload(payload: unknown): Readonly<Record<string, string>> {
  if (typeof payload !== 'object' || payload === null || Array.isArray(payload))
    throw refusal('payload is no object of texts')
  const entries: readonly (readonly [string, unknown])[] = Object.entries(payload)
  const checked = entries.map(([name, value]): [string, string] => {
    if (!PAYLOAD_NAME.test(name) || name === '__proto__')
      throw refusal('payload has a name that does not begin with a letter, or holds other marks')
    if (typeof value !== 'string' || !value.isWellFormed())
      throw refusal(`payload.${name} is no text: devices get texts alone, String(value) expected`)
    return [name, value]
  })
  return Object.fromEntries(checked)
}

function readText(field: string, text: unknown): string | null {
  if (text === undefined || text === '') return null
  if (typeof text === 'string' && text.length <= MOST_CHARACTERS && text.isWellFormed()) return text
  throw refusal(`${field} is no text of up to ${MOST_CHARACTERS} characters`)
}

function readUrl(field: string, url: unknown): string | null {
  if (url === undefined || url === '') return null
  // Apps have schemes of their own; those that run programs are no links.
  const isLink =
    typeof url === 'string' &&
    url.length <= 2000 &&
    /^(?:[a-z][a-z0-9+.-]*:|\/)/i.test(url) &&
    !/^(?:javascript|data|vbscript|file|blob):/i.test(url)
  if (isLink) return url
  throw refusal(`${field} is no URL`)
}

function isText(value: unknown, form: RegExp): boolean {
  return typeof value === 'string' && form.test(value)
}

function refusal(fault: string): NotificationError {
  return new NotificationError('invalid_request', `Cannot send push: ${fault}`)
}
