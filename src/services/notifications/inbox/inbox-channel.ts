/** One thing to show to a user inside the application. */
export interface InboxContent {
  readonly title: string
  readonly body?: string | null
  readonly url?: string | null
  readonly category?: string | null
}

/** What notifications need of an inbox; `createInbox` makes one. */
export interface InboxChannel {
  /**
   * Puts an item there, once for each key.
   *
   * @returns The item's id
   */
  create(
    userId: string,
    content: InboxContent,
    options: { readonly idempotencyKey: string },
  ): Promise<{ readonly id: string }>
  /**
   * Whether the user has read or removed an item; needed where notifications escalate until they
   * are read.
   */
  isRead?(userId: string, id: string): Promise<boolean>
}
