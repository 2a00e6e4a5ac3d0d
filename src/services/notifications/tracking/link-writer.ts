/** What notifications need to write links of their own into e-mails; `createLinks` makes one. */
export interface LinkWriter {
  /** Rewrites links, adds the picture that counts opens. @returns The new HTML */
  rewrite(html: string, options: LinkOptions): Promise<string>
  /** The headers that let a recipient unsubscribe with one click (RFC 2369, RFC 8058). */
  unsubscribeHeaders(options: UnsubscribeOptions): Promise<Readonly<Record<string, string>>>
  /** Where a recipient unsubscribes, for the text of a mail. */
  unsubscribeUrl(options: UnsubscribeOptions): Promise<string>
  /** @returns What a request to one of these links is about; `null` when it is none of them */
  read(request: Request): Promise<LinkVisit | null>
}

/** What is written into an e-mail. */
export interface LinkOptions {
  readonly messageId: string
  readonly trackOpens: boolean
  readonly trackClicks: boolean
}

/** Who unsubscribes from what. */
export interface UnsubscribeOptions {
  readonly messageId: string
  readonly address: string
  /** `null` for everything. */
  readonly category: string | null
}

/** What somebody did with one of our links. */
export type LinkVisit =
  | { readonly kind: 'open'; readonly messageId: string; readonly answer: Response }
  | {
      readonly kind: 'click'
      readonly messageId: string
      readonly url: string
      readonly answer: Response
    }
  | {
      readonly kind: 'unsubscribe'
      readonly messageId: string
      readonly address: string
      readonly category: string | null
      readonly answer: Response
    }
  /** Nothing to record: a page to confirm, or a link that is not valid. */
  | { readonly kind: 'page'; readonly answer: Response }
