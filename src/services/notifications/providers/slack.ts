import { checkOptions } from '../../../primitives/check-options.ts'
import type { OutgoingChat } from '../channels/chat-message.ts'
import { NotificationError, type NotificationErrorCode } from '../notification-error.ts'
import { askProvider, refusalOf } from './requests/ask-provider.ts'
import { checkBaseUrl } from './requests/check-credential.ts'
import type { ChatProvider } from './provider.ts'

export { InfrastructureError } from '../../../runtime/ports/infrastructure-error.ts'
export { NotificationError, type NotificationErrorCode } from '../notification-error.ts'

/** What {@link slack} needs. */
export interface SlackOptions {
  /** The incoming webhook's URL, which is a secret. */
  readonly webhookUrl: string
}

const NAME = 'slack'
/** Of one block of text. */
const MOST_CHARACTERS = 3000

/** What its error codes say; all are of one webhook and its channel. */
const CODES: Readonly<Record<string, NotificationErrorCode>> = {
  channel_not_found: 'invalid_recipient',
  channel_is_archived: 'invalid_recipient',
  no_service: 'authentication',
  no_team: 'authentication',
  invalid_token: 'authentication',
  team_disabled: 'authentication',
  rollup_error: 'unavailable',
}

/**
 * Writes into a channel of Slack through an incoming webhook. Text is plain: nothing in it becomes
 * a link, a mention or a mark of Slack's own.
 *
 * @example
 * createNotifications({ backend, chat: { ops: slack({ webhookUrl: env.SLACK_WEBHOOK }) } })
 *
 * @throws TypeError when the URL is absent
 * @see https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks/
 */
export function slack(options: SlackOptions): ChatProvider {
  checkOptions('create slack()', options, ['webhookUrl'])
  const { webhookUrl } = options
  const url = checkBaseUrl('create slack()', webhookUrl)
  return {
    name: NAME,
    async send(message, context) {
      if (message.text.length > MOST_CHARACTERS)
        throw new NotificationError(
          'invalid_request',
          `Cannot send through ${NAME}: the text has ${message.text.length} characters, at most ${MOST_CHARACTERS} allowed`,
          { provider: NAME },
        )
      const headers = { 'content-type': 'application/json' }
      const body = JSON.stringify(bodyOf(message))
      const answer = await askProvider(NAME, { url, headers, body }, context)
      if (answer.ok) return { providerMessageId: null }
      const code = /^[a-z_]{1,64}$/.test(answer.text) ? answer.text : undefined
      throw refusalOf(NAME, answer, {
        vendorCode: code,
        code: code !== undefined && Object.hasOwn(CODES, code) ? CODES[code] : undefined,
      })
    },
  }
}

function bodyOf({ text, title, url }: OutgoingChat): object {
  const head = title ?? url
  if (head === null) return { text: escaped(text) }
  const shown = url === null ? `*${escaped(head)}*` : `*<${escapedUrl(url)}|${escaped(head)}>*`
  return {
    // What notifications show, and clients without blocks.
    text: escaped(head),
    blocks: [
      { type: 'section', text: { type: 'mrkdwn', text: shown } },
      { type: 'section', text: { type: 'plain_text', text, emoji: false } },
    ],
  }
}

/** Slack's three special characters, and what would end a link's text. */
function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('|', '\u2502')
}

function escapedUrl(url: string): string {
  return escaped(url.replaceAll('|', '%7C'))
}
