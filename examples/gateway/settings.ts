import type { WebhooksOptions } from '@white-cross/reuse/infrastructure/webhooks'
import type { NotificationsOptions } from '@white-cross/reuse/infrastructure/notifications'
import { outbox, type Outbox } from '@white-cross/reuse/infrastructure/notifications/outbox'
import { resend } from '@white-cross/reuse/infrastructure/notifications/resend'
import { sendgrid } from '@white-cross/reuse/infrastructure/notifications/sendgrid'
import { readWebhook } from '@white-cross/reuse/infrastructure/webhooks'
import { sendgridWebhook } from '@white-cross/reuse/infrastructure/webhooks/schemes'
import type { PaymentVariables } from './payment-settings.ts'
import type { ClientAddressSource } from '@white-cross/reuse/infrastructure/rate-limiting'
import type { LogThreshold } from '@white-cross/reuse/infrastructure/logging'
import type { RequestLimits } from './access/limit-requests.ts'
import type { OidcOptions } from './access/oidc.ts'
import type { BodyLimits } from './http/read-body.ts'

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
  /** Signs tickets for files, at least 16 bytes. Default: made of the gateway's secret. */
  readonly TICKET_SECRET?: string
  /**
   * What portal tokens, the audit log and requests of jobs are signed with, at least 32 characters.
   * Default: the root key's hash, so that another root key ends them all.
   */
  readonly GATEWAY_SECRET?: string
  /** Takes JWTs of this issuer; `OIDC_AUDIENCE` must be given with it. Default: none. */
  readonly OIDC_ISSUER?: string
  readonly OIDC_AUDIENCE?: string
  /** Where the issuer's keys are. Default: as its discovery document says. */
  readonly OIDC_JWKS_URL?: string
  /** The claim that names the tenant. Default `tenant`. */
  readonly OIDC_TENANT_CLAIM?: string
  /** Whose pages may call the API, with commas, or `*`. Default: nobody's. */
  readonly CORS_ORIGINS?: string
  /** Requests of each key in a minute. Default 1,000. */
  readonly REQUESTS_PER_MINUTE?: string
  /** Requests of all keys of a tenant in a minute. Default 10,000. */
  readonly TENANT_REQUESTS_PER_MINUTE?: string
  /** Requests of a tenant in a day of UTC. Default: no quota. */
  readonly TENANT_REQUESTS_PER_DAY?: string
  /**
   * How many proxies of one's own stand before a server, 1 to 16: the client's address is then what
   * the outermost has added to `x-forwarded-for`. Default: the connection's; on Workers the edge's.
   */
  readonly TRUSTED_PROXIES?: string
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
  readonly secret: string | undefined
  readonly oidc: Omit<OidcOptions, 'clock' | 'fetch'> | undefined
  readonly corsOrigins: readonly string[]
  readonly requests: RequestLimits
  readonly clients: ClientAddressSource
  readonly logging: { readonly level: LogThreshold; readonly otlpUrl: string | undefined }
  readonly notifications: Omit<NotificationsOptions, 'backend'>
  /** What is kept in place of being sent; absent where mails are sent. */
  readonly outbox?: Outbox
  readonly webhooks: Pick<WebhooksOptions, 'retrySchedule' | 'timeout' | 'outbound'>
}

/** @throws RangeError when a variable is malformed, so that a deploy with a wrong one fails at once */
export function readSettings(variables: GatewayVariables): GatewaySettings {
  const {
    ROOT_KEY_SHA256 = '',
    GATEWAY_SECRET = ROOT_KEY_SHA256 === '' ? undefined : ROOT_KEY_SHA256,
    TICKET_SECRET = GATEWAY_SECRET === undefined ? undefined : `tickets ${GATEWAY_SECRET}`,
    RETRY_DELAYS_MS,
    ATTEMPT_TIMEOUT_MS,
    BODY_TIMEOUT_MS,
    LOG_LEVEL = 'info',
    OTLP_URL,
    ALLOW_PRIVATE_RECEIVERS,
  } = variables
  if (!/^(?:[0-9a-f]{64})?$/i.test(ROOT_KEY_SHA256))
    throw new RangeError('Cannot start gateway: ROOT_KEY_SHA256 is not 64 hex digits')
  if (GATEWAY_SECRET !== undefined && GATEWAY_SECRET.length < 32)
    throw new RangeError('Cannot start gateway: GATEWAY_SECRET has fewer than 32 characters')
  return {
    rootKeyHash: ROOT_KEY_SHA256,
    secret: GATEWAY_SECRET,
    oidc: oidcSettings(variables),
    corsOrigins: (variables.CORS_ORIGINS ?? '').split(',').flatMap((text) => text.trim() || []),
    requests: {
      ...limitOf('perMinute', variables, 'REQUESTS_PER_MINUTE'),
      ...limitOf('perMinuteOfTenant', variables, 'TENANT_REQUESTS_PER_MINUTE'),
      ...limitOf('perDayOfTenant', variables, 'TENANT_REQUESTS_PER_DAY'),
    },
    clients: clientsOf(variables),
    ...(TICKET_SECRET !== undefined && { ticketSecret: TICKET_SECRET }),
    bodies: {
      ...(BODY_TIMEOUT_MS !== undefined && {
        timeoutMs: wholeMs('BODY_TIMEOUT_MS', BODY_TIMEOUT_MS),
      }),
    },
    // The logger says which level there is none of.
    logging: { level: LOG_LEVEL as LogThreshold, otlpUrl: OTLP_URL },
    ...notificationSettings(variables),
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
function notificationSettings(
  variables: GatewayVariables,
): Pick<GatewaySettings, 'notifications' | 'outbox'> {
  const { MAIL_FROM, RESEND_KEY, RESEND_WEBHOOK_SECRET, SENDGRID_KEY, SENDGRID_WEBHOOK_KEY } =
    variables
  const email = [
    ...(RESEND_KEY === undefined ? [] : [resend({ apiKey: RESEND_KEY })]),
    ...(SENDGRID_KEY === undefined ? [] : [sendgrid({ apiKey: SENDGRID_KEY })]),
  ]
  const box = outbox()
  const settings: GatewaySettings['notifications'] = {
    email: email.length > 0 ? email : [box],
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
  return { notifications: settings, ...(email.length === 0 && { outbox: box }) }
}

function clientsOf({ TRUSTED_PROXIES: text }: GatewayVariables): ClientAddressSource {
  if (text === undefined) return 'platform'
  if (/^(?:[1-9]|1[0-6])$/.test(text)) return { trustedHops: Number(text) }
  throw new RangeError('Cannot start gateway: TRUSTED_PROXIES is no whole number from 1 to 16')
}

function oidcSettings(variables: GatewayVariables): GatewaySettings['oidc'] {
  const { OIDC_ISSUER, OIDC_AUDIENCE, OIDC_JWKS_URL, OIDC_TENANT_CLAIM } = variables
  if (OIDC_ISSUER === undefined) return undefined
  if (OIDC_AUDIENCE === undefined)
    throw new RangeError('Cannot start gateway: OIDC_ISSUER is there without OIDC_AUDIENCE')
  return {
    issuer: OIDC_ISSUER,
    audience: OIDC_AUDIENCE,
    ...(OIDC_JWKS_URL !== undefined && { jwksUrl: OIDC_JWKS_URL }),
    ...(OIDC_TENANT_CLAIM !== undefined && { tenantClaim: OIDC_TENANT_CLAIM }),
  }
}

type LimitVariable =
  | 'REQUESTS_PER_MINUTE'
  | 'TENANT_REQUESTS_PER_MINUTE'
  | 'TENANT_REQUESTS_PER_DAY'

function limitOf(
  name: keyof RequestLimits,
  variables: GatewayVariables,
  variable: LimitVariable,
): RequestLimits {
  const text = variables[variable]
  if (text === undefined) return {}
  if (/^[1-9]\d{0,8}$/.test(text)) return { [name]: Number(text) }
  throw new RangeError(`Cannot start gateway: ${variable} is no whole number from 1 to 999999999`)
}

function wholeMs(name: string, text: string): number {
  if (/^\d{1,9}$/.test(text.trim())) return Number(text)
  throw new RangeError(
    `Cannot start gateway: ${name} has ${JSON.stringify(text.slice(0, 20))}, whole milliseconds expected`,
  )
}
