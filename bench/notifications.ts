import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { isMainThread, parentPort, Worker } from 'node:worker_threads'
import {
  createNotifications,
  defineTemplate,
  type BulkMessage,
} from '@white-cross/reuse/infrastructure/notifications'
import { liquid } from '@white-cross/reuse/infrastructure/notifications/liquid'
import { sendgrid } from '@white-cross/reuse/infrastructure/notifications/sendgrid'
import { memory } from '@white-cross/reuse/infrastructure/runtime/memory'
import { Liquid } from 'liquidjs'
import { rateOf, type Comparison, type Comparisons, type Contender } from './compare.ts'

const RENDERED = 2000
const RECIPIENTS = 10_000
const CONCURRENCY = 32
/** What a provider near by takes to answer. */
const ANSWER_MS = 50

const SUBJECT = 'Your order {{ order }} is on its way'
const HTML = `<h1>Hello {{ name }}</h1><p>Your order <b>{{ order }}</b> of {{ items.size }} things left us today.</p>
<table>{% for item in items %}<tr><td>{{ item.title }}</td><td>{{ item.count }}</td><td>{{ item.price }}</td></tr>{% endfor %}</table>
{% if gift %}<p>With a card: {{ gift }}</p>{% endif %}<p><a href="https://shop.example/orders/{{ order }}">Follow it</a></p>`
const TEXT =
  'Hello {{ name }}, your order {{ order }} is on its way.\n{% for item in items %}- {{ item.count }} × {{ item.title }}\n{% endfor %}'
const DATA = {
  ...{ name: 'Ann <ann@example.com>', order: 'A-1007', gift: 'Tom & Ann' },
  items: Array.from({ length: 5 }, (_, index) => ({
    title: `Thing no. ${index} & more`,
    ...{ count: index + 1, price: '12.50 €' },
  })),
}

export async function setUp(): Promise<Comparisons> {
  const provider = new Worker(new URL(import.meta.url), { execArgv: process.execArgv })
  // The thread says its port alone.
  const [port] = (await once(provider, 'message')) as [number]
  const bulkAfter = (answerMs: number): Comparison => ({
    title: `Bulk: 10,000 recipients against a bare fetch loop, answered after ${answerMs} ms`,
    setting: `${RECIPIENTS} mails, ${CONCURRENCY} on their way at once, to a stand-in for SendGrid in another thread. Ours keeps a record of each mail on \`memory()\`, before and after its request, and asks suppressions and preferences; the loop sends the same bodies and keeps nothing`,
    contenders: [bulk(port, answerMs), loop(port, answerMs)],
    ...{ target: 0.8, rounds: 2 },
  })
  return {
    comparisons: [
      {
        title: 'Rendering: a mail against bare LiquidJS',
        setting: `${RENDERED} renderings of a mail: subject, HTML with a table of 5 rows and a text, compiled before. Ours also checks the data, escapes by context (a link’s address is looked at) and says which variable is missing; LiquidJS 10.30 escapes HTML alone`,
        contenders: [ours(), bare(false), bare(true)],
        ...{ target: 1, rounds: 9 },
      },
      bulkAfter(ANSWER_MS),
      bulkAfter(0),
    ],
    async tearDown() {
      await provider.terminate()
    },
  }
}

function ours(): Contender {
  const shipped = defineTemplate('order.shipped', {
    email: { subject: SUBJECT, html: HTML, text: TEXT },
  })
  const notifications = createNotifications({
    ...{ backend: memory(), from: 'shop@example.com', engine: liquid() },
    ...{ email: [sendgrid({ apiKey: 'a'.repeat(20) })], templates: [shipped] },
  })
  return {
    name: 'reuse, renderTemplate()',
    round: () =>
      rateOf(RENDERED, async () => {
        for (let index = 0; index < RENDERED; index++)
          await notifications.renderTemplate('order.shipped', DATA)
      }),
  }
}

function bare(sync: boolean): Contender {
  const html = new Liquid({ outputEscape: 'escape', ownPropertyOnly: true })
  const text = new Liquid({ ownPropertyOnly: true })
  const parts = [
    [text, text.parse(SUBJECT)],
    [html, html.parse(HTML)],
    [text, text.parse(TEXT)],
  ] as const
  return {
    name: sync ? 'liquidjs, renderSync()' : 'liquidjs, render()',
    round: () =>
      rateOf(RENDERED, async () => {
        for (let index = 0; index < RENDERED; index++)
          for (const [engine, template] of parts) {
            if (sync) engine.renderSync(template, DATA)
            else await engine.render(template, DATA)
          }
      }),
  }
}

function bulk(port: number, answerMs: number): Contender {
  return {
    name: 'reuse, sendBulk()',
    async round() {
      const notifications = createNotifications({
        ...{ backend: memory(), from: 'shop@example.com' },
        email: [
          sendgrid({ apiKey: 'a'.repeat(20), baseUrl: `http://127.0.0.1:${port}/${answerMs}` }),
        ],
      })
      function* messages(): Generator<BulkMessage> {
        for (let index = 0; index < RECIPIENTS; index++)
          yield { channel: 'email', to: addressOf(index), subject: 'News', text: 'There are news.' }
      }
      return rateOf(RECIPIENTS, async () => {
        for await (const result of notifications.sendBulk(messages(), { concurrency: CONCURRENCY }))
          if (result.status !== 'sent') throw new Error(`Cannot measure: ${result.status}`)
      })
    },
  }
}

function loop(port: number, answerMs: number): Contender {
  return {
    name: 'fetch()',
    round: () =>
      rateOf(RECIPIENTS, async () => {
        let next = 0
        const lane = async (): Promise<void> => {
          while (next < RECIPIENTS) {
            const response = await fetch(`http://127.0.0.1:${port}/${answerMs}/v3/mail/send`, {
              method: 'POST',
              headers: { authorization: `Bearer ${'a'.repeat(20)}` },
              body: JSON.stringify({
                personalizations: [{ to: [{ email: addressOf(next++) }] }],
                from: { email: 'shop@example.com' },
                subject: 'News',
                content: [{ type: 'text/plain', value: 'There are news.' }],
              }),
            })
            await response.arrayBuffer()
          }
        }
        await Promise.all(Array.from({ length: CONCURRENCY }, lane))
      }),
  }
}

function addressOf(index: number): string {
  return `reader-${index}@example.com`
}

if (!isMainThread) {
  const server = createServer((request, response) => {
    request.resume()
    const answer = () => response.writeHead(202, { 'x-message-id': 'm' }).end()
    const afterMs = Number(request.url?.split('/')[1])
    if (afterMs === 0) answer()
    else setTimeout(answer, afterMs)
  })
  server.listen(0, '127.0.0.1', () => {
    // A server that listens on a port has an address.
    parentPort?.postMessage((server.address() as AddressInfo).port)
  })
}
