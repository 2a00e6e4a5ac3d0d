import { checkOptions } from '../../../primitives/check-options.ts'
import { askProvider, refusalOf, textIn } from './requests/ask-provider.ts'
import { checkBaseUrl } from './requests/check-credential.ts'
import type { ChatProvider } from './provider.ts'
import { NotificationError } from '../notification-error.ts'

export { InfrastructureError } from '../../../runtime/ports/infrastructure-error.ts'
export { NotificationError, type NotificationErrorCode } from '../notification-error.ts'

/** What {@link discord} needs. */
export interface DiscordOptions {
  /** The webhook's URL, which is a secret. */
  readonly webhookUrl: string
}

const NAME = 'discord'
const MOST_CHARACTERS = 2000

/**
 * Writes into a channel of Discord through a webhook. Nobody is notified by name, whatever the text
 * says; its marks of emphasis are shown as they stand.
 *
 * @example
 * createNotifications({ backend, chat: { ops: discord({ webhookUrl: env.DISCORD_WEBHOOK }) } })
 *
 * @throws TypeError when the URL is absent
 * @see https://discord.com/developers/docs/resources/webhook#execute-webhook
 */
export function discord(options: DiscordOptions): ChatProvider {
  checkOptions('create discord()', options, ['webhookUrl'])
  const { webhookUrl } = options
  const url = `${checkBaseUrl('create discord()', webhookUrl)}?wait=true`
  return {
    name: NAME,
    async send({ text, title, url: link }, context) {
      const lines = [title === null ? null : `**${escaped(title)}**`, escaped(text), link]
      const content = lines.filter((line) => line !== null).join('\n')
      if (content.length > MOST_CHARACTERS)
        throw new NotificationError(
          'invalid_request',
          `Cannot send through ${NAME}: the text has ${content.length} characters, at most ${MOST_CHARACTERS} allowed`,
          { provider: NAME },
        )
      const headers = { 'content-type': 'application/json' }
      const body = JSON.stringify({ content, allowed_mentions: { parse: [] } })
      const answer = await askProvider(NAME, { url, headers, body }, context)
      if (answer.ok) return { providerMessageId: textIn(answer.json, 'id') }
      const vendorCode = textIn(answer.json, 'code') ?? undefined
      throw refusalOf(NAME, answer, {
        vendorCode,
        // The webhook was deleted.
        code: answer.status === 404 ? 'invalid_recipient' : undefined,
      })
    },
  }
}

function escaped(text: string): string {
  return text.replaceAll(/[\\*_~`|>#[\]()<@-]/g, '\\$&')
}
