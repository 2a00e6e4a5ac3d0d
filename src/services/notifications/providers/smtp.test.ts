import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import PostalMime from 'postal-mime'
import { SMTPServer, type SMTPSession } from 'smtp-server'
import { afterEach, expect, test } from 'vitest'
import {
  fullEmail,
  outgoingEmail,
} from '../../../../test/support/notifications/outgoing-messages.ts'
import { providerContext } from '../../../../test/support/notifications/provider-context.ts'
import { createTlsIdentity } from '../../../../test/support/notifications/tls-identity.ts'
import { connectSocket } from '../../../runtime/platforms/node/connect-socket.ts'
import { smtp, type SmtpConnect } from './smtp.ts'

const identity = await createTlsIdentity()
const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

/** Trusts the servers of this file. */
const connect: SmtpConnect = (address, options) =>
  connectSocket(address, { ...options, ca: identity.cert })

const LOCAL = 'off: only for a server on this machine'

interface Received {
  readonly message: string
  readonly session: SMTPSession
  readonly signedInAs: string | null
}

type ServerOptions = ConstructorParameters<typeof SMTPServer>[0]

/** A real SMTP server that keeps what it gets. */
async function startServer(options: ServerOptions = {}) {
  const received: Received[] = []
  let signedInAs: string | null = null
  const server = new SMTPServer({
    ...identity,
    authOptional: true,
    onAuth({ username, password }, _session, callback) {
      if (password !== 'pass')
        return callback(Object.assign(new Error('No'), { responseCode: 535 }))
      signedInAs = username
      callback(null, { user: username })
    },
    onData(stream, session, callback) {
      let message = ''
      // The server empties it once the message is taken.
      const envelope = structuredClone(session.envelope)
      stream.setEncoding('latin1')
      stream.on('data', (chunk: string) => (message += chunk))
      stream.on('end', () => {
        received.push({
          message,
          session: { ...session, envelope, secure: session.secure },
          signedInAs,
        })
        callback()
      })
    },
    ...options,
  })
  server.on('error', () => undefined)
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  closers.push(() => new Promise((done) => server.close(done)))
  // A server that listens on TCP has an address of this form.
  return { port: (server.server.address() as AddressInfo).port, received }
}

test.each([
  ['STARTTLS', { secure: 'starttls' as const }, {}],
  ['TLS from the start', { secure: 'tls' as const }, { secure: true }],
])('smtp() signs in over %s and hands a whole message over', async (_how, secure, options) => {
  const { port, received } = await startServer(options)
  const provider = smtp({
    host: 'localhost',
    port,
    user: 'shop',
    password: 'pass',
    connect,
    ...secure,
  })
  const email = fullEmail()
  expect(await provider.send(email, providerContext())).toEqual({
    providerMessageId: 'msg_1@example.com',
  })
  const [{ message, session, signedInAs }] = received as [Received]
  expect(signedInAs).toBe('shop')
  expect(session.secure).toBe(true)
  expect(session.envelope.mailFrom).toMatchObject({ address: 'shop@example.com' })
  expect(session.envelope.rcptTo.map(({ address }) => address)).toEqual([
    'ann@example.com',
    'bob@example.com',
    'cc@example.com',
    'bcc@example.com',
  ])
  const mail = await PostalMime.parse(message)
  expect(mail).toMatchObject({
    subject: 'Zażółć 😀',
    from: { address: 'shop@example.com', name: 'Shop, "the" best' },
  })
  expect(mail.attachments.length).toBe(2)
  expect(message).not.toContain('bcc@example.com')
})

test('smtp() signs in by LOGIN where a server has nothing else', async () => {
  const { port, received } = await startServer({ authMethods: ['LOGIN'] })
  const provider = smtp({ host: 'localhost', port, user: 'shop', password: 'pass', connect })
  await provider.send(outgoingEmail(), providerContext())
  expect(received[0]?.signedInAs).toBe('shop')
})

test('lines that are dots, and lines that begin with one, arrive as they were', async () => {
  const { port, received } = await startServer()
  const text = '.\n..\n.x\r\nRCPT TO:<evil@example.com>\n\n.\nend'
  const provider = smtp({ host: 'localhost', port, connect, secure: LOCAL })
  await provider.send(outgoingEmail({ html: null, text }), providerContext())
  expect(received.length).toBe(1)
  const mail = await PostalMime.parse(received[0]?.message ?? '')
  expect(mail.text?.trimEnd()).toBe(text.replaceAll('\r\n', '\n'))
  expect(received[0]?.session.envelope.rcptTo.length).toBe(1)
})

test('an address beyond ASCII goes where the server takes it, and nowhere else', async () => {
  const email = outgoingEmail({ to: [{ email: 'jürgen@example.com' }] })
  const { port, received } = await startServer()
  const able = smtp({ host: 'localhost', port, connect, secure: LOCAL })
  await able.send(email, providerContext())
  expect(received[0]?.session.envelope.rcptTo[0]?.address).toBe('jürgen@example.com')
  const other = await startServer({ hideSMTPUTF8: true })
  const unable = smtp({ host: 'localhost', port: other.port, connect, secure: LOCAL })
  await expect(unable.send(email, providerContext())).rejects.toMatchObject({
    code: 'invalid_recipient',
  })
})

const refuse = (responseCode: number, message: string): Error =>
  Object.assign(new Error(message), { responseCode })

test.each([
  ['a wrong password', {}, 'wrong', { code: 'authentication', vendorCode: '535' }],
  [
    'an unknown recipient',
    { onRcptTo: (_a, _s, done) => done(refuse(550, '5.1.1 user unknown')) },
    'pass',
    { code: 'invalid_recipient', vendorCode: '5.1.1', recipient: 'gone' },
  ],
  [
    'a recipient refused by a rule',
    { onRcptTo: (_a, _s, done) => done(refuse(550, '5.7.1 not from you')) },
    'pass',
    { code: 'invalid_recipient', vendorCode: '5.7.1', recipient: null },
  ],
  [
    // What it says looks like another kind of error; only its code counts.
    'a recipient that is refused for now',
    { onRcptTo: (_a, _s, done) => done(refuse(450, '4.2.1 550 5.1.1 ECONNREFUSED')) },
    'pass',
    { code: 'unavailable', vendorCode: '4.2.1', recipient: null },
  ],
  [
    'a sender that is refused',
    { onMailFrom: (_a, _s, done) => done(refuse(553, '5.7.1 sender rejected')) },
    'pass',
    { code: 'authentication' },
  ],
  [
    'content that is refused',
    {
      onData: (stream, _s, done) =>
        stream.resume().on('end', () => done(refuse(554, '5.6.0 spam'))),
    },
    'pass',
    { code: 'invalid_request', vendorCode: '5.6.0' },
  ],
  [
    'content that is refused for now',
    {
      onData: (stream, _s, done) =>
        stream.resume().on('end', () => done(refuse(451, '4.3.0 later'))),
    },
    'pass',
    { code: 'unavailable' },
  ],
] as const satisfies readonly (readonly [string, ServerOptions, string, object])[])(
  'smtp() says what %s means',
  async (_what, options, password, error) => {
    const { port } = await startServer(options)
    const provider = smtp({ host: 'localhost', port, user: 'shop', password, connect })
    await expect(provider.send(outgoingEmail(), providerContext())).rejects.toMatchObject(error)
  },
)

/** A server of bare lines, which does as it is told at each. */
async function startLines(answer: (line: string, socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>()
  const server: Server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.write('220 ready\r\n')
    let text = ''
    socket.on('data', (chunk) => {
      text += chunk.toString()
      for (let end = text.indexOf('\r\n'); end >= 0; end = text.indexOf('\r\n')) {
        const line = text.slice(0, end)
        text = text.slice(end + 2)
        answer(line, socket)
      }
    })
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  closers.push(
    () =>
      new Promise((done) => {
        server.close(() => done())
        for (const socket of sockets) socket.destroy()
      }),
  )
  return (server.address() as AddressInfo).port
}

function usual(line: string, socket: Socket): void {
  if (line.startsWith('EHLO')) socket.write('250-hi\r\n250 SIZE 1000\r\n')
  else if (/^(?:MAIL|RCPT)/.test(line)) socket.write('250 ok\r\n')
  else if (line === 'DATA') socket.write('354 go\r\n')
}

test('a connection that breaks off after the last line is ambiguous, before it is not', async () => {
  const after = await startLines((line, socket) =>
    line === '.' ? socket.destroy() : usual(line, socket),
  )
  const before = await startLines((line, socket) =>
    line === 'DATA' ? socket.destroy() : usual(line, socket),
  )
  for (const [port, code] of [
    [after, 'ambiguous'],
    [before, 'unavailable'],
    [1, 'unavailable'],
  ] as const) {
    const provider = smtp({ host: '127.0.0.1', port, connect, secure: LOCAL })
    await expect(provider.send(outgoingEmail(), providerContext())).rejects.toMatchObject({ code })
  }
})

test('the signal ends a session: ambiguous only once the message went out', async () => {
  for (const [silentAt, code] of [
    ['.', 'ambiguous'],
    ['MAIL', 'unavailable'],
  ] as const) {
    const stop = new AbortController()
    const port = await startLines((line, socket) => {
      if (line.startsWith(silentAt)) stop.abort(new Error('The time is over'))
      else usual(line, socket)
    })
    const provider = smtp({ host: '127.0.0.1', port, connect, secure: LOCAL })
    const context = providerContext({ signal: stop.signal })
    await expect(provider.send(outgoingEmail(), context)).rejects.toMatchObject({ code })
  }
})

test('smtp() sends nothing in the open: a server without STARTTLS is refused', async () => {
  const lines: string[] = []
  const port = await startLines((line, socket) => {
    lines.push(line)
    if (line === 'STARTTLS') socket.write('502 no\r\n')
    else usual(line, socket)
  })
  const provider = smtp({ host: '127.0.0.1', port, user: 'u', password: 'secret', connect })
  await expect(provider.send(outgoingEmail(), providerContext())).rejects.toMatchObject({
    code: 'authentication',
  })
  expect(lines).toEqual(['EHLO localhost', 'STARTTLS'])
})

test('what a server sends ahead of TLS is not taken for an answer within it', async () => {
  const { port } = await startServer()
  // Between both: adds an answer in the open, right behind that to STARTTLS.
  const proxy = await startProxy(port, (chunk) =>
    chunk.toString().startsWith('220 ') && chunk.toString().includes('TLS')
      ? Buffer.concat([chunk, Buffer.from('250-injected\r\n250 AUTH LOGIN\r\n')])
      : chunk,
  )
  const provider = smtp({ host: 'localhost', port: proxy, user: 'u', password: 'pass', connect })
  // The handshake fails over the foreign bytes, or they are dropped; they never count.
  await provider.send(outgoingEmail(), providerContext()).catch((error: unknown) => {
    expect(error).toMatchObject({ code: 'unavailable' })
  })
})

test('an endless answer ends the session', async () => {
  const port = await startLines((line, socket) => {
    if (line.startsWith('EHLO')) socket.write('250-x\r\n'.repeat(20_000))
  })
  const provider = smtp({ host: '127.0.0.1', port, connect, secure: LOCAL })
  await expect(provider.send(outgoingEmail(), providerContext())).rejects.toMatchObject({
    code: 'unavailable',
  })
})

test.each([
  [{}, 'host is missing'],
  [{ host: 'a\r\nb', connect }, 'host is no name'],
  [{ host: 'a', connect: 5 }, 'connect is absent'],
  [{ host: 'a', connect, port: 70_000 }, 'port is 70000'],
  [{ host: 'a', connect, secure: false }, 'secure is neither'],
  [{ host: 'a', connect, user: 'u' }, 'only one of user and password'],
  [{ host: 'a', connect, pass: 'u' }, 'option "pass" is not known'],
])('smtp(%j) is refused: %s', (options, message) => {
  expect(() => smtp(options as never)).toThrow(message)
})

async function startProxy(to: number, change: (chunk: Buffer) => Buffer): Promise<number> {
  const { connect: open } = await import('node:net')
  const server = createServer((near) => {
    const far = open(to, '127.0.0.1')
    for (const socket of [near, far]) socket.on('error', () => undefined)
    near.pipe(far)
    far.on('data', (chunk: Buffer) => near.write(change(chunk)))
    far.on('end', () => near.end())
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  closers.push(() => new Promise((done) => void server.close(() => done())))
  return (server.address() as AddressInfo).port
}
