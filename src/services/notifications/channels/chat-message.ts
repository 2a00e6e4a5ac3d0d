/** A chat message as it is handed to a provider: checked, with nothing left to decide. */
export interface OutgoingChat {
  readonly id: string
  readonly text: string
  readonly title: string | null
  readonly url: string | null
}

/** The parts of a chat message that its sender writes. All of it is plain text. */
export interface ChatContent {
  /** The name of a destination, as `createNotifications({ chat })` has it. */
  readonly to: string
  /** Default: the template's. */
  readonly text?: string
  readonly title?: string
  /** Where the title leads: an http or https URL. */
  readonly url?: string
}
