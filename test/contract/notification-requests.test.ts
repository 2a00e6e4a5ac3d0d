import { createRequire } from 'node:module'
import type * as SesSdk from '@aws-sdk/client-sesv2'
import type * as SnsSdk from '@aws-sdk/client-sns'
import sendgridMail from '@sendgrid/mail'
import Mailgun from 'mailgun.js'
import { ServerClient } from 'postmark'
import { Resend } from 'resend'
import { Auth } from '@vonage/auth'
import { Messages, SMS } from '@vonage/messages'
import twilioClient from 'twilio'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { OutgoingEmail } from '../../src/services/notifications/channels/email-message.ts'
import { formatMailbox } from '../../src/services/notifications/addresses/format-mailbox.ts'
import { asciiMailbox } from '../../src/services/notifications/mime/header-field.ts'
import { mailgun } from '../../src/services/notifications/providers/mailgun.ts'
import { postmark } from '../../src/services/notifications/providers/postmark.ts'
import type { EmailProvider } from '../../src/services/notifications/providers/provider.ts'
import { resend } from '../../src/services/notifications/providers/resend.ts'
import { sendgrid } from '../../src/services/notifications/providers/sendgrid.ts'
import { ses } from '../../src/services/notifications/providers/ses.ts'
import { sns } from '../../src/services/notifications/providers/sns.ts'
import { twilio } from '../../src/services/notifications/providers/twilio.ts'
import { vonage } from '../../src/services/notifications/providers/vonage.ts'
import {
  fullEmail,
  outgoingEmail,
  outgoingSms,
} from '../support/notifications/outgoing-messages.ts'
import { providerContext } from '../support/notifications/provider-context.ts'
import { hasVendorSchemas, schemaFaults } from '../support/notifications/vendor-schema.ts'
import {
  startVendorRecorder,
  type RecordedRequest,
  type VendorRecorder,
} from '../support/notifications/vendor-recorder.ts'

// Its modules for bundlers name files without their endings, which Node does not load.
const require = createRequire(import.meta.url)
const { SESv2Client, SendEmailCommand } = require('@aws-sdk/client-sesv2') as typeof SesSdk
const { PublishCommand, SNSClient } = require('@aws-sdk/client-sns') as typeof SnsSdk

let recorder: VendorRecorder
const context = providerContext()
const aws = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret', region: 'eu-west-1' }

beforeAll(async () => {
  recorder = await startVendorRecorder()
})
afterAll(() => recorder.close())

/** What our provider sends. */
async function ours(provider: EmailProvider, email: OutgoingEmail): Promise<RecordedRequest> {
  await provider.send(email, context)
  return recorder.take()
}

function json({ body }: RecordedRequest): Record<string, unknown> {
  return JSON.parse(body.toString())
}

test.each([
  ['a plain e-mail', outgoingEmail()],
  ['one with everything', fullEmail()],
])("sendgrid() sends %s as SendGrid's own library does, by its schema", async (_what, email) => {
  recorder.answer(202, '', { 'x-message-id': 'sg-1' })
  const request = await ours(sendgrid({ apiKey: 'SG.key', baseUrl: recorder.url }), email)
  sendgridMail.setApiKey('SG.key')
  // The library's client is typed without the setting that it documents.
  ;(
    sendgridMail as unknown as { client: { setDefaultRequest(key: string, value: string): void } }
  ).client.setDefaultRequest('baseUrl', `${recorder.url}/`)
  await sendgridMail.send({
    from: email.from,
    to: [...email.to],
    cc: [...email.cc],
    bcc: [...email.bcc],
    ...(email.replyTo.length > 0 && { replyToList: [...email.replyTo] }),
    subject: email.subject,
    text: email.text ?? '',
    html: email.html ?? '',
    headers: { ...email.headers },
    customArgs: { ...email.tags, reuse_id: email.id },
    attachments: email.attachments.map(({ filename, contentType, contentId, bytes }) => ({
      filename,
      type: contentType,
      content: Buffer.from(bytes).toString('base64'),
      disposition: contentId === null ? 'attachment' : 'inline',
      // The library hands files on as they are, and the API wants this name.
      ...(contentId !== null && { content_id: contentId }),
    })),
    ...(email.providerTracking !== null && {
      trackingSettings: {
        clickTracking: { enable: false, enableText: false },
        openTracking: { enable: false },
      },
    }),
  })
  const theirs = recorder.take()
  expect(request.path).toBe(theirs.path)
  expect(request.headers.authorization).toBe(theirs.headers.authorization)
  const expected = json(theirs)
  // The library repeats the arguments where the whole message may have some.
  const personalization = (expected['personalizations'] as Record<string, unknown>[])[0]
  expect(json(request)).toEqual({
    ...without(expected, 'custom_args', 'headers'),
    personalizations: [{ ...personalization, custom_args: expected['custom_args'] }],
    ...(Object.keys(email.headers).length > 0 && { headers: expected['headers'] }),
  })
  if (hasVendorSchemas())
    expect(schemaFaults('sendgrid', 'POST /v3/mail/send', json(request))).toEqual([])
})

test.each([
  ['a plain e-mail', outgoingEmail()],
  ['one with everything', fullEmail()],
])("resend() sends %s as Resend's own library does, by its schema", async (_what, email) => {
  recorder.answer(200, { id: 're-1' })
  const request = await ours(resend({ apiKey: 're_key', baseUrl: recorder.url }), email)
  const client = new Resend('re_key', { baseUrl: recorder.url })
  await client.emails.send(
    {
      from: formatMailbox(email.from),
      to: email.to.map(formatMailbox),
      ...(email.cc.length > 0 && { cc: email.cc.map(formatMailbox) }),
      ...(email.bcc.length > 0 && { bcc: email.bcc.map(formatMailbox) }),
      ...(email.replyTo.length > 0 && { replyTo: email.replyTo.map(formatMailbox) }),
      subject: email.subject,
      html: email.html ?? '',
      text: email.text ?? '',
      ...(email.attachments.length > 0 && {
        attachments: email.attachments.map(({ filename, contentType, contentId, bytes }) => ({
          filename,
          content: Buffer.from(bytes).toString('base64'),
          contentType,
          ...(contentId !== null && { contentId }),
        })),
      }),
      ...(Object.keys(email.headers).length > 0 && { headers: { ...email.headers } }),
      tags: Object.entries({ ...email.tags, reuse_id: email.id }).map(([name, value]) => ({
        name,
        value,
      })),
    },
    { idempotencyKey: email.id },
  )
  const theirs = recorder.take()
  expect(request.path).toBe(theirs.path)
  for (const name of ['authorization', 'idempotency-key', 'content-type'])
    expect(request.headers[name]).toBe(theirs.headers[name])
  expect(json(request)).toEqual(json(theirs))
  if (hasVendorSchemas()) expect(schemaFaults('resend', 'POST /emails', json(request))).toEqual([])
})

test("resend() sends batches as Resend's schema has them", async () => {
  recorder.answer(200, { data: [{ id: 're-1' }, { id: 're-2' }] })
  const provider = resend({ apiKey: 're_key', baseUrl: recorder.url })
  const emails = [outgoingEmail(), outgoingEmail({ id: 'msg_2' })]
  expect(await provider.batch?.send(emails, context)).toEqual([
    { providerMessageId: 're-1' },
    { providerMessageId: 're-2' },
  ])
  const request = recorder.take()
  expect(request.path).toBe('/emails/batch')
  if (hasVendorSchemas())
    expect(schemaFaults('resend', 'POST /emails/batch', json(request))).toEqual([])
})

test("postmark() sends as Postmark's own library does", async () => {
  recorder.answer(200, { MessageID: 'pm-1', ErrorCode: 0 })
  const email = fullEmail()
  const request = await ours(postmark({ serverToken: 'token', baseUrl: recorder.url }), email)
  const { host } = new URL(recorder.url)
  const client = new ServerClient('token', { requestHost: host, useHttps: false })
  await client.sendEmail({
    From: formatMailbox(email.from),
    To: email.to.map(formatMailbox).join(', '),
    Cc: email.cc.map(formatMailbox).join(', '),
    Bcc: email.bcc.map(formatMailbox).join(', '),
    ReplyTo: email.replyTo.map(formatMailbox).join(', '),
    Subject: email.subject,
    HtmlBody: email.html ?? '',
    TextBody: email.text ?? '',
    Headers: Object.entries(email.headers).map(([Name, Value]) => ({ Name, Value })),
    Attachments: email.attachments.map(({ filename, contentType, contentId, bytes }) => ({
      Name: filename,
      Content: Buffer.from(bytes).toString('base64'),
      ContentType: contentType,
      ContentID: contentId === null ? null : `cid:${contentId}`,
    })),
    Metadata: { ...email.tags, reuse_id: email.id },
    TrackOpens: false,
    // The library's enumeration is of these texts.
    TrackLinks: 'None' as never,
  })
  const theirs = recorder.take()
  expect(request.path).toBe(theirs.path)
  expect(request.headers['x-postmark-server-token']).toBe('token')
  const expected = json(theirs)
  const attachments = (expected['Attachments'] as Record<string, unknown>[]).map((file) =>
    file['ContentID'] === null ? without(file, 'ContentID') : file,
  )
  expect(json(request)).toEqual({ ...expected, Attachments: attachments })
})

test("mailgun() sends the fields that Mailgun's own library does", async () => {
  recorder.answer(200, { id: '<mg-1@mg.example.com>', message: 'Queued' })
  const email = fullEmail()
  const provider = mailgun({ apiKey: 'key', domain: 'mg.example.com', baseUrl: recorder.url })
  expect(await provider.send(email, context)).toEqual({ providerMessageId: 'mg-1@mg.example.com' })
  const request = recorder.take()
  const client = new Mailgun(FormData).client({ username: 'api', key: 'key', url: recorder.url })
  await client.messages.create('mg.example.com', {
    from: formatMailbox(email.from),
    to: email.to.map(formatMailbox),
    cc: email.cc.map(formatMailbox),
    bcc: email.bcc.map(formatMailbox),
    'h:Reply-To': email.replyTo.map(formatMailbox).join(', '),
    subject: email.subject,
    text: email.text ?? '',
    html: email.html ?? '',
    attachment: [{ data: Buffer.from([1, 2, 3]), filename: 'bill.pdf' }],
    inline: [{ data: Buffer.from([4, 5]), filename: 'logo' }],
    'h:X-Order': '42',
    'v:campaign': 'spring',
    'v:reuse_id': email.id,
    'o:tracking-clicks': 'no',
    'o:tracking-opens': 'no',
  })
  const theirs = recorder.take()
  expect(request.path).toBe(theirs.path)
  expect(request.headers.authorization).toBe(theirs.headers.authorization)
  expect(await fieldsOf(request)).toEqual(await fieldsOf(theirs))
})

test('ses() sends as the SDK of AWS does, and signs as it does', async () => {
  recorder.answer(200, { MessageId: 'ses-1' })
  const email = fullEmail()
  const provider = ses({ ...aws, configurationSet: 'events', baseUrl: recorder.url })
  expect(await provider.send(email, context)).toEqual({ providerMessageId: 'ses-1' })
  const request = recorder.take()
  const client = new SESv2Client({
    region: aws.region,
    endpoint: recorder.url,
    credentials: { ...aws },
  })
  await client.send(
    new SendEmailCommand({
      FromEmailAddress: asciiMailbox(email.from),
      Destination: {
        ToAddresses: email.to.map(asciiMailbox),
        CcAddresses: email.cc.map(asciiMailbox),
        BccAddresses: email.bcc.map(asciiMailbox),
      },
      ReplyToAddresses: email.replyTo.map(asciiMailbox),
      Content: {
        Simple: {
          Subject: { Data: email.subject, Charset: 'UTF-8' },
          Body: {
            Text: { Data: email.text ?? '', Charset: 'UTF-8' },
            Html: { Data: email.html ?? '', Charset: 'UTF-8' },
          },
          Headers: [{ Name: 'X-Order', Value: '42' }],
          Attachments: email.attachments.map(({ filename, contentType, contentId, bytes }) => ({
            RawContent: bytes,
            FileName: filename,
            ContentType: contentType,
            ContentTransferEncoding: 'BASE64',
            ContentDisposition: contentId === null ? 'ATTACHMENT' : 'INLINE',
            ...(contentId !== null && { ContentId: contentId }),
          })),
        },
      },
      EmailTags: [
        { Name: 'campaign', Value: 'spring' },
        { Name: 'reuse_id', Value: email.id },
      ],
      ConfigurationSetName: 'events',
    }),
  )
  const theirs = recorder.take()
  expect(request.path).toBe(theirs.path)
  expect(json(request)).toEqual(json(theirs))
  expect(scopeOf(request)).toBe(scopeOf(theirs))
})

test('sns() sends the form that the SDK of AWS does', async () => {
  const answer =
    '<PublishResponse><PublishResult><MessageId>sns-1</MessageId></PublishResult></PublishResponse>'
  recorder.answer(200, answer, { 'content-type': 'text/xml' })
  const provider = sns({ ...aws, from: 'Shop', baseUrl: recorder.url })
  const sms = outgoingSms({ text: 'Zażółć & 100 %' })
  expect(await provider.send(sms, context)).toEqual({ providerMessageId: 'sns-1' })
  const request = recorder.take()
  const client = new SNSClient({
    region: aws.region,
    endpoint: recorder.url,
    credentials: { ...aws },
  })
  await client.send(
    new PublishCommand({
      PhoneNumber: sms.to,
      Message: sms.text,
      MessageAttributes: {
        'AWS.SNS.SMS.SMSType': { DataType: 'String', StringValue: 'Transactional' },
        'AWS.SNS.SMS.SenderID': { DataType: 'String', StringValue: 'Shop' },
      },
    }),
  )
  const theirs = recorder.take()
  expect(form(request)).toEqual(form(theirs))
  expect(scopeOf(request)).toBe(scopeOf(theirs))
})

test("twilio() sends the form that Twilio's own library does, by its schema", async () => {
  recorder.answer(201, { sid: 'SM1', status: 'queued' })
  const accountSid = `AC${'0'.repeat(32)}`
  const sms = outgoingSms({
    from: '+15550100',
    text: 'Zażółć & 100 %',
    mediaUrls: ['https://example.com/a.png', 'https://example.com/b.png'],
  })
  const provider = twilio({
    accountSid,
    authToken: 'token',
    statusCallback: 'https://example.com/hooks/twilio?x=1',
    baseUrl: recorder.url,
  })
  expect(await provider.send(sms, context)).toEqual({ providerMessageId: 'SM1' })
  const request = recorder.take()
  const client = twilioClient(accountSid, 'token')
  const { httpClient } = client
  const send = httpClient.request.bind(httpClient)
  httpClient.request = (options) =>
    send({ ...options, uri: options.uri.replace('https://api.twilio.com', recorder.url) })
  await client.messages.create({
    to: sms.to,
    from: '+15550100',
    body: sms.text,
    mediaUrl: [...sms.mediaUrls],
    statusCallback: 'https://example.com/hooks/twilio?x=1&message=msg_1',
  })
  const theirs = recorder.take()
  expect(request.path).toBe(theirs.path)
  expect(request.headers.authorization).toBe(theirs.headers.authorization)
  expect(form(request)).toEqual(form(theirs))
  if (!hasVendorSchemas()) return
  const operation = 'POST /2010-04-01/Accounts/{AccountSid}/Messages.json'
  expect(schemaFaults('twilio', operation, Object.fromEntries(form(request)))).toEqual([])
})

test("vonage() sends what Vonage's own library does", async () => {
  recorder.answer(202, { message_uuid: 'v-1' })
  const sms = outgoingSms({ from: '+15550100', text: 'Zażółć' })
  const provider = vonage({
    apiKey: 'key',
    apiSecret: 'secret',
    statusCallback: 'https://example.com/hooks/vonage',
    baseUrl: recorder.url,
  })
  expect(await provider.send(sms, context)).toEqual({ providerMessageId: 'v-1' })
  const request = recorder.take()
  const client = new Messages(new Auth({ apiKey: 'key', apiSecret: 'secret' }), {
    apiHost: recorder.url,
  })
  await client.send(
    new SMS({
      to: '48123456789',
      from: '15550100',
      text: sms.text,
      clientRef: sms.id,
      webhookUrl: 'https://example.com/hooks/vonage',
      webhookVersion: 'v1',
    } as ConstructorParameters<typeof SMS>[0]),
  )
  const theirs = recorder.take()
  expect(request.path).toBe(theirs.path)
  expect(request.headers.authorization).toBe(theirs.headers.authorization)
  expect(json(request)).toEqual(json(theirs))
})

function form({ body }: RecordedRequest): (readonly [string, string | string[]])[] {
  const read = new URLSearchParams(body.toString())
  return [...new Set(read.keys())].toSorted().map((key) => {
    const values = read.getAll(key)
    return [key, values.length > 1 || key === 'MediaUrl' ? values : (values[0] ?? '')]
  })
}

async function fieldsOf({ body, headers }: RecordedRequest): Promise<unknown> {
  const type = headers['content-type'] ?? ''
  const read = await new Response(new Uint8Array(body), {
    headers: { 'content-type': type },
  }).formData()
  const fields = await Promise.all(
    [...read].map(async ([name, value]) =>
      typeof value === 'string'
        ? [name, value]
        : [name, value.name, Buffer.from(await value.arrayBuffer()).toString('hex')],
    ),
  )
  return fields.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
}

/** For whom a signature of AWS counts, without its day. */
function scopeOf({ headers }: RecordedRequest): string {
  return (
    /Credential=(\w+)\/\d{8}\/([\w-]+\/\w+\/aws4_request),/
      .exec(headers.authorization ?? '')
      ?.slice(1)
      .join(' ') ?? ''
  )
}

function without(value: Record<string, unknown>, ...keys: string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).filter(([key]) => !keys.includes(key)))
}
