import { NotificationError } from '../notification-error.ts'
import type { ChatContent, OutgoingChat } from './chat-message.ts'

const MOST_CHARACTERS = 20_000
const MOST_TITLE_CHARACTERS = 200

/**
 * Checks a chat message.
 *
 * @throws NotificationError `invalid_request`
 */
export function readChat({ text, title, url }: Omit<ChatContent, 'to'>): Omit<OutgoingChat, 'id'> {
  return {
    text: readText('text', text, MOST_CHARACTERS),
    title: title === undefined ? null : readText('title', title, MOST_TITLE_CHARACTERS),
    url: url === undefined ? null : readLink(url),
  }
}

function readText(field: string, text: unknown, most: number): string {
  if (typeof text === 'string' && text !== '' && text.length <= most && text.isWellFormed())
    return text
  throw refusal(`${field} is no text of 1 to ${most} characters`)
}

function readLink(url: unknown): string {
  const parsed = typeof url === 'string' && url.length <= 2000 ? URL.parse(url) : null
  if (parsed !== null && /^https?:$/.test(parsed.protocol)) return parsed.href
  throw refusal('url is no http or https URL')
}

function refusal(fault: string): NotificationError {
  return new NotificationError('invalid_request', `Cannot send chat message: ${fault}`)
}
