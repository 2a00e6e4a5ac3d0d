import type { StandardSchema } from '../../../primitives/standard-schema.ts'
import type { MailboxInput } from '../addresses/mailbox.ts'

/**
 * What one field of a message says: a template's text, or a function from the data. A function may
 * return what any renderer makes: a text, something that becomes one, or a promise of it.
 */
export type TemplateText<Data> =
  | string
  | ((data: Data, context: TemplateContext) => TemplateOutput | Promise<TemplateOutput>)

/** What functions make: a text, or a value that becomes one, as `html` of Hono does. */
export type TemplateOutput = string | { toString(): string }

/** What is known when a template is rendered, beside its data. */
export interface TemplateContext {
  /** The locale that the content is of; `null` for the one without. */
  readonly locale: string | null
}

/** What a message says on each channel. */
export interface TemplateContent<Data = never> {
  readonly email?: {
    readonly subject?: TemplateText<Data>
    readonly html?: TemplateText<Data>
    /** Default: made from `html`. */
    readonly text?: TemplateText<Data>
    /** What lists of mails show behind the subject; hidden in the mail itself. */
    readonly preheader?: TemplateText<Data>
    readonly from?: MailboxInput
    readonly replyTo?: MailboxInput
  }
  readonly sms?: TemplateText<Data>
  readonly push?: {
    readonly title?: TemplateText<Data>
    readonly body?: TemplateText<Data>
    readonly url?: TemplateText<Data>
    readonly image?: TemplateText<Data>
    readonly payload?: Readonly<Record<string, TemplateText<Data>>>
  }
  readonly chat?: {
    readonly text: TemplateText<Data>
    readonly title?: TemplateText<Data>
    readonly url?: TemplateText<Data>
  }
  readonly inbox?: {
    readonly title: TemplateText<Data>
    readonly body?: TemplateText<Data>
    readonly url?: TemplateText<Data>
  }
}

/** A kind of message. */
export interface TemplateDefinition<Input = never, Data = Input> extends TemplateContent<Data> {
  /** Checks the data and gives it its type: zod, valibot, arktype. Default: any data is taken. */
  readonly schema?: StandardSchema<Input, Data>
  /**
   * What users switch on and off, and unsubscribe from. Default: none, it cannot be switched off
   * alone.
   */
  readonly category?: string
  /**
   * Must arrive: a password's reset, an alarm. Goes past preferences, quiet hours, caps and
   * unsubscriptions.
   */
  readonly critical?: boolean
  /**
   * Counts opens and clicks through links of our own. Off for mails with links that work once.
   * Default false.
   */
  readonly trackOpens?: boolean
  readonly trackClicks?: boolean
  /**
   * The content in other languages, by BCP 47; what one lacks, that of the whole definition says.
   */
  readonly locales?: Readonly<Record<string, TemplateContent<Data>>>
  /** Whether a value that is not there is an error, or shows nothing. Default `error`. */
  readonly missing?: 'error' | 'empty'
}

/** A named kind of message; made by {@link defineTemplate}. */
export interface NotificationTemplate<Name extends string = string, Input = never> {
  readonly name: Name
  readonly definition: TemplateDefinition<never, never>
  /** What it needs to know; only the type is there. */
  readonly '~input'?: (input: Input) => void
}
