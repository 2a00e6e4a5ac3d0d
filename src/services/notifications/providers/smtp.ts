import { checkOptions } from '../../../primitives/check-options.ts'
import { encodeBase64 } from '../../../primitives/base64.ts'
import { checkInteger } from '../../../primitives/check-range.ts'
import { encodeUtf8 } from '../../../primitives/utf8.ts'
import type { OutgoingEmail } from '../channels/email-message.ts'
import { writeMimeMessage } from '../mime/mime-message.ts'
import { NotificationError, type NotificationErrorCode } from '../notification-error.ts'
import { untilAborted } from './requests/until-aborted.ts'
import type { EmailProvider } from './provider.ts'
import {
  createSmtpLines,
  type SmtpConnect,
  type SmtpLines,
  type SmtpReply,
  type SmtpSocket,
} from './smtp/smtp-connection.ts'

export { InfrastructureError } from '../../../runtime/ports/infrastructure-error.ts'
export { NotificationError, type NotificationErrorCode } from '../notification-error.ts'
export type { SmtpConnect, SmtpSocket } from './smtp/smtp-connection.ts'

/** What {@link smtp} needs. */
export interface SmtpOptions {
  readonly host: string
  /** Default 587, or 465 with `secure: 'tls'`. */
  readonly port?: number
  /**
   * How the connection is kept secret. Default `starttls`, which is required and not merely tried.
   */
  readonly secure?: 'starttls' | 'tls' | 'off: only for a server on this machine'
  readonly user?: string
  readonly password?: string
  /**
   * Opens connections: `connect` of `cloudflare:sockets`, or `connectSocket` of `…/runtime/node`.
   */
  readonly connect: SmtpConnect
  /** How the sender calls itself. Default `localhost`. */
  readonly clientName?: string
}

const NAME = 'smtp'

/** What each part of a session means when it is refused for good. */
const REFUSALS = {
  greeting: 'unavailable',
  hello: 'unavailable',
  starttls: 'authentication',
  auth: 'authentication',
  from: 'authentication',
  recipient: 'invalid_recipient',
  data: 'invalid_request',
} as const satisfies Record<string, NotificationErrorCode>

type Step = keyof typeof REFUSALS

/**
 * Sends e-mail through an SMTP server (RFC 5321), one connection a message. A message whose last
 * line went out without an answer is `ambiguous`; before that nothing was sent.
 *
 * @example
 * import { connectSocket } from '@white-cross/reuse/infrastructure/runtime/node'
 * createNotifications({
 *   backend,
 *   from,
 *   email: [smtp({ host: 'mail.example.com', user, password, connect: connectSocket })],
 * })
 *
 * @throws TypeError or RangeError when an option is malformed
 */
export function smtp(options: SmtpOptions): EmailProvider {
  checkOptions(
    'create smtp()',
    options,
    ['host', 'connect'],
    ['port', 'secure', 'user', 'password', 'clientName'],
  )
  const { host, secure = 'starttls', user, password, connect, clientName = 'localhost' } = options
  const port = checkInteger(
    'create smtp()',
    'port',
    options.port ?? (secure === 'tls' ? 465 : 587),
    1,
    65_535,
  )
  for (const [name, value] of Object.entries({ host, clientName }))
    if (typeof value !== 'string' || !/^[\w.:[\]-]{1,255}$/.test(value))
      throw new TypeError(`Cannot create smtp(): ${name} is no name of a host`)
  if (typeof connect !== 'function')
    throw new TypeError(
      "Cannot create smtp(): connect is absent, that of cloudflare:sockets or connectSocket of the package's runtime/node expected",
    )
  if (!['starttls', 'tls', 'off: only for a server on this machine'].includes(secure))
    throw new TypeError("Cannot create smtp(): secure is neither 'starttls' nor 'tls'")
  if ((user === undefined) !== (password === undefined))
    throw new TypeError('Cannot create smtp(): only one of user and password is given')

  return {
    name: NAME,
    limits: { bytes: 25_000_000, recipients: 100, unicodeAddresses: true },
    async send(email, { clock, random, signal }) {
      const message = writeMimeMessage(email, { now: clock.now(), random })
      const transport = secure === 'tls' ? 'on' : secure === 'starttls' ? 'starttls' : 'off'
      const session: Session = { sent: false }
      if (signal.aborted) throw failure('unavailable', signal.reason)
      const close = (): void => void session.socket?.close().catch(() => undefined)
      signal.addEventListener('abort', close, { once: true })
      try {
        session.socket = connect(
          { hostname: host, port },
          { secureTransport: transport, allowHalfOpen: false },
        )
        await untilAborted(converse(session, email, message), signal)
        return { providerMessageId: `${email.id}@${domainOf(email.from.email)}` }
      } catch (cause) {
        if (cause instanceof NotificationError) throw cause
        throw failure(session.sent ? 'ambiguous' : 'unavailable', cause)
      } finally {
        signal.removeEventListener('abort', close)
        close()
      }
    },
  }

  async function converse(session: Session, email: OutgoingEmail, message: string): Promise<void> {
    let lines = createSmtpLines(open(session))
    expect('greeting', await lines.reply(), 220)
    let features = await hello(lines, clientName)
    if (secure === 'starttls') {
      expect('starttls', await ask(lines, 'STARTTLS'), 220)
      lines.release()
      session.socket = open(session).startTls({ expectedServerHostname: host })
      lines = createSmtpLines(open(session))
      features = await hello(lines, clientName)
    }
    if (user !== undefined && password !== undefined) await signIn(lines, features, user, password)
    const recipients = [...email.to, ...email.cc, ...email.bcc]
    const unicode = [email.from, ...recipients].some(
      (mailbox) => !/^\p{ASCII}*$/u.test(mailbox.email),
    )
    if (unicode && !features.has('SMTPUTF8'))
      throw new NotificationError(
        'invalid_recipient',
        `Cannot send through ${NAME}: an address is not ASCII, and the server takes no other`,
        { provider: NAME },
      )
    const sender = `MAIL FROM:<${email.from.email}>${unicode ? ' SMTPUTF8' : ''}`
    expect('from', await ask(lines, sender), 250)
    // All or none: what is refused here for one recipient is sent to nobody.
    for (const mailbox of recipients)
      expect('recipient', await ask(lines, `RCPT TO:<${mailbox.email}>`), 250, 251)
    expect('data', await ask(lines, 'DATA'), 354)
    session.sent = true
    await lines.write(`${message.replaceAll(/^\./gm, '..')}.\r\n`)
    const reply = await lines.reply()
    session.sent = false
    expect('data', reply, 250)
    // The server has it; how it says goodbye does not matter.
    await lines.write('QUIT\r\n').catch(() => undefined)
  }
}

/** One connection, and whether a whole message has gone out on it. */
interface Session {
  socket?: SmtpSocket
  sent: boolean
}

function open({ socket }: Session): SmtpSocket {
  if (socket === undefined) throw new Error('There is no connection')
  return socket
}

async function ask(lines: SmtpLines, command: string): Promise<SmtpReply> {
  await lines.write(`${command}\r\n`)
  return lines.reply()
}

/** @returns What the server can do, by its keywords in capitals */
async function hello(lines: SmtpLines, name: string): Promise<ReadonlyMap<string, string>> {
  const reply = await ask(lines, `EHLO ${name}`)
  expect('hello', reply, 250)
  return new Map(
    reply.lines.slice(1).map((line) => {
      const [keyword = '', ...rest] = line.split(' ')
      return [keyword.toUpperCase(), rest.join(' ').toUpperCase()]
    }),
  )
}

async function signIn(
  lines: SmtpLines,
  features: ReadonlyMap<string, string>,
  user: string,
  password: string,
): Promise<void> {
  const base64 = (text: string): string => encodeBase64(encodeUtf8(text))
  const ways = (features.get('AUTH') ?? '').split(' ')
  if (!ways.includes('PLAIN') && ways.includes('LOGIN')) {
    expect('auth', await ask(lines, 'AUTH LOGIN'), 334)
    expect('auth', await ask(lines, base64(user)), 334)
    expect('auth', await ask(lines, base64(password)), 235)
    return
  }
  expect('auth', await ask(lines, `AUTH PLAIN ${base64(`\0${user}\0${password}`)}`), 235)
}

function expect(step: Step, reply: SmtpReply, ...codes: readonly number[]): void {
  if (codes.includes(reply.code)) return
  const { code, enhanced } = reply
  // 4xx: not now. 5xx: not ever, of what the step is about.
  const forGood = code >= 500
  const vendorCode = enhanced ?? String(code)
  // What says that there is no such address; 550 alone may as well be a rule of the server's.
  const isAddress = /^5\.1\.(?:1|2|3|6|10)$/.test(vendorCode)
  throw new NotificationError(
    forGood ? REFUSALS[step] : 'unavailable',
    `Cannot send through ${NAME}: the server answered ${vendorCode} to ${step}`,
    {
      provider: NAME,
      vendorCode,
      ...(step === 'recipient' && forGood && isAddress && { recipient: 'gone' }),
    },
  )
}

function failure(code: 'unavailable' | 'ambiguous', cause: unknown): NotificationError {
  const what =
    code === 'ambiguous'
      ? 'the message went out and no answer came, it may have been sent'
      : 'the connection failed, nothing was sent'
  return new NotificationError(code, `Cannot send through ${NAME}: ${what}`, {
    provider: NAME,
    cause,
  })
}

function domainOf(address: string): string {
  return address.slice(address.lastIndexOf('@') + 1)
}
