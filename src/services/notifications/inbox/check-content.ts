import { checkOptions } from '../../../primitives/check-options.ts'
import { NotificationError } from '../notification-error.ts'
import { checkCategory } from '../suppression/check-category.ts'
import type { InboxContent } from './inbox-channel.ts'
import type { InboxItem } from './inbox-item.ts'

/** What of an item its user is shown. */
export type CheckedContent = Omit<InboxItem, 'id' | 'createdAt' | 'readAt'>

/** @throws NotificationError `invalid_request` for what is no content, or a link that is none */
export function checkContent(content: InboxContent): CheckedContent {
  checkOptions('create inbox item', content, ['title'], ['body', 'url', 'category'])
  const { title, body = null, url = null, category = null } = content
  const isText = (text: unknown, most: number): boolean =>
    typeof text === 'string' && text !== '' && text.length <= most && text.isWellFormed()
  if (!isText(title, 500)) throw refusal('title is no text of 1 to 500 characters')
  if (body !== null && !isText(body, 10_000))
    throw refusal('body is no text of 1 to 10000 characters')
  // Shown as a link: what would run a program is none.
  const isLink =
    isText(url, 2000) && /^(?:https?:|mailto:|tel:|\/(?![/\\]))[^\s\\\p{Cc}]*$/iu.test(url ?? '')
  if (url !== null && !isLink) throw refusal('url is no http or https URL, and no path')
  return { title, body, url, category: category === null ? null : checkCategory(category) }
}

export function refusal(fault: string): NotificationError {
  return new NotificationError('invalid_request', `Cannot use inbox: ${fault}`)
}
