import {
  expectEqual,
  expectRejection,
  expectTrue,
  type Law,
} from '../../../../src/runtime/ports/conformance.ts'
import type { FetchClient } from '../../../../src/runtime/ports/platform/fetch-client.ts'
import { verifyWebhook } from '../../../../src/services/webhooks/receiving/verify-webhook.ts'
import { confirmSnsSubscription } from '../../../../src/services/webhooks/schemes/sns/confirm-sns-subscription.ts'
import { WebhookVerificationError } from '../../../../src/services/webhooks/webhook-verification-error.ts'
import { expectRefusal } from '../../../support/received-webhook.ts'
import { HOSTILE_CERTIFICATES, hostileLinks } from '../../../support/hostile-sns-urls.ts'
import { openSns, SNS_CERTIFICATE, TOPIC } from '../../../support/sns-fixture.ts'
import { generateKeys, issueCertificate, PURPOSES } from '../../../support/test-certificates.ts'

/** What is accepted and refused of Amazon SNS, with certificates made for the run. */
export const snsLaws: readonly Law<null>[] = [
  {
    name: 'snsWebhook() accepts what SNS signs for the topic, in both versions, and asks for the certificate once',
    async run() {
      const { message, read, fetched } = await openSns()
      for (const version of ['1', '2']) {
        const { id, type, event } = await read(await message({ SignatureVersion: version }))
        expectEqual([id, type], ['m-1', 'Notification'])
        expectEqual(Reflect.get(Object(event), 'Message'), 'line\nbreak')
      }
      await read(await message({ Subject: 'Hi' }))
      await read(`\ufeff${await message({})}`)
      expectEqual(fetched, [SNS_CERTIFICATE])
    },
  },
  {
    name: 'snsWebhook() refuses another topic, body, time, type or form, and asks nobody about those',
    async run() {
      const { message, read, fetched } = await openSns()
      const good = await message({})
      for (const [body, code] of [
        [await message({ TopicArn: 'arn:aws:sns:us-east-1:666:orders' }), 'unexpected_sender'],
        [await message({ Timestamp: '2026-01-01T09:00:00.000Z' }), 'timestamp_too_old'],
        [await message({ Timestamp: '1 Jan 2026' }), 'malformed_timestamp'],
        [await message({ SignatureVersion: '3' }), 'malformed_signature'],
        [await message({ Signature: '!' }), 'malformed_signature'],
        [await message({ Signature: 'AAAA' }), 'signature_mismatch'],
        [await message({ Signature: '' }), 'signature_mismatch'],
        [await message({ Type: 'Other' }), 'malformed_signature'],
        [await message({ MessageId: 'm-1\nSubject\nx' }), 'malformed_signature'],
        ['{}', 'missing_signature'],
        ['[]', 'missing_signature'],
        ['nonsense', 'missing_signature'],
        ['{"Signature":1,"SigningCertURL":{}}', 'missing_signature'],
      ] as const)
        await expectRefusal(() => read(body), code, body)
      expectEqual(fetched, [])
      await expectRefusal(() => read(good.replace('line', 'lime')), 'signature_mismatch')
    },
  },
  {
    name: 'snsWebhook() asks for certificates at SNS in the region of the topic, as it is written, and nowhere else',
    async run() {
      const { message, read, fetched } = await openSns()
      for (const url of HOSTILE_CERTIFICATES) {
        const body = await message({ SigningCertURL: url })
        await expectRefusal(() => read(body), 'untrusted_certificate', url)
      }
      expectEqual(fetched, [])
    },
  },
  {
    name: 'snsWebhook() knows the hosts of China, GovCloud and the European Sovereign Cloud',
    async run() {
      for (const [arn, host, name] of [
        ['arn:aws:sns:ap-southeast-7:1:t', 'ap-southeast-7.amazonaws.com', 'sns-signing.'],
        ['arn:aws-cn:sns:cn-north-1:1:t.fifo', 'cn-north-1.amazonaws.com.cn', 'sns-'],
        ['arn:aws-us-gov:sns:us-gov-west-1:1:t', 'us-gov-west-1.amazonaws.com', 'sns-'],
        ['arn:aws-eusc:sns:eusc-de-east-1:1:t', 'eusc-de-east-1.amazonaws.eu', 'sns-signing.'],
      ] as const) {
        const certificate = await issueCertificate({ name: name + host })
        const { message, read } = await openSns({ topicArns: [arn] }, certificate)
        const fields = { TopicArn: arn }
        const SigningCertURL = `https://sns.${host}/SimpleNotificationService-1a.pem`
        await read(await message({ ...fields, SigningCertURL }))
        for (const other of ['us-east-1.amazonaws.com', 'cn-northwest-1.amazonaws.com.cn']) {
          const elsewhere = SigningCertURL.replace(host, other)
          const body = await message({ ...fields, SigningCertURL: elsewhere })
          await expectRefusal(() => read(body), 'untrusted_certificate', elsewhere)
        }
      }
      for (const arn of [
        'arn:aws:sns:cn-north-1:1:t',
        'arn:aws-cn:sns:us-east-1:1:t',
        'arn:aws:sns:s3:1:t',
        'arn:aws:sns:s3-us-west-2:1:t',
        'arn:aws:sqs:us-east-1:1:t',
        'arn:aws:sns:us-east-1.evil:1:t',
        'orders',
        '',
      ])
        await expectRejection(
          () => openSns({ topicArns: [arn] }),
          (error) => error instanceof TypeError && error.message.includes('topicArns'),
          `a TypeError for ${arn}`,
        )
    },
  },
  {
    name: 'snsWebhook() trusts no certificate that is not of SNS, not valid now, weak, or not alone in the answer',
    async run() {
      const name = 'sns.amazonaws.com'
      for (const [what, certificate] of [
        ['another name', await issueCertificate({ name: 'sns.amazonaws.com.evil.example' })],
        ['other hosts', await issueCertificate({ name, hosts: ['evil.example'] })],
        ['an authority', await issueCertificate({ name, isAuthority: true })],
        ['another purpose', await issueCertificate({ name, purposes: [PURPOSES.code] })],
        ['ended', await issueCertificate({ name, notAfter: Date.UTC(2025, 0, 1) })],
        ['not begun', await issueCertificate({ name, notBefore: Date.UTC(2027, 0, 1) })],
        ['1,024 bits', await issueCertificate({ name, keys: await generateKeys(1024) })],
      ] as const) {
        const { forged, read } = await openSns({}, certificate)
        await expectRefusal(() => read(forged({})), 'untrusted_certificate', what)
      }
      const ecdsa = await issueCertificate({ name, keys: await generateKeys('P-256') })
      const good = await issueCertificate({ name })
      const { message } = await openSns({}, good)
      const body = await message({})
      for (const text of [
        ecdsa.pem,
        `<html>${good.pem}</html>`,
        `${good.pem}\n# the end`,
        `x${good.pem}`,
        good.pem.replaceAll('\n', '\u00a0'),
        good.pem.repeat(9),
        'junk',
        '',
      ]) {
        const fixture = await openSns({}, good)
        fixture.answer = () => new Response(text)
        await expectRefusal(() => fixture.read(body), 'untrusted_certificate', text.slice(0, 60))
      }
    },
  },
  {
    name: "snsWebhook() follows a chain, where SNS serves one, to Amazon's roots or to those it is given",
    async run() {
      const root = await issueCertificate({ name: 'Root', isAuthority: true })
      const issuer = { name: 'Issuer', issuer: root, isAuthority: true }
      const middle = await issueCertificate(issuer)
      const hosts = ['sns-signing.us-east-1.amazonaws.com', 'sns.us-east-1.amazonaws.com']
      const leaf = await issueCertificate({ name: 'x', hosts, issuer: middle })
      const trusted = await openSns({ roots: root.pem }, leaf, [middle])
      await trusted.read(await trusted.message({}))
      const alone = await openSns({ roots: middle.pem }, leaf)
      await alone.read(await alone.message({}))
      for (const stranger of [
        await openSns({}, leaf, [middle]),
        await openSns({ roots: root.pem }, leaf),
        await openSns({ roots: (await issueCertificate({ ...issuer, name: 'Root' })).pem }, leaf),
      ]) {
        const body = await stranger.message({})
        await expectRefusal(() => stranger.read(body), 'untrusted_certificate')
      }
    },
  },
  {
    name: 'snsWebhook() says that it could not ask when the certificate does not come, and follows no redirect',
    async run() {
      for (const answer of [
        () => Promise.reject(new TypeError('network')),
        () => new Response(null, { status: 302, headers: { location: SNS_CERTIFICATE } }),
        () => new Response('x'.repeat(70_000)),
        () => new Response(null, { status: 500 }),
      ]) {
        const modes: unknown[] = []
        const fetch: FetchClient = async (_url, init) => {
          modes.push(init.redirect)
          return answer()
        }
        const { read, message, scheme, clock } = await openSns({ fetch })
        const body = await message({})
        await expectRefusal(() => read(body), 'key_unavailable')
        await clock.advance(5000)
        await expectRejection(
          () => verifyWebhook(body, {}, [], { scheme, clock }),
          (error) => error instanceof WebhookVerificationError && error.status === 503,
          'verifyWebhook() to throw, not to say false',
        )
        expectEqual(modes, ['manual', 'manual'])
      }
      const silent = await openSns()
      const { promise: asked, resolve: ask } = Promise.withResolvers<void>()
      silent.answer = () => {
        ask()
        return new Promise(() => undefined)
      }
      const body = await silent.message({})
      const waiting = expectRefusal(() => silent.read(body), 'key_unavailable')
      await asked
      await silent.clock.advance(6000)
      await waiting
    },
  },
  {
    name: 'snsWebhook() asks once for many messages at a time, and each gets the answer',
    async run() {
      const fixture = await openSns()
      const body = await fixture.message({})
      const { answer } = fixture
      const { promise, resolve } = Promise.withResolvers<Response>()
      fixture.answer = () => promise
      const reading = Array.from({ length: 20 }, () => fixture.read(body))
      resolve(await answer())
      for (const { id } of await Promise.all(reading)) expectEqual(id, 'm-1')
      expectEqual(fixture.fetched, [SNS_CERTIFICATE])
    },
  },
  {
    name: 'snsWebhook() is asked for few certificates by forged messages, and goes on to verify the genuine',
    async run() {
      const fixture = await openSns()
      const { clock, forged, fetched, message, read } = fixture
      await read(await message({}))
      for (let index = 0; index < 100; index++) {
        const name = `SimpleNotificationService-${index}`
        const url = SNS_CERTIFICATE.replace(/SimpleNotificationService-\w+/, name)
        await expectRefusal(
          () => read(forged({ SigningCertURL: url })),
          index < 10 ? 'signature_mismatch' : 'key_unavailable',
        )
        await expectRefusal(() => read(forged({})), 'signature_mismatch')
      }
      expectEqual(fetched.length, 11)
      await read(await message({}))
      expectEqual(fetched.length, 11)
      await clock.advance(60_000)
      const before = fetched.length
      for (let index = 0; index < 100; index++)
        await read(forged({ SigningCertURL: SNS_CERTIFICATE.replace('0123', `f${index}`) })).catch(
          () => undefined,
        )
      expectEqual(fetched.length - before, 10)
      await read(await message({}))
    },
  },
  {
    name: 'snsWebhook() asks again soon after a wrong answer, and keeps only a key that a signature was made with',
    async run() {
      const stranger = await issueCertificate({ name: 'sns.amazonaws.com' })
      for (const wrong of ['junk', stranger.pem, null]) {
        const fixture = await openSns()
        const { clock, fetched, read } = fixture
        const body = await fixture.message({})
        const { answer } = fixture
        fixture.answer = () => new Response(wrong, { status: wrong === null ? 503 : 200 })
        for (let tries = 0; tries < 3; tries++)
          await expectRejection(
            () => read(body),
            (error) => error instanceof WebhookVerificationError,
            'a refusal',
          )
        expectEqual(fetched.length, 1)
        await clock.advance(5000)
        fixture.answer = answer
        await read(body)
        fixture.answer = () => new Response('junk')
        await clock.advance(3_600_000)
        await read(await fixture.message({ Timestamp: '2026-01-01T12:30:00.000Z' }))
        expectEqual(fetched.length, 2)
      }
    },
  },
  {
    name: 'snsWebhook() asks again after a day, whatever forged messages have used up',
    async run() {
      const { clock, fetched, forged, message, read } = await openSns()
      await read(await message({}))
      await clock.advance(86_400_000)
      const today = { Timestamp: '2026-01-02T11:30:00.000Z' }
      for (let index = 0; index < 20; index++) {
        const SigningCertURL = SNS_CERTIFICATE.replace('0123', `f${index}`)
        await read(forged({ ...today, SigningCertURL })).catch(() => undefined)
      }
      const before = fetched.length
      await read(await message(today))
      expectEqual(fetched.length - before, 1)
      clock.step(-86_400_000)
      await read(await message({}))
      expectEqual(fetched.length - before, 1)
    },
  },
  {
    name: 'confirmSnsSubscription() visits only the link of this subscription at SNS in the region of its topic',
    async run() {
      const visited: string[] = []
      let status = 200
      const fetch: FetchClient = async (url) => {
        visited.push(url)
        return new Response('<ok/>', { status })
      }
      const query = `Action=ConfirmSubscription&TopicArn=${TOPIC}&Token=t0`
      const url = `https://sns.us-east-1.amazonaws.com/?${query}`
      const event = { Type: 'SubscriptionConfirmation', TopicArn: TOPIC, Token: 't0' }
      await confirmSnsSubscription({ ...event, SubscribeURL: url }, { fetch })
      expectEqual(visited, [url])
      for (const other of hostileLinks(query))
        await expectRejection(
          () => confirmSnsSubscription({ ...event, SubscribeURL: other }, { fetch }),
          (error) => error instanceof TypeError,
          `a TypeError for ${other}`,
        )
      for (const other of [
        null,
        { ...event, SubscribeURL: url, Type: 'Notification' },
        { ...event, SubscribeURL: url, TopicArn: TOPIC.replace('us-east-1', 'eu-west-1') },
        { ...event, SubscribeURL: url, TopicArn: 'orders' },
        { ...event, SubscribeURL: url, Token: 't1' },
        { ...event, SubscribeURL: 1 },
      ])
        await expectRejection(
          () => confirmSnsSubscription(other, { fetch }),
          (error) => error instanceof TypeError,
          'a TypeError',
        )
      expectEqual(visited.length, 1)
      status = 403
      await expectRefusal(
        () => confirmSnsSubscription({ ...event, SubscribeURL: url }, { fetch }),
        'key_unavailable',
      )
      const china = TOPIC.replace('aws:', 'aws-cn:').replace('us-east-1', 'cn-north-1')
      status = 200
      await confirmSnsSubscription(
        {
          ...event,
          TopicArn: china,
          SubscribeURL: url
            .replace('us-east-1.amazonaws.com', 'cn-north-1.amazonaws.com.cn')
            .replace(TOPIC, china),
        },
        { fetch },
      )
      expectTrue(visited.at(-1)?.includes('amazonaws.com.cn/?') === true, 'the link in China')
    },
  },
]
