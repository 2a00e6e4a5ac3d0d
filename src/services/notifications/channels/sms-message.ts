/** An SMS as it is handed to a provider: checked, with nothing left to decide. */
export interface OutgoingSms {
  /** Our id of the message. Providers send it along, so that their webhooks can name it. */
  readonly id: string
  /** E.164, with `+`. */
  readonly to: string
  /** A number in E.164, a short code or a name; `null` leaves it to the provider's own setting. */
  readonly from: string | null
  readonly text: string
  /** Pictures and the like, where the provider sends MMS. */
  readonly mediaUrls: readonly string[]
}

/** The parts of an SMS that its sender writes. */
export interface SmsContent {
  /** A number with its country: `+48123456789`. */
  readonly to: string
  /** Default: that of the provider. */
  readonly from?: string
  /** The text. Default: the template's. */
  readonly message?: string
  /** At most 10 https URLs, for providers that send MMS. */
  readonly mediaUrls?: readonly string[]
  /** Writes typographic marks plainly before the SMS is sent; see `normalizeSms`. Default false. */
  readonly normalize?: boolean
  /** Refuses a text of more segments, 1 to 20. Default 10. */
  readonly maxSegments?: number
}
