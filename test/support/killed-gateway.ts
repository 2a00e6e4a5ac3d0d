/**
 * The gateway on a SQLite file and a folder, made to be killed, for tests: `node killed-gateway.ts <folder> <ms> <vendors>`. Its
 * clock is so many ms ahead of the platform's, and its providers are at the address `<vendors>`. Told on
 * standard input to watch a tenant (a line of JSON, see `WatchLine`), it stays for good at a step of that tenant's work.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import { once } from 'node:events'
import { flushCompileCache } from 'node:module'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { serve } from '@hono/node-server'
import { composeGateway } from '../../examples/gateway/compose-gateway.ts'
import { sqlite } from '../../src/runtime/backends/sqlite/index.ts'
import { runServices } from '../../src/runtime/coordination/index.ts'
import type { Backend } from '../../src/runtime/ports/backend.ts'
import { systemClock, type Clock } from '../../src/runtime/ports/platform/clock.ts'
import type { FetchClient } from '../../src/runtime/ports/platform/fetch-client.ts'
import { resend } from '../../src/services/notifications/providers/resend.ts'
import { twilio } from '../../src/services/notifications/providers/twilio.ts'
import { stripe } from '../../src/services/payments/providers/stripe.ts'
import { fileSystem } from '../../src/services/storage/providers/file-system/index.ts'
import type { BlobStore } from '../../src/services/storage/index.ts'
import { readProviderWebhook } from '../../src/services/webhooks/receiving/read-provider-webhook.ts'

/** What the gateway is told: at which step it stays with a tenant's work. */
export interface WatchLine {
  readonly tenant: string
  /** Names of steps, with how often each came since this line, at which it goes on. */
  readonly known: readonly string[]
  /** At so many other ones it goes on, too. */
  readonly skip: number
}

/** What the gateway prints: its port, then what it does for the tenants that are watched. */
export type GatewayLine =
  | { readonly port: number }
  | { readonly tenant: string; readonly step: string; readonly stays: boolean }

/** The secret that its provider of payments signs webhooks with. */
export const STRIPE_WEBHOOK_SECRET = 'whsec_of_the_stand_in'

if (import.meta.main) await run()

async function run(): Promise<void> {
  const [, , folder = '', ahead = '', vendors = ''] = process.argv
  const clock: Clock = {
    now: () => systemClock.now() + Number(ahead),
    setTimer: systemClock.setTimer,
  }
  const asking = new AsyncLocalStorage<string>()
  const watched = new Map<string, (step: string) => boolean>()
  createInterface({ input: process.stdin }).on('line', (text) => {
    // Written by the scenario.
    const line = JSON.parse(text) as WatchLine
    watched.set(line.tenant, staysAt(line))
    say({ tenant: line.tenant, step: 'watched', stays: false })
  })

  /** One step further with a tenant's work; the promise may never resolve. */
  async function reach(tenant: string | undefined, step: string): Promise<void> {
    const stays = watched.get(tenant ?? '')?.(step) ?? false
    // It does nothing more for that tenant, not beside this either.
    if (stays) await new Promise<never>(() => {})
  }

  async function around<Result>(
    tenant: string | undefined,
    step: string,
    act: () => Promise<Result>,
    ends: (result: Result) => boolean = () => true,
  ): Promise<Result> {
    await reach(tenant, `before ${step}`)
    const result = await act()
    if (ends(result)) await reach(tenant, `after ${step}`)
    return result
  }

  const tenantOf = (place: string): string | undefined =>
    /^t:([\w-]+):/.exec(place)?.[1] ?? asking.getStore()

  const own = sqlite(join(folder, 'gateway.db'), { clock })
  const backend: Backend = {
    ...own,
    store: {
      partition(name) {
        const partition = own.store.partition(name)
        const bare = name.replace(/^t:[\w-]+:/, '')
        return {
          get: (key) => partition.get(key),
          getMany: (keys) => partition.getMany(keys),
          list: (options) => partition.list(options),
          commit: (change) =>
            around(
              tenantOf(name),
              `commit to ${bare.replace(/[:.][^:.]*\d$|[.:][a-z]+-\d$/, '')}`,
              () => partition.commit(change),
            ),
        }
      },
    },
    jobStore: {
      queue(name) {
        const queue = own.jobStore.queue(name)
        const bare = name.replace(/^t:[\w-]+:/, '')
        return new Proxy(queue, {
          get(of, method) {
            const value: unknown = Reflect.get(of, method)
            if (typeof value !== 'function') return value
            return (...args: unknown[]): unknown => {
              const act = async (): Promise<unknown> => Reflect.apply(value, of, args)
              if (method === 'add' || method === 'command')
                return around(tenantOf(name), `${method} to ${bare}`, act)
              if (method !== 'exchange') return Reflect.apply(value, of, args)
              // What only asks for work, and gets none, is no step.
              const [{ settle = [] }] = args as Parameters<typeof queue.exchange>
              return settle.length > 0
                ? around(tenantOf(name), `end of a job in ${bare}`, act)
                : act().then(async (result) => {
                    const { claimed } = result as Awaited<ReturnType<typeof queue.exchange>>
                    if (claimed.length > 0) await reach(tenantOf(name), `begin of a job in ${bare}`)
                    return result
                  })
            }
          },
        })
      },
    },
  }

  const toVendors: FetchClient = (input, init) => {
    const { host, pathname, search } = new URL(input)
    // No request is there when a worker sends a message: the message names its tenant.
    const body = typeof init?.body === 'string' ? init.body : ''
    const [tenant = asking.getStore()] = /(?:mail|text)-\d/.exec(body) ?? []
    return around(tenant, `call of ${host}`, () => fetch(vendors + pathname + search, init))
  }
  const { app, services } = composeGateway(
    backend,
    { ROOT_KEY_SHA256: process.env['ROOT_KEY_SHA256'] ?? '' },
    {
      clock,
      sinks: [],
      bucket: watchedBlobs(fileSystem(join(folder, 'files')).bucket('gateway'), (step, act) =>
        around(asking.getStore(), step, act),
      ),
      notifications: {
        from: 'shop@example.com',
        email: [resend({ apiKey: 're_stand_in' })],
        sms: [twilio({ accountSid: 'AC1', authToken: 'secret', from: '+15550100' })],
        fetch: toVendors,
      },
      payments: {
        providers: {
          stripe: stripe({
            secretKey: 'sk_test_1',
            webhookSecret: STRIPE_WEBHOOK_SECRET,
            fetch: toVendors,
          }),
        },
        readWebhook: readProviderWebhook,
        on: {
          'payment.succeeded': async ({ payment }) =>
            void (await toVendors(`https://shop.invalid/fulfilled/${payment?.id}`, {
              method: 'POST',
            })),
        },
      },
    },
  )
  const server = serve({
    fetch: (request) => {
      const { searchParams, pathname } = new URL(request.url)
      const tenant = searchParams.get('tenant') ?? /\/in\/stripe\/(.+)$/.exec(pathname)?.[1]
      return asking.run(tenant ?? '', () => app.fetch(request))
    },
    port: 0,
    hostname: '127.0.0.1',
  })
  await once(server, 'listening')
  // Whoever is killed writes down nothing that the next could start with.
  flushCompileCache()
  // A server that listens on TCP has an address of this form.
  say({ port: (server.address() as AddressInfo).port })
  await runServices(services, { signal: new AbortController().signal })
}

/** @returns Whether it stays at this step, or has before */
function staysAt({ tenant, known, skip }: WatchLine): (step: string) => boolean {
  const times = new Map<string, number>()
  let left = skip
  let stays = false
  return (step) => {
    if (stays) return true
    const time = (times.get(step) ?? 0) + 1
    times.set(step, time)
    const name = `${step}, time ${time}`
    stays = !known.includes(name) && left-- === 0
    say({ tenant, step: name, stays })
    return stays
  }
}

function say(line: GatewayLine): void {
  console.log(JSON.stringify(line))
}

/** Hears of all that changes the bucket. */
function watchedBlobs(
  store: BlobStore,
  around: <Result>(step: string, act: () => Promise<Result>) => Promise<Result>,
): BlobStore {
  const CHANGES = new Set([
    'put',
    'delete',
    'copy',
    'move',
    'create',
    'putPart',
    'complete',
    'abort',
  ])
  const watched = <Target extends object>(target: Target): Target =>
    new Proxy(target, {
      get(of, name) {
        const value: unknown = Reflect.get(of, name)
        if (typeof value !== 'function' || !CHANGES.has(String(name))) return value
        return (...args: unknown[]) =>
          around(`${String(name)} of a file`, async () => Reflect.apply(value, of, args))
      },
    })
  const uploads = watched(store.uploads)
  const outer = watched(store)
  return new Proxy(outer, {
    get: (of, name) => (name === 'uploads' ? uploads : Reflect.get(of, name)),
  })
}
