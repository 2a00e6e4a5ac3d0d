/** One thing to show to a user. */
export interface InboxItem {
  /** Sorts by age, within one user. */
  readonly id: string
  readonly title: string
  readonly body: string | null
  readonly url: string | null
  readonly category: string | null
  /** ms since 1970 */
  readonly createdAt: number
  /** ms since 1970; `null` while it was not read. */
  readonly readAt: number | null
}

/** Which items. */
export interface ListInboxOptions {
  /** Only those that were not read. Default false. */
  readonly unread?: boolean
  /** 1 to 100. Default 20. */
  readonly limit?: number
  /** Of the page before. */
  readonly cursor?: string
}

/** One page, latest first; `cursor` is `null` on the last one. */
export interface InboxPage {
  readonly items: readonly InboxItem[]
  readonly cursor: string | null
}
