import { Readable } from 'node:stream'
import { createTransport } from 'nodemailer'
import { z } from 'zod'
import {
  MAIL_PATH,
  SidecarError,
  type RelayOutcome,
  type RelayStep,
} from '@white-cross/reuse/infrastructure/storage/sidecar'
import type { SidecarLimits } from '../limits.ts'
import { jsonResult } from '../server/answers.ts'
import type { Handler } from '../server/handlers.ts'
import type { SmtpSettings } from '../settings.ts'
import { createWorkPlaces } from '../work/work-places.ts'

/** Relays mail to one SMTP server over connections that stay open. */
export interface MailRelay {
  readonly handlers: ReadonlyMap<string, Handler>
  /** Closes the connections. */
  close(): void
}

const address = z.string().regex(/^[^\s<>]{1,254}@[^\s<>]{1,255}$/u)
const envelopeForm = z.strictObject({ from: address, to: z.array(address).min(1).max(100) })

export function createMailHandlers(
  { host, port, secure, user, password, clientName, ca, connections }: SmtpSettings,
  limits: SidecarLimits['mail'],
): MailRelay {
  const places = createWorkPlaces(limits.places, () => performance.now())
  const transport = createTransport({
    ...{ pool: true, host, port, maxConnections: connections },
    secure: secure === 'tls',
    requireTLS: secure === 'starttls',
    ignoreTLS: secure.startsWith('off'),
    // A message that was handed over twice may arrive twice: who sent it decides.
    maxRequeues: 0,
    disableFileAccess: true,
    disableUrlAccess: true,
    connectionTimeout: limits.deadlineMs / 4,
    greetingTimeout: limits.deadlineMs / 4,
    socketTimeout: limits.deadlineMs,
    ...(ca !== undefined && { tls: { ca } }),
    ...(clientName !== undefined && { name: clientName }),
    ...(user !== undefined && password !== undefined && { auth: { user, pass: password } }),
  })
  // What happens to idle connections is told when the next message needs one.
  transport.on('error', () => undefined)

  async function relay(body: Uint8Array): Promise<RelayOutcome> {
    const end = body.indexOf(0x0a)
    const envelope = envelopeOf(new TextDecoder().decode(body.subarray(0, Math.max(end, 0))))
    let wasRead = false
    // It is asked for only once the server has taken the envelope.
    const raw = Readable.from(
      (function* () {
        wasRead = true
        yield body.subarray(end + 1)
      })(),
    )
    try {
      const { rejected } = await transport.sendMail({ envelope, raw })
      return rejected.length === 0 ? { outcome: 'sent' } : { outcome: 'ambiguous' }
    } catch (error) {
      return outcomeOf(error, wasRead)
    }
  }

  const handler: Handler = async ({ body, parameters }) => {
    if (!z.strictObject({}).safeParse(parameters).success)
      throw new SidecarError('invalid_operation', 'Cannot relay mail: it takes no parameters')
    return places.run(async () => {
      const message = await body()
      if (message.length > limits.bytes)
        throw new SidecarError('input_too_large', 'Cannot relay mail: it is too large')
      return jsonResult(await relay(message))
    })
  }
  return { handlers: new Map([[MAIL_PATH, handler]]), close: () => transport.close() }
}

function envelopeOf(line: string): z.infer<typeof envelopeForm> {
  try {
    return envelopeForm.parse(JSON.parse(line))
  } catch {
    // What the parser says quotes addresses.
    throw new SidecarError('invalid_operation', 'Cannot relay mail: its envelope is malformed')
  }
}

/** How nodemailer names the commands of a session. */
const STEPS: readonly (readonly [RegExp, RelayStep])[] = [
  [/^AUTH/, 'authentication'],
  [/^MAIL/, 'from'],
  [/^RCPT/, 'recipient'],
  [/^DATA/, 'data'],
]

function outcomeOf(error: unknown, wasRead: boolean): RelayOutcome {
  const { command, responseCode, response } = error as {
    readonly command?: unknown
    readonly responseCode?: unknown
    readonly response?: unknown
  }
  const reply = typeof responseCode === 'number' ? responseCode : null
  if (reply === null && wasRead) return { outcome: 'ambiguous' }
  const [, step] = STEPS.find(([form]) => form.test(String(command))) ?? [
    null,
    'connection' as const,
  ]
  const [, enhanced] = /^\d{3}[ -](\d\.\d{1,3}\.\d{1,3})\b/.exec(String(response)) ?? []
  return { outcome: 'refused', step, reply, enhanced: enhanced ?? null }
}
