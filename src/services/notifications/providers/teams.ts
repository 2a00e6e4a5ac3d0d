import { checkOptions } from '../../../primitives/check-options.ts'
import { askProvider, refusalOf } from './requests/ask-provider.ts'
import type { ChatProvider } from './provider.ts'

export { InfrastructureError } from '../../../runtime/ports/infrastructure-error.ts'
export { NotificationError, type NotificationErrorCode } from '../notification-error.ts'

/** What {@link teams} needs. */
export interface TeamsOptions {
  /** The URL of a workflow "when a Teams webhook request is received", which is a secret. */
  readonly webhookUrl: string
}

const NAME = 'teams'

/**
 * Writes into a channel of Microsoft Teams through a workflow's webhook, as an adaptive card. Text
 * is plain: nothing in it becomes a link or a mark.
 *
 * @example
 * createNotifications({ backend, chat: { ops: teams({ webhookUrl: env.TEAMS_WEBHOOK }) } })
 *
 * @throws TypeError when the URL is absent
 * @see
 *   https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/add-incoming-webhook
 */
export function teams(options: TeamsOptions): ChatProvider {
  checkOptions('create teams()', options, ['webhookUrl'])
  const { webhookUrl } = options
  if (typeof webhookUrl !== 'string' || !/^https?:\/\/\S+$/.test(webhookUrl))
    throw new TypeError('Cannot create teams(): webhookUrl is no http or https URL')
  return {
    name: NAME,
    async send({ text, title, url }, context) {
      const card = {
        type: 'AdaptiveCard',
        $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
        version: '1.4',
        body: [
          ...(title === null ? [] : [plain(title, { size: 'Large', weight: 'Bolder' })]),
          plain(text),
        ],
        ...(url !== null && { actions: [{ type: 'Action.OpenUrl', title: title ?? url, url }] }),
      }
      const body = JSON.stringify({
        type: 'message',
        attachments: [
          {
            contentType: 'application/vnd.microsoft.card.adaptive',
            contentUrl: null,
            content: card,
          },
        ],
      })
      const headers = { 'content-type': 'application/json' }
      const answer = await askProvider(NAME, { url: webhookUrl, headers, body }, context)
      if (answer.ok) return { providerMessageId: null }
      throw refusalOf(NAME, answer, {
        // The workflow is gone, or is switched off.
        code: answer.status === 404 || answer.status === 410 ? 'invalid_recipient' : undefined,
      })
    },
  }
}

/** Runs of text are shown as they stand, where blocks of text know Markdown. */
function plain(text: string, style: object = {}): object {
  return { type: 'RichTextBlock', inlines: [{ type: 'TextRun', text, ...style }] }
}
