import { expectEqual, expectTrue } from '../../../../src/runtime/ports/conformance.ts'
import type { Backend } from '../../../../src/runtime/ports/backend.ts'
import { createTokenStore } from '../../../../src/services/notifications/delivery/token-store.ts'
import { fcm } from '../../../../src/services/notifications/providers/fcm.ts'
import type {
  MadeToken,
  TokenCache,
} from '../../../../src/services/notifications/providers/provider.ts'
import { encodeBase64 } from '../../../../src/primitives/base64.ts'
import { createSeededRandom } from '../../../../src/testing/seeded-random.ts'
import { nextTurn } from '../../../support/next-turn.ts'
import {
  HOUR_MS,
  notificationsOn,
  whileTimePasses,
  type NotificationHarness,
  type NotificationLaw,
} from './notification-fixture.ts'

const SECRET = 'what tokens are made from'
let seeds = 0

function isolate({ store }: Backend, { clock }: NotificationHarness): TokenCache {
  return createTokenStore({ store, clock, random: createSeededRandom(seeds++) })
}

/** Makes tokens that can be used for an hour, and counts them. */
function maker(): { made: number; make(): Promise<MadeToken> } {
  return {
    made: 0,
    async make() {
      await nextTurn(true)
      return { token: `token-${++this.made}`, useForMs: HOUR_MS }
    },
  }
}

/**
 * Awaits isolates that need a token at once. Whoever makes it needs no time to pass; were it to pass
 * meanwhile, a slow machine's maker would be given up on.
 */
async function startTogether<Result>(
  harness: NotificationHarness,
  isolates: readonly Promise<Result>[],
): Promise<Result[]> {
  await Promise.race(isolates)
  return whileTimePasses(harness, Promise.all(isolates))
}

/** How isolates share tokens. */
export const tokenLaws: readonly NotificationLaw[] = [
  {
    name: 'of many isolates one makes a token, and all use it until its time is over',
    async run(harness) {
      const backend = await harness.open()
      const source = maker()
      const make = (): Promise<MadeToken> => source.make()
      const all = Array.from({ length: 6 }, () => isolate(backend, harness))
      const get = (each: TokenCache): Promise<string> => each.get('vendor:project', SECRET, make)
      const firsts = await startTogether(harness, all.map(get))
      expectEqual(new Set(firsts), new Set(['token-1']))
      await harness.advance(HOUR_MS / 2)
      expectEqual(await get(isolate(backend, harness)), 'token-1')
      await harness.advance(HOUR_MS / 2)
      const next = await startTogether(harness, all.map(get))
      expectEqual([source.made, ...new Set(next)], [2, 'token-2'])
    },
  },
  {
    name: 'a token lies sealed, and opens only with what it was made from',
    async run(harness) {
      const backend = await harness.open()
      const source = maker()
      const make = (): Promise<MadeToken> => source.make()
      await isolate(backend, harness).get('v', SECRET, make)
      const { entries } = await backend.store.partition('notifications:tokens').list({ limit: 100 })
      expectEqual(entries.length, 1)
      expectTrue(!JSON.stringify(entries).includes('token-1'), 'no token in the clear')
      expectEqual(await isolate(backend, harness).get('v', 'another key', make), 'token-2')
    },
  },
  {
    name: 'a token that its vendor refuses is dropped for all',
    async run(harness) {
      const backend = await harness.open()
      const source = maker()
      const make = (): Promise<MadeToken> => source.make()
      const [first, second] = [isolate(backend, harness), isolate(backend, harness)]
      expectEqual(await first.get('v', SECRET, make), 'token-1')
      await first.drop('v', 'token-1')
      expectEqual(await second.get('v', SECRET, make), 'token-2')
      // What is dropped late is not what everybody uses now.
      await first.drop('v', 'token-1')
      expectEqual(await second.get('v', SECRET, make), 'token-2')
    },
  },
  {
    name: 'an isolate that fails to make a token leaves it to the next',
    async run(harness) {
      const backend = await harness.open()
      const source = maker()
      const failing = isolate(backend, harness)
      const failed = await failing
        .get('v', SECRET, () => Promise.reject(new Error('Told so')))
        .catch((error: unknown) => String(error))
      expectEqual(failed, 'Error: Told so')
      const token = isolate(backend, harness).get('v', SECRET, () => source.make())
      expectEqual(await whileTimePasses(harness, token), 'token-1')
    },
  },
  {
    name: 'FCM signs in once an hour for a project, whatever number of isolates push',
    async run(harness) {
      const backend = await harness.open()
      const algorithm = {
        name: 'RSASSA-PKCS1-v1_5',
        modulusLength: 2048,
        publicExponent: new Uint8Array([1, 0, 1]),
        hash: 'SHA-256',
      }
      const { privateKey } = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
      const pem = encodeBase64(new Uint8Array(await crypto.subtle.exportKey('pkcs8', privateKey)))
      const serviceAccount = {
        project_id: 'shop',
        client_email: 'push@shop.example',
        private_key: `-----BEGIN PRIVATE KEY-----\n${pem}\n-----END PRIVATE KEY-----\n`,
      }
      let signedIn = 0
      let pushed = 0
      const fetch = async (request: Request | string | URL): Promise<Response> => {
        const { host } = new URL(request instanceof Request ? request.url : request)
        if (host === 'oauth2.googleapis.com') {
          signedIn++
          return Response.json({ access_token: `ya29.${signedIn}`, expires_in: 3600 })
        }
        return Response.json({ name: `projects/shop/messages/${++pushed}` })
      }
      const process = (): Promise<unknown> =>
        notificationsOn(backend, harness, {
          push: [fcm({ serviceAccount })],
          fetch,
        }).sendPush({ token: 'device', title: 'Hello' })
      await startTogether(harness, Array.from({ length: 8 }, process))
      expectEqual(signedIn, 1)
      await harness.advance(HOUR_MS / 2)
      await whileTimePasses(harness, Promise.all(Array.from({ length: 8 }, process)), 10)
      expectEqual([pushed, signedIn], [16, 1])
      await harness.advance(HOUR_MS / 2)
      await process()
      expectEqual([pushed, signedIn], [17, 2])
    },
  },
]
