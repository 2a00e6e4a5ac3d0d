import { checkOptions } from '../../../primitives/check-options.ts'
import { encodeUtf8 } from '../../../primitives/utf8.ts'
import {
  createSidecarCaller,
  parsed,
  type SidecarConnection,
} from '../../../runtime/sidecar/sidecar-caller.ts'
import { SidecarError } from '../../../runtime/sidecar/sidecar-error.ts'
import {
  MAIL_PATH,
  type RelayedMail,
  type RelayOutcome,
  type RelayStep,
} from '../../../runtime/sidecar/relayed-mail.ts'
import { writeMimeMessage } from '../mime/mime-message.ts'
import { NotificationError, type NotificationErrorCode } from '../notification-error.ts'
import type { EmailProvider } from './provider.ts'
import { networkError } from './requests/ask-provider.ts'
import { wasNeverSent } from './requests/was-never-sent.ts'

export { InfrastructureError } from '../../../runtime/ports/infrastructure-error.ts'
export { NotificationError, type NotificationErrorCode } from '../notification-error.ts'
export { SidecarError } from '../../../runtime/sidecar/sidecar-error.ts'
export type { SidecarErrorCode } from '../../../runtime/sidecar/sidecar-wire.ts'
export type { SidecarConnection } from '../../../runtime/sidecar/sidecar-caller.ts'

const NAME = 'smtp-relay'

/** What each part of a session means when it is refused for good. */
const REFUSALS: Readonly<Record<RelayStep, NotificationErrorCode>> = {
  connection: 'unavailable',
  authentication: 'authentication',
  from: 'authentication',
  recipient: 'invalid_recipient',
  data: 'invalid_request',
}

/** What an error of the sidecar's own means; all others say that the message may have been sent. */
const FAILURES: Readonly<Partial<Record<string, NotificationErrorCode>>> = {
  signature_mismatch: 'authentication',
  timestamp_out_of_range: 'authentication',
  replayed: 'authentication',
  invalid_operation: 'invalid_request',
  input_too_large: 'invalid_request',
  unsupported: 'unavailable',
  busy: 'rate_limited',
}

/**
 * Sends e-mail through the sidecar, which keeps connections to an SMTP server open: for Workers,
 * where port 25 is closed and each connection costs a handshake. The sidecar is configured with the
 * server, and sends nowhere else.
 *
 * @example
 * createNotifications({
 *   backend,
 *   from,
 *   email: [smtpRelay({ url: 'https://media.internal', id: 'k1', secret: env.SIDECAR_SECRET })],
 * })
 *
 * @throws TypeError or RangeError when an option is malformed
 */
export function smtpRelay(options: SidecarConnection): EmailProvider {
  checkOptions('create smtpRelay()', options, ['url', 'id', 'secret'], ['fetch', 'clock', 'random'])
  return {
    name: NAME,
    limits: { bytes: 25_000_000, recipients: 100, unicodeAddresses: true },
    async send(email, context) {
      const { fetch, clock, random, signal } = { ...context, ...options }
      if (signal.aborted) throw networkError(NAME, 'unavailable', signal.reason)
      const recipients = [...email.to, ...email.cc, ...email.bcc].map((mailbox) => mailbox.email)
      const envelope: RelayedMail = { from: email.from.email, to: recipients }
      const message = writeMimeMessage(email, { now: clock.now(), random })
      const body = encodeUtf8(`${JSON.stringify(envelope)}\n${message}`)
      const caller = createSidecarCaller({ ...options, fetch, clock, random })
      let outcome: RelayOutcome
      try {
        const reply = await caller.call({ path: MAIL_PATH, parameters: {}, body, signal })
        // It is signed by a sidecar of ours, which answers as the protocol says.
        outcome = parsed(reply.body) as RelayOutcome
      } catch (error) {
        throw failureOf(error)
      }
      if (outcome.outcome === 'sent')
        return { providerMessageId: `${email.id}@${domainOf(email.from.email)}` }
      throw refusalOf(outcome)
    },
  }
}

function refusalOf(
  outcome: Exclude<RelayOutcome, { readonly outcome: 'sent' }>,
): NotificationError {
  if (outcome.outcome === 'ambiguous')
    return new NotificationError(
      'ambiguous',
      `Cannot send through ${NAME}: the server took it for some recipients, or did not answer`,
      { provider: NAME },
    )
  const { step, reply, enhanced } = outcome
  const forGood = reply !== null && reply >= 500
  const vendorCode = enhanced ?? (reply === null ? undefined : String(reply))
  // What says that there is no such address; 550 alone may as well be a rule of the server's.
  const isAddress = /^5\.1\.(?:1|2|3|6|10)$/.test(vendorCode ?? '')
  return new NotificationError(
    forGood ? REFUSALS[step] : 'unavailable',
    `Cannot send through ${NAME}: the server answered ${vendorCode ?? 'nothing'} to ${step}`,
    {
      provider: NAME,
      vendorCode,
      ...(step === 'recipient' && forGood && isAddress && { recipient: 'gone' }),
    },
  )
}

function failureOf(error: unknown): NotificationError {
  if (!(error instanceof SidecarError)) return networkError(NAME, 'ambiguous', error)
  const { code, cause, retryAfterMs } = error
  if (code === 'unreachable')
    return networkError(NAME, wasNeverSent(cause) ? 'unavailable' : 'ambiguous', cause)
  return new NotificationError(
    FAILURES[code] ?? 'ambiguous',
    `Cannot send through ${NAME}: the sidecar says ${code}`,
    {
      provider: NAME,
      vendorCode: code,
      cause: error,
      ...(retryAfterMs !== null && { retryAfterMs }),
    },
  )
}

function domainOf(address: string): string {
  return address.slice(address.lastIndexOf('@') + 1)
}
