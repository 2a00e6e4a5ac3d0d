import {
  expectEqual,
  expectRejection,
  expectTrue,
  type Law,
} from '../../../../src/runtime/ports/conformance.ts'
import { createRedactor } from '../../../../src/services/logging/index.ts'
import {
  sentry,
  type SentryClient,
  type SentryEvent,
  type SentryOptions,
} from '../../../../src/services/logging/sentry/index.ts'
import { createFakeClock, createSeededRandom } from '../../../../src/testing/index.ts'

const redactor = createRedactor()

function fixture(
  more: Partial<SentryOptions> = {},
  answer: () => Response | Promise<Response> = () => new Response('{}'),
): { readonly client: SentryClient; readonly inits: readonly RequestInit[] } {
  const inits: RequestInit[] = []
  const client = sentry({
    dsn: 'https://0123456789abcdef@o1.ingest.sentry.io/42',
    redactor,
    clock: createFakeClock(1_700_000_000_000),
    random: createSeededRandom(3),
    async fetch(_url, init) {
      inits.push(init)
      return answer()
    },
    ...more,
  })
  return { client, inits }
}

/** What a client of Sentry does when something is wrong, and what it says of it. */
export const sentryFaultLaws: readonly Law<unknown>[] = [
  {
    name: 'flush() says why an event was dropped: beforeSend threw, or answered no event',
    async run() {
      const failure = new Error('no')
      const hooks: readonly unknown[] = [
        async (event: SentryEvent) => event,
        () => undefined,
        () => {
          throw failure
        },
      ]
      for (const beforeSend of hooks) {
        const { client, inits } = fixture({ beforeSend: beforeSend as never })
        expectEqual(client.captureError(new Error('x')), null)
        const { sent, dropped, errors } = await client.flush()
        expectEqual([sent, dropped, errors.length, inits.length], [0, 1, 1, 0])
        expectTrue(errors[0] === failure || errors[0] instanceof TypeError, 'the reason')
      }
    },
  },
  {
    name: 'an event that is too long goes without what is least missed, whatever made it long',
    async run() {
      const long = Object.fromEntries(
        Array.from({ length: 300 }, (_, at) => [`k${at}`, 'word '.repeat(1500)]),
      )
      for (const details of [{ extra: long }, { contexts: { long } }, { user: long }]) {
        const { client, inits } = fixture()
        client.captureError(new Error('x'), details)
        expectEqual((await client.flush()).sent, 1)
        const body = String(inits[0]?.body as string)
        expectTrue(body.length < 500_000, `at most what Sentry takes, got ${body.length}`)
        const event = JSON.parse(body.split('\n')[2] ?? '') as SentryEvent
        expectEqual(event.exception?.values[0]?.value, 'x')
      }
    },
  },
  {
    name: 'a redirect is no success, and nobody else is told of the event',
    async run() {
      const { client, inits } = fixture({}, () => new Response(null, { status: 302 }))
      client.captureError(new Error('x'))
      const { sent, dropped, errors } = await client.flush()
      expectEqual([sent, dropped, errors.length, inits[0]?.redirect], [0, 1, 1, 'manual'])
    },
  },
  {
    name: 'an empty header of limits asks for no quiet',
    async run() {
      const headers = { 'x-sentry-rate-limits': '' }
      const { client } = fixture({}, () => new Response('{}', { headers }))
      for (let event = 0; event < 2; event++) {
        client.captureError(new Error('x'))
        expectEqual((await client.flush()).sent, 1)
      }
    },
  },
  {
    name: 'sentry() refuses a redactor and a beforeSend that are none',
    async run() {
      for (const options of [{ redactor: {} }, { beforeSend: 'x' }])
        await expectRejection(
          async () => fixture(options as never),
          (error) => error instanceof TypeError,
          JSON.stringify(options),
        )
    },
  },
]
