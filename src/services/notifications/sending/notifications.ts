import type { JobWorkerOptions } from '../../../runtime/workers/job-worker.ts'
import type { Service } from '../../../runtime/ports/service.ts'
import type { SendResult } from '../delivery/delivery.ts'
import type { Devices } from '../preferences/devices.ts'
import type { Preferences } from '../preferences/preferences.ts'
import type { QueuedNotification } from '../queue/notification-queue.ts'
import type { Suppressions } from '../suppression/suppressions.ts'
import type { NotificationTemplate } from '../templates/template.ts'
import type { RenderedTemplate } from '../templates/templates.ts'
import type { MessageAnalysis } from '../tracking/analyze-messages.ts'
import type { MessageQuery } from '../tracking/list-messages.ts'
import type { TrackedMessage } from '../tracking/tracked-message.ts'
import type { BulkMessage, BulkOptions, BulkResult } from './bulk.ts'
import type { ChatMessage, EmailMessage, PushMessage, SmsMessage } from './messages.ts'
import type { NotifyOptions, NotifyResult, NotifyUser } from './notify-user.ts'

/** Sends notifications, and knows what became of them. Made by `createNotifications`. */
export interface Notifications extends Service {
  /**
   * Sends an e-mail now, or queues it.
   *
   * @returns Also when it is not sent, because the recipient does not want it or nothing is sent to
   *   that address
   * @throws NotificationError when it cannot be sent (`invalid_recipient`, `invalid_request`), was
   *   not (`authentication`, `quota`, `rate_limited`, `unavailable`), or may have been
   *   (`ambiguous`)
   * @throws BackendError when the store could not be asked
   */
  sendEmail<Input>(message: EmailMessage<Input>): Promise<SendResult>
  /** Sends an SMS. Errors as {@link sendEmail}. */
  sendSMS<Input>(message: SmsMessage<Input>): Promise<SendResult>
  /**
   * Sends a push to one device or browser. A NotificationError with `recipient: 'gone'` means that
   * it is no more.
   */
  sendPush<Input>(message: PushMessage<Input>): Promise<SendResult>
  /** Writes into a chat. Errors as {@link sendEmail}. */
  sendChat<Input>(message: ChatMessage<Input>): Promise<SendResult>
  /**
   * Tells a user something on the channels that they want and can be reached on. What fails on one
   * channel is in the result, not thrown.
   *
   * @throws NotificationError for a template that is not there, or data that does not fit it
   */
  notify<Input>(
    user: NotifyUser,
    template: string | NotificationTemplate<string, Input>,
    data: Input,
    options?: NotifyOptions,
  ): Promise<NotifyResult>
  /**
   * Sends many messages, some at a time, each with a result of its own. Messages are taken as they
   * are sent, so a stream of any length does.
   */
  sendBulk(
    messages: Iterable<BulkMessage> | AsyncIterable<BulkMessage>,
    options?: BulkOptions,
  ): AsyncGenerator<BulkResult, void>
  /** Renders a template, or a text that is one itself, and sends nothing: a preview. */
  readonly renderTemplate: RenderTemplate
  /**
   * @returns Where a message stands, and what happened to it
   * @throws NotificationError `not_found`
   */
  trackDelivery(id: string): Promise<TrackedMessage>
  /**
   * Takes back a queued message, or what `notify` has put off.
   *
   * @returns Whether it was still waiting
   */
  cancel(id: string): Promise<boolean>
  /** Messages of some time, latest first. Walks through all that are kept of that time. */
  list(query?: MessageQuery): AsyncGenerator<TrackedMessage, void>
  /**
   * How many messages of some time were delivered, opened, bounced and so on. Walks through them.
   */
  analyze(query?: MessageQuery): Promise<MessageAnalysis>
  /** Addresses that nothing is sent to. */
  readonly suppressions: Suppressions
  /** What users want to hear. */
  readonly preferences: Preferences
  /** Where users get pushes. */
  readonly devices: Devices
  /**
   * Answers a webhook of a provider: verified, each of its events applied once. Of a provider that
   * `createNotifications({ webhooks })` does not have, it throws: nothing passes unverified.
   */
  handleWebhook(provider: string, request: Request): Promise<Response>
  /**
   * Answers a request to a link of our own: a click, a picture that counts opens, unsubscribing.
   */
  handleLink(request: Request): Promise<Response>
  /** Runs a job of a queue of one's own; `notificationJob()` calls it. */
  runJob(
    job: QueuedNotification,
    options: { readonly signal: AbortSignal; readonly isLast: boolean },
  ): Promise<unknown>
  /**
   * Sends what is queued in this process until `signal` aborts. For servers; on Workers
   * `jobRunner(notifications)` does.
   */
  run(options: NotificationsRunOptions): Promise<void>
  /** Sends what is due right now. For tests and scripts. @returns How many jobs were settled */
  drain(options?: Omit<NotificationsRunOptions, 'signal'>): Promise<number>
  /** Looks after everything that waits, whatever wakes were lost. For a Cron Trigger. */
  sweep(): Promise<void>
}

/** How {@link Notifications.run} works; see `JobWorkerOptions`. */
export type NotificationsRunOptions = { readonly signal: AbortSignal } & Partial<
  Pick<JobWorkerOptions, 'concurrency' | 'lease' | 'grace' | 'onSettled' | 'onError'>
>

/** What {@link RenderTemplate} takes besides. */
export interface RenderOptions {
  /** Which of the template's languages, by BCP 47. */
  readonly locale?: string
  /** How a text that is a template itself is read. Default `html`: values are escaped. */
  readonly format?: 'html' | 'text'
}

/** Renders templates. */
export interface RenderTemplate {
  /** A template gives what it says on every channel. */
  <Input>(
    template: NotificationTemplate<string, Input>,
    data: Input,
    options?: RenderOptions,
  ): Promise<RenderedTemplate>
  /**
   * A text with outputs or tags is a template itself and gives a text; any other is the name of a
   * template.
   */
  <Text extends string>(
    template: Text,
    data?: object,
    options?: RenderOptions,
  ): Promise<RenderedBy<Text>>
}

/**
 * What rendering a text gives: a text where it has outputs or tags, else what the template of that
 * name says.
 */
export type RenderedBy<Text extends string> = string extends Text
  ? string | RenderedTemplate
  : Text extends `${string}{{${string}` | `${string}{%${string}`
    ? string
    : RenderedTemplate
