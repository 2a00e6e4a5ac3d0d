import { DurableObject } from 'cloudflare:workers'
import { expectEqual, expectTrue, type Law } from '../../src/runtime/ports/conformance.ts'
import {
  createObserver,
  createRedactor,
  memorySink,
  type WorkContext,
} from '../../src/services/logging/index.ts'
import { sentry } from '../../src/services/logging/sentry/index.ts'

/** What an {@link ObservedObject} answers of itself. */
interface Told {
  readonly status: number
  readonly requestId: string | null
  readonly sent: number
  readonly envelopes: readonly string[]
  readonly lines: readonly string[]
  readonly alarms: number
}

/** A Durable Object whose requests and alarms fail, and are observed by a handle. */
export class ObservedObject extends DurableObject {
  readonly #envelopes: string[] = []
  readonly #log = memorySink()
  readonly #errors = sentry({
    dsn: 'https://key@sentry.example.com/1',
    redactor: createRedactor(),
    fetch: async (url, init) => {
      this.#envelopes.push(await new Request(url, init).text())
      return new Response('{}')
    },
  })
  readonly #observer = createObserver({
    logger: { sinks: [this.#log, this.#errors] },
    errors: this.#errors,
  })
  // Our own types of the platform have only what the backend needs.
  readonly #ctx = this.ctx as typeof this.ctx & WorkContext
  #alarms = 0

  async fetch(request: Request): Promise<Response> {
    const observation = this.#observer.forRequest(request, this.#ctx)
    const answer = await observation.handle(async ({ log }) => {
      log.info('before')
      await this.ctx.storage.setAlarm(Date.now())
      throw new Error('no mail for ann@example.com')
    })
    const { sent } = await observation.flush()
    for (let look = 0; look < 200 && this.#alarms === 0; look++)
      await new Promise((done) => setTimeout(done, 5))
    return Response.json({
      status: answer.status,
      requestId: answer.headers.get('x-request-id'),
      sent,
      envelopes: this.#envelopes,
      lines: this.#log.records.map(({ message }) => message),
      alarms: this.#alarms,
    } satisfies Told)
  }

  async alarm(): Promise<void> {
    const observation = this.#observer.forWork('alarm', this.#ctx)
    await observation.run(({ log }) => log.info('rang'))
    await observation.flush()
    this.#alarms++
  }
}

/** The namespace that tools/run-workerd.ts binds. */
export interface ObservedObjects {
  getByName(name: string): { fetch(request: Request): Promise<Response> }
}

/** What observers and Sentry promise within a Durable Object. */
export const observedObjectLaws: readonly Law<ObservedObjects>[] = [
  {
    name: 'an object’s requests and alarms are observed by a handle, and their errors sent before it answers',
    async run(objects) {
      const request = new Request('https://x.example.com/room', {
        headers: { 'x-request-id': 'r1' },
      })
      const response = await objects.getByName(crypto.randomUUID()).fetch(request)
      const told = (await response.json()) as Told
      expectEqual(
        [told.status, told.requestId, told.sent, told.envelopes.length],
        [500, 'r1', 1, 1],
      )
      expectEqual(told.lines, ['before', 'request failed', 'rang', 'work done'])
      const [envelope = ''] = told.envelopes
      expectTrue(
        envelope.includes('"requestId":"r1"') && envelope.includes('"message":"before"'),
        'the id and the breadcrumbs of the request',
      )
      expectTrue(!envelope.includes('ann@'), 'what is personal to be hidden')
    },
  },
]
