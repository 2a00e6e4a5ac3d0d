import type { Mailbox, MailboxInput } from '../addresses/mailbox.ts'
import type { AttachmentInput } from './attachment.ts'

/** An e-mail as it is handed to a provider: checked, whole, with nothing left to decide. */
export interface OutgoingEmail {
  /** Our id of the message. Providers send it along, so that their webhooks can name it. */
  readonly id: string
  readonly from: Mailbox
  readonly to: readonly Mailbox[]
  readonly cc: readonly Mailbox[]
  readonly bcc: readonly Mailbox[]
  readonly replyTo: readonly Mailbox[]
  readonly subject: string
  /** At least one of `html` and `text` is there. */
  readonly html: string | null
  readonly text: string | null
  readonly attachments: readonly Attachment[]
  /** Further headers by their names. */
  readonly headers: Readonly<Record<string, string>>
  /** Labels that the provider shows in its statistics and sends back. */
  readonly tags: Readonly<Record<string, string>>
  /** Whether the provider may count opens and rewrite links; `null` leaves it to its settings. */
  readonly providerTracking: boolean | null
  /** Bytes of texts and files together, before they are encoded. */
  readonly size: number
}

/** A file that goes with an e-mail. */
export interface Attachment {
  readonly filename: string
  readonly contentType: string
  /** What the HTML calls it in `cid:`, for an image shown in place; `null` for a file. */
  readonly contentId: string | null
  readonly bytes: Uint8Array<ArrayBuffer>
}

/** The parts of an e-mail that its sender writes. */
export interface EmailContent {
  readonly to: MailboxInput | readonly MailboxInput[]
  readonly cc?: MailboxInput | readonly MailboxInput[]
  readonly bcc?: MailboxInput | readonly MailboxInput[]
  /** Default: the template's, else that of `createNotifications`. */
  readonly from?: MailboxInput
  readonly replyTo?: MailboxInput | readonly MailboxInput[]
  /** Default: the template's. */
  readonly subject?: string
  readonly html?: string
  /** Default: the template's, or made from its HTML. */
  readonly text?: string
  /** At most 50, and 25 MB altogether. */
  readonly attachments?: readonly AttachmentInput[]
  /** Further headers; not those that the message has by itself. */
  readonly headers?: Readonly<Record<string, string>>
  /** Labels for the provider's statistics: up to 10 of letters, digits, `_` and `-`. */
  readonly tags?: Readonly<Record<string, string>>
}
