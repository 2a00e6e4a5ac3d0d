import type { Mailbox } from '../addresses/mailbox.ts'
import { NotificationError, type NotificationErrorCode } from '../notification-error.ts'
import { textIn } from './requests/ask-provider.ts'
import { untilAborted } from './requests/until-aborted.ts'
import type { EmailProvider } from './provider.ts'

export { InfrastructureError } from '../../../runtime/ports/infrastructure-error.ts'
export { NotificationError, type NotificationErrorCode } from '../notification-error.ts'

/** A Worker's `send_email` binding, as far as it is used. */
export interface SendEmailBinding {
  send(message: CloudflareEmail): Promise<{ readonly messageId: string }>
}

/** A message as the binding takes it. */
export interface CloudflareEmail {
  from: string | { name: string; email: string }
  to: (string | { name: string; email: string })[]
  cc?: (string | { name: string; email: string })[]
  bcc?: (string | { name: string; email: string })[]
  replyTo?: string | { name: string; email: string }
  subject: string
  html?: string
  text?: string
  headers?: Record<string, string>
  attachments?: (
    | {
        disposition: 'inline'
        contentId: string
        filename: string
        type: string
        content: Uint8Array
      }
    | { disposition: 'attachment'; filename: string; type: string; content: Uint8Array }
  )[]
}

const NAME = 'cloudflare-email'

/** What the codes of its errors mean; those of the request alone are `invalid_request`. */
const CODES: Readonly<Record<string, NotificationErrorCode>> = {
  E_RECIPIENT_SUPPRESSED: 'invalid_recipient',
  E_RECIPIENT_NOT_ALLOWED: 'authentication',
  E_SENDER_NOT_VERIFIED: 'authentication',
  E_SENDER_DOMAIN_NOT_AVAILABLE: 'authentication',
  E_RATE_LIMIT_EXCEEDED: 'rate_limited',
  E_DAILY_LIMIT_EXCEEDED: 'quota',
  E_DELIVERY_FAILED: 'unavailable',
  E_INTERNAL_SERVER_ERROR: 'unavailable',
}

/**
 * Sends e-mail through a Worker's own binding (Cloudflare Email Sending). There are no keys, and no
 * webhooks: what became of a message is seen in Cloudflare's dashboard alone.
 *
 * @example
 * createNotifications({ backend, from: 'shop@example.com', email: [cloudflareEmail(env.EMAIL)] })
 *
 * @throws TypeError when the binding is absent
 * @see https://developers.cloudflare.com/email-service/api/send-emails/workers-api/
 */
export function cloudflareEmail(binding: SendEmailBinding): EmailProvider {
  const given: { readonly send?: unknown } | undefined = binding
  if (typeof given?.send !== 'function')
    throw new TypeError(
      'Cannot create cloudflareEmail(): the binding is absent, [[send_email]] in wrangler.toml expected',
    )
  return {
    name: NAME,
    limits: { bytes: 3_600_000, recipients: 50 },
    async send(email, { signal }) {
      const { from, to, cc, bcc, subject, html, text, attachments, headers } = email
      const [replyTo] = email.replyTo
      const names = Object.keys(headers)
      if (signal.aborted) throw failure('unavailable', undefined, signal.reason)
      try {
        const { messageId } = await untilAborted(
          binding.send({
            from: addressOf(from),
            to: to.map(addressOf),
            ...(cc.length > 0 && { cc: cc.map(addressOf) }),
            ...(bcc.length > 0 && { bcc: bcc.map(addressOf) }),
            ...(replyTo !== undefined && { replyTo: addressOf(replyTo) }),
            subject,
            ...(html !== null && { html }),
            ...(text !== null && { text }),
            ...(names.length > 0 && { headers: { ...headers } }),
            ...(attachments.length > 0 && {
              attachments: attachments.map(({ filename, contentType: type, contentId, bytes }) =>
                contentId === null
                  ? { disposition: 'attachment', filename, type, content: bytes }
                  : { disposition: 'inline', contentId, filename, type, content: bytes },
              ),
            }),
          }),
          signal,
        )
        return { providerMessageId: messageId }
      } catch (cause) {
        const vendorCode = codeIn(cause)
        if (vendorCode === undefined) throw failure('ambiguous', undefined, cause)
        const known = Object.hasOwn(CODES, vendorCode) ? CODES[vendorCode] : undefined
        throw failure(known ?? 'invalid_request', vendorCode, cause)
      }
    },
  }
}

function codeIn(error: unknown): string | undefined {
  const code =
    typeof error === 'object' && error !== null && 'code' in error ? textIn([error.code], 0) : null
  return code?.startsWith('E_') === true ? code : undefined
}

function failure(
  code: NotificationErrorCode,
  vendorCode: string | undefined,
  cause: unknown,
): NotificationError {
  const what =
    vendorCode === undefined
      ? code === 'ambiguous'
        ? 'its answer did not come, it may have been sent'
        : 'there was no time for it, nothing was sent'
      : `it was refused (${vendorCode})`
  return new NotificationError(code, `Cannot send through ${NAME}: ${what}`, {
    provider: NAME,
    vendorCode,
    cause,
    ...(vendorCode === 'E_RECIPIENT_SUPPRESSED' && { recipient: 'suppressed' }),
  })
}

function addressOf({ email, name }: Mailbox): string | { name: string; email: string } {
  return name === undefined ? email : { email, name }
}
