import { expectEqual, expectTrue } from '../../../../src/runtime/ports/conformance.ts'
import type { DeliveryEvent } from '../../../../src/services/notifications/tracking/delivery-event.ts'
import type { ProviderEvent } from '../../../../src/services/notifications/providers/provider.ts'
import { createLinks } from '../../../../src/services/notifications/tracking/links.ts'
import { createSeededRandom } from '../../../../src/testing/seeded-random.ts'
import {
  collect,
  emailProvider,
  event,
  hear,
  HELLO,
  HOUR_MS,
  open,
  readUnsigned,
  rejectsWith,
  smsProvider,
  type NotificationHarness,
  type NotificationLaw,
} from './notification-fixture.ts'

const webhooks = { only: readUnsigned }

/** What is known of messages after they are sent. */
export const trackingLaws: readonly NotificationLaw[] = [
  {
    name: 'events in any order, each any number of times, come to the same',
    async run(harness) {
      const { notifications } = await open(harness, { email: [emailProvider('only')], webhooks })
      const types = ['delivered', 'opened', 'clicked', 'complained'] as const
      const random = createSeededRandom(7)
      const ends = new Set<string>()
      for (let round = 0; round < 10; round++) {
        const { id } = await notifications.sendEmail(HELLO)
        const events = [...types, ...types]
          .map((type, index) => ({
            type,
            at: harness.clock.now() - 100 + types.indexOf(type),
            index,
          }))
          .toSorted(() => random.fraction() - 0.5)
          .map(({ type, at }) => event(type, id, { at, eventId: `${type}-${round}` }))
        for (const each of events) await hear(notifications, 'only', [each])
        const tracked = await notifications.trackDelivery(id)
        const happened = tracked.events.map(({ type }) => type)
        ends.add(JSON.stringify([tracked.status, tracked.recipients, happened]))
      }
      expectEqual(
        [...ends],
        [
          JSON.stringify([
            'complained',
            [{ address: 'ann@example.com', status: 'complained' }],
            types,
          ]),
        ],
      )
    },
  },
  {
    name: 'a late event never takes a status back',
    async run(harness) {
      const { notifications } = await open(harness, { email: [emailProvider('only')], webhooks })
      const { id } = await notifications.sendEmail(HELLO)
      await hear(notifications, 'only', [event('opened', id)])
      await hear(notifications, 'only', [event('delivered', id), event('sent', id)])
      const { status, events, deliveredAt } = await notifications.trackDelivery(id)
      expectEqual([status, events.length], ['opened', 3])
      expectTrue(deliveredAt !== null, 'the time of delivery')
    },
  },
  {
    name: 'listeners hear each event once, and a failing one holds nothing up',
    async run(harness) {
      const heard: DeliveryEvent[] = []
      const errors: unknown[] = []
      const { notifications } = await open(harness, {
        email: [emailProvider('only')],
        webhooks,
        onEvent: (each) => {
          heard.push(each)
          throw new Error('Told so')
        },
        onError: (error) => errors.push(error),
      })
      const { id } = await notifications.sendEmail({ ...HELLO, userId: 'ann', category: 'news' })
      const bounced = event('bounced', id, { bounce: 'hard', reason: '5.1.1', eventId: 'e1' })
      for (let times = 0; times < 3; times++) {
        const answer = await hear(notifications, 'only', [bounced])
        expectEqual(answer.status, 200)
      }
      expectEqual(errors.length, 1)
      expectEqual(
        heard.map((each) => [each.messageId, each.type, each.status, each.userId, each.reason]),
        [[id, 'bounced', 'bounced', 'ann', '5.1.1']],
      )
    },
  },
  {
    name: 'a webhook that is not verified changes nothing, and one that nobody can verify is refused',
    async run(harness) {
      const refusing = async (): Promise<never> => {
        throw Object.assign(new Error('Signature does not match'), { status: 401 })
      }
      const { notifications } = await open(harness, {
        email: [emailProvider('only'), emailProvider('other')],
        webhooks: { only: refusing },
      })
      const { id } = await notifications.sendEmail(HELLO)
      const answer = await hear(notifications, 'only', [event('delivered', id)])
      expectEqual([answer.status, await answer.text()], [401, ''])
      expectEqual((await notifications.trackDelivery(id)).status, 'sent')
      for (const name of ['other', 'nobody', '__proto__', 'constructor'])
        await rejectsWith('invalid_request', () =>
          hear(notifications, name, [event('delivered', id)]),
        )
    },
  },
  {
    name: 'events of messages that are not ours are passed over, and make nothing',
    async run(harness) {
      const { notifications } = await open(harness, { email: [emailProvider('only')], webhooks })
      const ids = ['ntf_0000000000000000000000', 'ntf_../../../../etc/passwd', '', '__proto__']
      const events: ProviderEvent[] = ids.map((id) => event('bounced', id, { bounce: 'hard' }))
      const answer = await hear(notifications, 'only', [...events, event('opened', null as never)])
      expectEqual(answer.status, 200)
      expectEqual(await collect(notifications.list()), [])
      expectEqual(await collect(notifications.suppressions.list()), [])
      for (const id of ids) await rejectsWith('not_found', () => notifications.trackDelivery(id))
    },
  },
  {
    name: 'messages are listed by age and by what they are, and counted',
    async run(harness) {
      const { notifications } = await open(harness, {
        email: [emailProvider('only')],
        sms: [smsProvider('texts')],
        webhooks,
      })
      const made: string[] = []
      for (let index = 0; index < 12; index++) {
        const { id } =
          index % 3 === 0
            ? await notifications.sendSMS({ to: '+15550100', message: `${index}` })
            : await notifications.sendEmail({ ...HELLO, category: index > 5 ? 'late' : 'early' })
        made.unshift(id)
        await harness.advance(1000)
      }
      const all = await collect(notifications.list())
      expectEqual(
        all.map(({ id }) => id),
        made,
      )
      const since = all[5]?.createdAt ?? 0
      const count = async (query: Parameters<typeof notifications.list>[0]): Promise<number> =>
        (await collect(notifications.list(query))).length
      expectEqual(await count({ since }), 6)
      expectEqual(await count({ until: since }), 6)
      expectEqual(await count({ channel: 'sms' }), 4)
      expectEqual(await count({ category: 'late', channel: 'email' }), 4)
      expectEqual(await count({ status: 'delivered' }), 0)
      const [email] = all.filter(({ channel }) => channel === 'email')
      await harness.advance(4000)
      await hear(notifications, 'only', [
        event('delivered', email?.id ?? ''),
        event('opened', email?.id ?? '', { machine: true, eventId: 'proxy' }),
      ])
      const figures = await notifications.analyze()
      expectEqual([figures.total, figures.sent], [12, 12])
      expectEqual(figures.byStatus, { sent: 11, delivered: 1 })
      expectEqual(figures.deliveredRate, 1 / 12)
      // A program that opens every mail is no reader.
      expectEqual(figures.openedRate, 0)
      expectEqual(figures.byChannel['sms']?.total, 4)
      expectEqual(figures.byProvider['only']?.total, 8)
      expectTrue((figures.deliveryTimeMs?.median ?? 0) >= 4000, 'a time of delivery')
    },
  },
  {
    name: 'records go when their time is over, and with them their keys',
    async run(harness) {
      const provider = emailProvider('only')
      const { notifications } = await open(harness, { email: [provider], retention: '1d' })
      const keyed = { ...HELLO, idempotencyKey: 'k' } as const
      const { id } = await notifications.sendEmail(keyed)
      await harness.advance(25 * HOUR_MS)
      await rejectsWith('not_found', () => notifications.trackDelivery(id))
      expectEqual(await collect(notifications.list()), [])
      await notifications.sendEmail(keyed)
      expectEqual(provider.got.length, 2)
    },
  },
  {
    name: 'links count opens and clicks once, and lead nowhere but where they were made for',
    async run(harness) {
      const provider = emailProvider('only')
      const { notifications } = await open(harness, {
        email: [provider],
        links: linksOf(harness),
      })
      const target = 'https://shop.example/sale?a=1&b=2'
      const { id } = await notifications.sendEmail({
        ...HELLO,
        category: 'news',
        html: `<p><a href="${target.replace('&', '&amp;')}">Sale</a></p>`,
        trackOpens: true,
        trackClicks: true,
      })
      const html = provider.got[0]?.html ?? ''
      const click = /href="([^"]+)"/.exec(html)?.[1] ?? ''
      const picture = /<img[^>]* src="([^"]+)"/.exec(html)?.[1] ?? ''
      expectTrue(click.startsWith('https://example.com/n/c/'), click)
      for (let times = 0; times < 2; times++) {
        const answer = await notifications.handleLink(new Request(click, { redirect: 'manual' }))
        expectEqual([answer.status, answer.headers.get('location')], [302, target])
        const seen = await notifications.handleLink(new Request(picture))
        expectEqual([seen.status, seen.headers.get('content-type')], [200, 'image/gif'])
      }
      const { status, events } = await notifications.trackDelivery(id)
      expectEqual(
        [status, events.map(({ type }) => type).toSorted()],
        ['clicked', ['clicked', 'opened']],
      )
      // A click's seal opens no other kind of link, and none that was changed.
      const token = click.slice(click.lastIndexOf('/') + 1)
      const flipped = (token.startsWith('A') ? 'B' : 'A') + token.slice(1)
      for (const path of [`u/${token}`, `o/${token}`, `c/${flipped}`, `c/${token}/x`, 'c/', 'c/!'])
        for (const method of ['GET', 'POST']) {
          const answer = await notifications.handleLink(
            new Request(`https://example.com/n/${path}`, { method }),
          )
          expectTrue([404, 405].includes(answer.status), `${method} ${path}: ${answer.status}`)
          expectEqual(answer.headers.get('location'), null)
        }
    },
  },
  {
    name: 'one click unsubscribes by post alone, from the category of its message',
    async run(harness) {
      const provider = emailProvider('only')
      const { notifications } = await open(harness, {
        email: [provider],
        links: linksOf(harness),
      })
      const news = { ...HELLO, category: 'news' } as const
      const { id } = await notifications.sendEmail(news)
      const headers = new Map(Object.entries(provider.got[0]?.headers ?? {}))
      expectEqual(headers.get('List-Unsubscribe-Post'), 'List-Unsubscribe=One-Click')
      const link = /^<([^>]+)>$/.exec(headers.get('List-Unsubscribe') ?? '')?.[1] ?? ''
      // Scanners of mails follow links.
      const head = await notifications.handleLink(new Request(link, { method: 'HEAD' }))
      expectEqual(head.status, 200)
      const page = await notifications.handleLink(new Request(link))
      expectEqual(page.status, 200)
      expectTrue((await page.text()).includes('method="post"'), 'a form')
      expectEqual((await notifications.sendEmail(news)).status, 'sent')
      const post = new Request(link, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: 'List-Unsubscribe=One-Click',
      })
      expectEqual((await notifications.handleLink(post)).status, 200)
      expectEqual((await notifications.sendEmail(news)).status, 'suppressed')
      expectEqual((await notifications.sendEmail({ ...news, category: 'receipts' })).status, 'sent')
      expectEqual(
        (await notifications.trackDelivery(id)).events.map(({ type }) => type),
        ['unsubscribed'],
      )
      await harness.advance(366 * 24 * HOUR_MS)
      const late = new Request(link, { method: 'POST' })
      expectEqual((await notifications.handleLink(late)).status, 404)
    },
  },
  {
    name: 'one click is offered over https alone, and a mailbox beside it is written as a URL',
    async run({ clock }) {
      const headersOf = (baseUrl: string): Promise<Readonly<Record<string, string>>> =>
        createLinks({
          baseUrl,
          secrets: 'a secret of the tests',
          unsubscribeMailbox: 'stop?it&now@example.com',
          clock,
          random: createSeededRandom(5),
        }).unsubscribeHeaders({ messageId: 'ntf_1', address: 'a@example.com', category: 'news' })
      const plain = await headersOf('http://localhost:8080/n')
      expectEqual(Object.keys(plain), ['List-Unsubscribe'])
      const safe = await headersOf('https://example.com/n')
      expectEqual(safe['List-Unsubscribe-Post'], 'List-Unsubscribe=One-Click')
      expectTrue(
        safe['List-Unsubscribe']?.endsWith(', <mailto:stop%3Fit%26now@example.com>') === true,
        'what stands for something else in a URL is encoded',
      )
    },
  },
]

function linksOf({ clock }: NotificationHarness): ReturnType<typeof createLinks> {
  return createLinks({
    baseUrl: 'https://example.com/n',
    secrets: 'a secret of the tests',
    clock,
    random: createSeededRandom(5),
  })
}
