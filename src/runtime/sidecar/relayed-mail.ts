/** Where mail is relayed; signed as all requests are, without parameters. */
export const MAIL_PATH = '/v1/mail'

/**
 * The envelope of a message: the first line of the body, as JSON. The message follows, as RFC 5322
 * has it.
 */
export interface RelayedMail {
  readonly from: string
  /** 1 to 100. */
  readonly to: readonly string[]
}

/** Where a session with the mail server ended. */
export type RelayStep = 'connection' | 'authentication' | 'from' | 'recipient' | 'data'

/** What became of a message. */
export type RelayOutcome =
  | { readonly outcome: 'sent' }
  /** The server sends it to nobody. */
  | {
      readonly outcome: 'refused'
      readonly step: RelayStep
      /** As `550`; `null` when it did not answer. */
      readonly reply: number | null
      /** As `5.1.1`; `null` when it said none. */
      readonly enhanced: string | null
    }
  /** The message went out and no answer came, or the server took it for some recipients only. */
  | { readonly outcome: 'ambiguous' }
