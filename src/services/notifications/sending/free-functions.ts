import type { SendResult } from '../delivery/delivery.ts'
import type { NotificationTemplate } from '../templates/template.ts'
import type { RenderedTemplate } from '../templates/templates.ts'
import type { TrackedMessage } from '../tracking/tracked-message.ts'
import { configuredNotifications } from './configured-notifications.ts'
import type { ChatMessage, EmailMessage, PushMessage, SmsMessage } from './messages.ts'
import type { RenderedBy, RenderOptions } from './notifications.ts'
import type { NotifyOptions, NotifyResult, NotifyUser } from './notify-user.ts'

/**
 * Sends an e-mail now, or queues it.
 *
 * @example
 * const sent = await sendEmail({
 *   to: 'ann@example.com',
 *   subject: 'Welcome',
 *   template: 'welcome-email',
 *   data: { name: 'Ann' },
 * })
 * console.log(sent.status, sent.provider)
 *
 * @throws NotConfiguredError when notifications are not configured
 * @throws NotificationError when it cannot be sent, was not, or may have been
 */
export async function sendEmail<Input>(message: EmailMessage<Input>): Promise<SendResult> {
  return configuredNotifications('send e-mail').sendEmail(message)
}

/**
 * Sends an SMS now, or queues it.
 *
 * @example
 * await sendSMS({ to: '+48123456789', message: 'Your code is 123456', duplicates: 'accept' })
 *
 * @throws NotConfiguredError when notifications are not configured
 * @throws NotificationError when it cannot be sent, was not, or may have been
 */
export async function sendSMS<Input>(message: SmsMessage<Input>): Promise<SendResult> {
  return configuredNotifications('send SMS').sendSMS(message)
}

/**
 * Sends a push to one device or browser.
 *
 * @example
 * await sendPush({
 *   token,
 *   title: 'Your order',
 *   body: 'It is on its way',
 *   payload: { order: '42' },
 * })
 *
 * @throws NotConfiguredError when notifications are not configured
 * @throws NotificationError when it cannot be sent, was not, or may have been; `recipient: 'gone'`
 *   when the target is no more
 */
export async function sendPush<Input>(message: PushMessage<Input>): Promise<SendResult> {
  return configuredNotifications('send push').sendPush(message)
}

/**
 * Writes into a chat.
 *
 * @example
 * await sendChat({ to: 'ops', title: 'Deploy', text: 'Version 42 is out' })
 *
 * @throws NotConfiguredError when notifications are not configured
 * @throws NotificationError when it cannot be sent, was not, or may have been
 */
export async function sendChat<Input>(message: ChatMessage<Input>): Promise<SendResult> {
  return configuredNotifications('send chat message').sendChat(message)
}

/**
 * Tells a user something on the channels that they want and can be reached on.
 *
 * @example
 * const ann = { id: 'u1', email: 'ann@example.com' }
 * await notify(ann, 'order.shipped', { name: 'Ann', url }, { mode: 'all' })
 *
 * @throws NotConfiguredError when notifications are not configured
 * @throws NotificationError for a template that is not there, or data that does not fit it
 */
export async function notify<Input>(
  user: NotifyUser,
  template: string | NotificationTemplate<string, Input>,
  data: Input,
  options?: NotifyOptions,
): Promise<NotifyResult> {
  return configuredNotifications('notify').notify(user, template, data, options)
}

/**
 * Renders a template, or a text that is one itself, and sends nothing.
 *
 * @example
 * const html = await renderTemplate('Hello {{ name }}', { name: 'Ann' })
 * const { subject } = await renderTemplate('welcome-email', { name: 'Ann' })
 *
 * @throws NotConfiguredError when notifications are not configured
 * @throws NotificationError `template_not_found`, `invalid_template` or `invalid_data`
 */
export async function renderTemplate<Input>(
  template: NotificationTemplate<string, Input>,
  data: Input,
  options?: RenderOptions,
): Promise<RenderedTemplate>
export async function renderTemplate<Text extends string>(
  template: Text,
  data?: object,
  options?: RenderOptions,
): Promise<RenderedBy<Text>>
export async function renderTemplate(
  template: string | NotificationTemplate,
  data?: unknown,
  options?: RenderOptions,
): Promise<string | RenderedTemplate> {
  const { renderTemplate: render } = configuredNotifications('render template')
  // Both overloads stand in one implementation.
  return render(template as never, data as never, options)
}

/**
 * Says where a message stands, and what happened to it.
 *
 * @example
 * const { status, events } = await trackDelivery(sent.id)
 *
 * @throws NotConfiguredError when notifications are not configured
 * @throws NotificationError `not_found`
 */
export async function trackDelivery(id: string): Promise<TrackedMessage> {
  return configuredNotifications('track message').trackDelivery(id)
}
