import { UnrecoverableError } from '@white-cross/reuse/infrastructure/background-jobs'
import type { Json } from '@white-cross/reuse/infrastructure/runtime/ports'
import type { Webhooks } from '@white-cross/reuse/infrastructure/webhooks'
import { utf8 } from '../access/digest.ts'
import { ProblemError } from '../http/problem.ts'
import { isListenerUrl } from '../listeners/listener-urls.ts'

/** Who sends what jobs and sagas have to send: signed, and to public addresses alone. */
export interface SignedSender {
  readonly webhooks: Pick<Webhooks, 'deliver'>
  /** What tenants' secrets are made of. Default: nothing can be sent. */
  readonly secret: string | undefined
}

/** One request of a job or a saga. */
export interface SignedRequest {
  readonly url: string
  readonly payload: Json
  /** Sent as `webhook-id`, in its letters: the same for each attempt. */
  readonly id: string
  readonly signal: AbortSignal
}

/**
 * A tenant's own secret, in the form of Standard Webhooks; always the same, and kept nowhere.
 *
 * @throws ProblemError when there is nothing secret to make it of
 */
export async function signingSecretOf(
  { secret }: Pick<SignedSender, 'secret'>,
  tenant: string,
): Promise<string> {
  if (secret === undefined)
    throw new ProblemError(503, 'not_configured', 'There is no secret to sign with here')
  const key = await crypto.subtle.importKey(
    'raw',
    utf8(`jobs ${secret}`),
    { name: 'HMAC', hash: 'SHA-256' },
    false,
    ['sign'],
  )
  const made = new Uint8Array(await crypto.subtle.sign('HMAC', key, utf8(tenant)))
  return `whsec_${btoa(String.fromCharCode(...made))}`
}

/**
 * Sends one request, once.
 *
 * @throws UnrecoverableError when the same again is of no use
 */
export async function sendSigned(
  sender: SignedSender,
  tenant: string,
  request: SignedRequest,
): Promise<Json> {
  const { url, payload, signal } = request
  // Only deliveries are relayed to listeners.
  if (isListenerUrl(url)) throw new UnrecoverableError('The receiver is a listener (url_blocked)')
  const secret = await signingSecretOf(sender, tenant)
  // A signature is made over the id, a dot and more: the id itself may have none.
  const id = request.id.replaceAll(/[^\w-]/g, '_').slice(0, 200)
  const { ok, status, attempt } = await sender.webhooks.deliver({
    url,
    payload,
    id,
    secret,
    signal,
  })
  if (ok) return { status, durationMs: attempt.durationMs }
  const code = attempt.error?.code ?? 'status'
  const message = `The receiver answered ${status ?? 'nothing'} (${code})`
  // Rate limits, conflicts and timeouts pass; what else the receiver refuses it will refuse again.
  const isFinal = status !== null && status >= 400 && status < 500 && !PASSING.has(status)
  if (isFinal || code === 'url_blocked') throw new UnrecoverableError(message)
  throw new Error(message)
}

const PASSING = new Set([408, 409, 425, 429])
