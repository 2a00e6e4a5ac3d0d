import type { WebhooksOptions } from '@white-cross/reuse/infrastructure/webhooks'
import type { NotificationsOptions } from '@white-cross/reuse/infrastructure/notifications'
import { outbox } from '@white-cross/reuse/infrastructure/notifications/outbox'
import { resend } from '@white-cross/reuse/infrastructure/notifications/resend'
import { sendgrid } from '@white-cross/reuse/infrastructure/notifications/sendgrid'
import { readWebhook } from '@white-cross/reuse/infrastructure/webhooks'
import { sendgridWebhook } from '@white-cross/reuse/infrastructure/webhooks/schemes'
import type { PaymentVariables } from './payment-settings.ts'
import type { LogThreshold } from '@white-cross/reuse/infrastructure/logging'
import type { BodyLimits } from './read-body.ts'

/** The Worker's variables. */
export interface GatewayVariables extends PaymentVariables {
  /** SHA-256 of the root key, as 64 hex digits; without it there is no root key. */
  readonly ROOT_KEY_SHA256?: string
  /** Waits between attempts in ms, with commas. Default: the service's own schedule. */
  readonly RETRY_DELAYS_MS?: string
  /** Longest time of one attempt in ms. Default: the service's. */
  readonly ATTEMPT_TIMEOUT_MS?: string
  /** Longest time for the body of a request to arrive, in ms. Default 15,000. */
  readonly BODY_TIMEOUT_MS?: string
  /** `for local development`: webhooks may go to this machine and its network. */
  readonly ALLOW_PRIVATE_RECEIVERS?: string
  /** Signs tickets for files, at least 16 bytes. Default: made of the root key's hash. */
  readonly TICKET_SECRET?: string
  /** The least level of the log: `debug`, `warn`, … Default `info`. */
  readonly LOG_LEVEL?: string
  /** A collector of OpenTelemetry that takes logs and traces. Default: none. */
  readonly OTLP_URL?: string
  /** The sender of e-mails that name none. Default: each names its own. */
  readonly MAIL_FROM?: string
  /** Sends e-mail through Resend; its webhooks are taken with the secret. */
  readonly RESEND_KEY?: string
  readonly RESEND_WEBHOOK_SECRET?: string
  /** Sends e-mail through SendGrid; its webhooks are taken with the public key. */
  readonly SENDGRID_KEY?: string
  readonly SENDGRID_WEBHOOK_KEY?: string
}

/** What the gateway takes from its variables. */
export interface GatewaySettings {
  readonly rootKeyHash: string
  readonly bodies: Partial<BodyLimits>
  /** Absent where there is nothing secret to make it of. */
  readonly ticketSecret?: string
  readonly logging: { readonly level: LogThreshold; readonly otlpUrl: string | undefined }
  readonly notifications: Omit<NotificationsOptions, 'backend'>
  readonly webhooks: Pick<WebhooksOptions, 'retrySchedule' | 'timeout' | 'outbound'>
}

/** @throws RangeError when a variable is malformed, so that a deploy with a wrong one fails at once */
export function readSettings(variables: GatewayVariables): GatewaySettings {
  const {
    ROOT_KEY_SHA256 = '',
    TICKET_SECRET = ROOT_KEY_SHA256 === '' ? undefined : `tickets ${ROOT_KEY_SHA256}`,
    RETRY_DELAYS_MS,
    ATTEMPT_TIMEOUT_MS,
    BODY_TIMEOUT_MS,
    LOG_LEVEL = 'info',
    OTLP_URL,
    ALLOW_PRIVATE_RECEIVERS,
  } = variables
  if (!/^(?:[0-9a-f]{64})?$/i.test(ROOT_KEY_SHA256))
    throw new RangeError('Cannot start gateway: ROOT_KEY_SHA256 is not 64 hex digits')
  return {
    rootKeyHash: ROOT_KEY_SHA256,
    ...(TICKET_SECRET !== undefined && { ticketSecret: TICKET_SECRET }),
    bodies: {
      ...(BODY_TIMEOUT_MS !== undefined && {
        timeoutMs: wholeMs('BODY_TIMEOUT_MS', BODY_TIMEOUT_MS),
      }),
    },
    // The logger says which level there is none of.
    logging: { level: LOG_LEVEL as LogThreshold, otlpUrl: OTLP_URL },
    notifications: notificationSettings(variables),
    webhooks: {
      ...(RETRY_DELAYS_MS !== undefined && {
        retrySchedule: RETRY_DELAYS_MS.split(',').map((text) => wholeMs('RETRY_DELAYS_MS', text)),
      }),
      ...(ATTEMPT_TIMEOUT_MS !== undefined && {
        timeout: wholeMs('ATTEMPT_TIMEOUT_MS', ATTEMPT_TIMEOUT_MS),
      }),
      ...(ALLOW_PRIVATE_RECEIVERS === 'for local development' && {
        outbound: { allowPrivateNetworks: ALLOW_PRIVATE_RECEIVERS },
      }),
    },
  }
}

/** Providers with keys, in this order; without any an outbox that only keeps, and says so. */
function notificationSettings(variables: GatewayVariables): GatewaySettings['notifications'] {
  const { MAIL_FROM, RESEND_KEY, RESEND_WEBHOOK_SECRET, SENDGRID_KEY, SENDGRID_WEBHOOK_KEY } =
    variables
  const email = [
    ...(RESEND_KEY === undefined ? [] : [resend({ apiKey: RESEND_KEY })]),
    ...(SENDGRID_KEY === undefined ? [] : [sendgrid({ apiKey: SENDGRID_KEY })]),
  ]
  return {
    email: email.length > 0 ? email : [outbox()],
    ...(MAIL_FROM !== undefined && { from: MAIL_FROM }),
    webhooks: {
      ...(RESEND_WEBHOOK_SECRET !== undefined && {
        resend: (request) =>
          readWebhook(request, { scheme: 'standard', secrets: RESEND_WEBHOOK_SECRET }),
      }),
      ...(SENDGRID_WEBHOOK_KEY !== undefined && {
        sendgrid: (request) =>
          readWebhook(request, { scheme: sendgridWebhook(), secrets: SENDGRID_WEBHOOK_KEY }),
      }),
    },
  }
}

function wholeMs(name: string, text: string): number {
  if (/^\d{1,9}$/.test(text.trim())) return Number(text)
  throw new RangeError(
    `Cannot start gateway: ${name} has ${JSON.stringify(text.slice(0, 20))}, whole milliseconds expected`,
  )
}
