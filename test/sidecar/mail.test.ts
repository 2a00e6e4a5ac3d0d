import type { AddressInfo } from 'node:net'
import PostalMime from 'postal-mime'
import { SMTPServer } from 'smtp-server'
import { expect, onTestFinished, test } from 'vitest'
import { smtpRelay } from '@white-cross/reuse/infrastructure/notifications/smtp-relay'
import { createMailHandlers } from '../../sidecar/src/mail/mail-handlers.ts'
import { fullEmail, outgoingEmail } from '../support/notifications/outgoing-messages.ts'
import { providerContext } from '../support/notifications/provider-context.ts'
import { createTlsIdentity } from '../support/notifications/tls-identity.ts'
import { limitsWith, sendSigned, SIDECAR_KEY, useSidecar } from '../support/sidecar.ts'

type SMTPServerOptions = NonNullable<ConstructorParameters<typeof SMTPServer>[0]>

const LOCAL = 'off: only for a server on this machine'

interface Received {
  readonly text: string
  readonly to: readonly string[]
  readonly secure: boolean
}

async function useRelay(
  options: SMTPServerOptions = {},
  settings: { secure?: 'starttls'; ca?: string; user?: string; password?: string } = {},
  deadlineMs = 60_000,
) {
  const received: Received[] = []
  let connections = 0
  const mailServer = new SMTPServer({
    authOptional: true,
    onAuth({ password }, _session, callback) {
      if (password === 'pass') return callback(null, { user: 'shop' })
      callback(Object.assign(new Error('No'), { responseCode: 535 }))
    },
    onData(stream, session, callback) {
      const to = session.envelope.rcptTo.map(({ address }) => address)
      let text = ''
      stream.setEncoding('latin1').on('data', (chunk: string) => (text += chunk))
      stream.on('end', () => {
        received.push({ text, to, secure: session.secure })
        callback()
      })
    },
    ...options,
  })
  mailServer.on('error', () => undefined)
  mailServer.server.on('connection', () => connections++)
  await new Promise<void>((resolve) => mailServer.listen(0, '127.0.0.1', resolve))
  const { port } = mailServer.server.address() as AddressInfo
  const relay = createMailHandlers(
    {
      ...{ host: 'localhost', port, connections: 2 },
      ...{ secure: LOCAL, ...settings },
    },
    limitsWith({ mail: { deadlineMs } }).mail,
  )
  const { server } = await useSidecar({}, { handlers: relay.handlers })
  onTestFinished(async () => {
    relay.close()
    await server.stop(0)
    await new Promise<void>((resolve) => mailServer.close(() => resolve()))
  })
  return {
    received,
    connections: () => connections,
    url: server.url,
    provider: smtpRelay({ url: server.url, ...SIDECAR_KEY }),
  }
}

const refusing = (responseCode: number, message: string): Error =>
  Object.assign(new Error(message), { responseCode })

test('smtpRelay() hands a whole message over, and the connection stays open', async () => {
  const used = await useRelay()
  expect(await used.provider.send(fullEmail(), providerContext())).toEqual({
    providerMessageId: 'msg_1@example.com',
  })
  await used.provider.send(outgoingEmail({ text: '.\n..\nend' }), providerContext())
  const [first, second] = used.received
  expect(first?.to).toEqual([
    'ann@example.com',
    'bob@example.com',
    'cc@example.com',
    'bcc@example.com',
  ])
  expect(first?.text).not.toContain('bcc@example.com')
  expect(await PostalMime.parse(first?.text ?? '')).toMatchObject({ subject: 'Zażółć 😀' })
  expect((await PostalMime.parse(second?.text ?? '')).text?.trimEnd()).toBe('.\n..\nend')
  expect(used.connections()).toBe(1)
})

test('smtpRelay() signs in over STARTTLS, and sends nothing without it', async () => {
  const identity = await createTlsIdentity()
  const settings = {
    secure: 'starttls' as const,
    ca: identity.cert,
    user: 'shop',
    password: 'pass',
  }
  const used = await useRelay({ ...identity }, settings)
  await used.provider.send(outgoingEmail(), providerContext())
  expect(used.received[0]?.secure).toBe(true)
  const wrong = await useRelay({ ...identity }, { ...settings, password: 'other' })
  await expect(wrong.provider.send(outgoingEmail(), providerContext())).rejects.toMatchObject({
    code: 'authentication',
  })
  const plain = await useRelay({ disabledCommands: ['STARTTLS'] }, settings)
  await expect(plain.provider.send(outgoingEmail(), providerContext())).rejects.toMatchObject({
    code: 'unavailable',
  })
  expect(plain.received).toEqual([])
})

test('smtpRelay() says who refused what, as smtp() does', async () => {
  const cases: [SMTPServerOptions, object][] = [
    [
      { onMailFrom: (_from, _session, callback) => callback(refusing(550, '5.7.1 not you')) },
      { code: 'authentication', vendorCode: '5.7.1' },
    ],
    [
      { onRcptTo: (_to, _session, callback) => callback(refusing(550, '5.1.1 nobody')) },
      { code: 'invalid_recipient', recipient: 'gone' },
    ],
    [
      { onRcptTo: (_to, _session, callback) => callback(refusing(450, '4.2.1 later')) },
      { code: 'unavailable', vendorCode: '4.2.1' },
    ],
    [
      {
        onData(stream, _session, callback) {
          stream.resume().on('end', () => callback(refusing(554, '5.6.0 spam')))
        },
      },
      { code: 'invalid_request', vendorCode: '5.6.0' },
    ],
  ]
  for (const [options, expected] of cases) {
    const used = await useRelay(options)
    await expect(used.provider.send(outgoingEmail(), providerContext())).rejects.toMatchObject(
      expected,
    )
  }
})

test('what may have been sent is ambiguous: half of the recipients, or no answer', async () => {
  const half = await useRelay({
    onRcptTo: ({ address }, _session, callback) =>
      callback(address.startsWith('bob') ? refusing(550, '5.1.1 nobody') : null),
  })
  await expect(half.provider.send(fullEmail(), providerContext())).rejects.toMatchObject({
    code: 'ambiguous',
  })
  // Takes the message, and never says so.
  const silent = await useRelay({ onData: (stream) => void stream.resume() }, {}, 2000)
  await expect(silent.provider.send(outgoingEmail(), providerContext())).rejects.toMatchObject({
    code: 'ambiguous',
  })
  const { server } = await useSidecar()
  await server.stop(0)
  const nobody = smtpRelay({ url: server.url, ...SIDECAR_KEY })
  await expect(nobody.send(outgoingEmail(), providerContext())).rejects.toMatchObject({
    code: 'unavailable',
  })
})

test('the relay takes no envelope that is none, and a sidecar without one says so', async () => {
  const used = await useRelay()
  const bodies = [
    '',
    '{}\nx',
    '{"from":"a@b.c","to":["x\\r\\nRCPT TO:<e@f.g>"]}\nx',
    '{"from":"a@b.c","to":[]}\nx',
  ]
  for (const text of bodies) {
    const body = new TextEncoder().encode(text)
    const response = await sendSigned(used.url, '/v1/mail', {}, { body })
    expect(response.status).toBe(400)
  }
  expect(used.received).toEqual([])
  await using bare = await useSidecar()
  const provider = smtpRelay({ url: bare.server.url, ...SIDECAR_KEY })
  await expect(provider.send(outgoingEmail(), providerContext())).rejects.toMatchObject({
    code: 'unavailable',
    vendorCode: 'unsupported',
  })
})
