export { BackendError, type BackendErrorCode } from '../../runtime/ports/backend-error.ts'
export { InfrastructureError } from '../../runtime/ports/infrastructure-error.ts'
export { NotConfiguredError } from '../../runtime/ports/not-configured-error.ts'
export type { Mailbox, MailboxInput } from './addresses/mailbox.ts'
export type { AttachmentInput } from './channels/attachment.ts'
export type { Channel } from './channels/channel.ts'
export type { OutgoingChat } from './channels/chat-message.ts'
export type { OutgoingEmail } from './channels/email-message.ts'
export type { OutgoingPush, PushTarget, WebPushSubscription } from './channels/push-message.ts'
export type { OutgoingSms } from './channels/sms-message.ts'
export type { SendResult } from './delivery/delivery.ts'
export type { ProviderEntry, ProviderSettings } from './delivery/provider-pool.ts'
export {
  NotificationError,
  type NotificationErrorCode,
  type RecipientState,
} from './notification-error.ts'
export type { Device, Devices } from './preferences/devices.ts'
export type { FrequencyCap } from './preferences/frequency-caps.ts'
export type { Preferences, UserPreferences } from './preferences/preferences.ts'
export { quietUntil, type QuietHours } from './preferences/quiet-hours.ts'
export type {
  ChatProvider,
  EmailProvider,
  ProviderContext,
  ProviderEvent,
  ProviderReceipt,
  PushProvider,
  SmsProvider,
} from './providers/provider.ts'
export type { NotificationQueue, QueuedNotification } from './queue/notification-queue.ts'
export { normalizeSms } from './segments/normalize-sms.ts'
export { countSmsSegments, type SmsSegments } from './segments/sms-segments.ts'
export type { BulkMessage, BulkOptions, BulkProgress, BulkResult } from './sending/bulk.ts'
export { configureNotifications } from './sending/configure-notifications.ts'
export { createNotifications } from './sending/create-notifications.ts'
export {
  notify,
  renderTemplate,
  sendChat,
  sendEmail,
  sendPush,
  sendSMS,
  trackDelivery,
} from './sending/free-functions.ts'
export { emailJob, notificationJob, pushJob, smsJob } from './sending/message-jobs.ts'
export type { ChatMessage, EmailMessage, PushMessage, SmsMessage } from './sending/messages.ts'
export type { NotificationsOptions } from './sending/notifications-options.ts'
export type { Notifications, RenderOptions } from './sending/notifications.ts'
export type { NotifyOptions, NotifyResult, NotifyUser } from './sending/notify-user.ts'
export type { Suppression, Suppressions } from './suppression/suppressions.ts'
export { defineTemplate } from './templates/define-template.ts'
export type { TemplateEngine } from './templates/template-engine.ts'
export type { NotificationTemplate, TemplateDefinition } from './templates/template.ts'
export type { RenderedTemplate } from './templates/templates.ts'
export type { MessageAnalysis, MessageFigures } from './tracking/analyze-messages.ts'
export type { DeliveryEvent } from './tracking/delivery-event.ts'
export { createLinks, type LinksOptions, type LinkWriter } from './tracking/links.ts'
export type { MessageQuery } from './tracking/list-messages.ts'
export type { MessageStatus } from './tracking/message-record.ts'
export type { TrackedMessage } from './tracking/tracked-message.ts'
export type { ReadWebhook, WebhookReader } from './tracking/webhook-reader.ts'
