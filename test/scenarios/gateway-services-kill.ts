import { spawn, type ChildProcess } from 'node:child_process'
import { createHash, createHmac } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { build } from 'esbuild'
import { createClient, type Client } from '@white-cross/reuse/infrastructure/client'
import { newRootKey } from '../../examples/gateway/local-gateway.ts'
import { expectEqual, expectTrue } from '../../src/runtime/ports/conformance.ts'
import { runSuites } from '../conformance/run-suites.ts'
import type { SuiteCase } from '../conformance/suite.ts'
import {
  STRIPE_WEBHOOK_SECRET,
  type GatewayLine,
  type WatchLine,
} from '../support/killed-gateway.ts'
import { openVendors, type Vendors } from '../support/lasting-vendors.ts'

const PROGRAM = join(import.meta.dirname, '../support/killed-gateway.ts')
const DEADLINE_MS = 60_000
const LOOK_MS = 20
/** How far the clock is ahead in each life: no lease or lock of the one before holds any more. */
const BETWEEN_LIVES_MS = 300_000
const MOST_LIVES = 20
/** So many tenants of each kind are killed in one life, each a step further. */
const SHARES = 4
/** Steps of each kind at which the gateway must have been killed, beside all others. */
const STEPS: Readonly<Record<Kind, readonly string[]>> = {
  mail: [
    'after add to notifications',
    'begin of a job in notifications',
    'before call of api.resend.com',
    'after call of api.resend.com',
    'before end of a job in notifications',
  ],
  text: ['before call of api.twilio.com', 'after call of api.twilio.com'],
  pay: [
    'before call of api.stripe.com',
    'after call of api.stripe.com',
    'before call of shop.invalid',
    'after call of shop.invalid',
  ],
  silent: ['before call of api.stripe.com', 'after call of api.stripe.com'],
  files: ['before put of a file', 'after put of a file'],
}
const CONTENT = ['first part, ', 'second part, ', 'and the last']

type Kind = 'mail' | 'text' | 'pay' | 'silent' | 'files'

/** One service's main job, as its client and its provider see it. */
interface Story {
  readonly kind: Kind
  /** Whose it is: each is a tenant of its own. */
  readonly tenant: string
  /** So many of the steps that are new in a life are left to the others of its kind. */
  readonly share: number
  /** The last step of a job that runs after its answer, where it has one. */
  readonly last?: string
  /** Does all of the `number`th, and what is left of it where the gateway was killed. */
  tell(gateway: Gateway, number: number): Promise<void>
  /** All that was done is looked at once the gateway is killed no more. */
  check(gateway: Gateway, numbers: readonly number[]): Promise<void>
}

const cases: readonly SuiteCase[] = [
  {
    name: 'mail, SMS, payments and uploads are neither lost nor made twice, at whichever step the gateway is killed',
    async run() {
      const clock = { aheadMs: 0, now: () => Date.now() + clock.aheadMs }
      await using vendors = await openVendors(clock.now)
      const folder = mkdtempSync(join(tmpdir(), 'gateway-services-kill-'))
      try {
        const program = await bundle(folder)
        const start = (): Promise<Gateway> =>
          startGateway(program, [folder, String(clock.aheadMs), vendors.url])
        const stories = Array.from({ length: SHARES }, (_, share) =>
          storiesOf(vendors, share),
        ).flat()
        const places = await killEverywhere(stories, start, () => {
          clock.aheadMs += BETWEEN_LIVES_MS
        })
        await using gateway = await start()
        for (const story of stories) {
          const told = places.get(story)?.length ?? 0
          await story.check(
            gateway,
            Array.from({ length: told }, (_, index) => index + 1),
          )
        }
        for (const [kind, wanted] of Object.entries(STEPS)) {
          const own = stories.filter((story) => story.kind === kind)
          const steps = own.flatMap((story) => places.get(story) ?? [])
          for (const step of wanted)
            expectTrue(
              steps.some((place) => place.startsWith(step)),
              `${kind} to be killed at “${step}”, not only ${steps.join()}`,
            )
        }
        const unknown = await unknownTexts(gateway, stories)
        expectTrue(unknown >= 1, 'an SMS of which nobody knows whether it went out')
        expectTrue(
          vendors.payments('silent').length >= 1,
          'a payment that was made although nobody asked for it again',
        )
      } finally {
        rmSync(folder, { recursive: true, force: true })
      }
    },
  },
]

/**
 * In each life every story begins once more and is told until a step at which none of its kind was killed before. There the
 * gateway is killed. The next life ends it.
 *
 * @returns Where each was killed; `end` where nothing new was on its way
 */
async function killEverywhere(
  stories: readonly Story[],
  start: () => Promise<Gateway>,
  afterKill: () => void,
): Promise<ReadonlyMap<Story, readonly string[]>> {
  const places = new Map(stories.map((story): [Story, string[]] => [story, []]))
  const ofKind = (kind: Kind): readonly Story[] => stories.filter((story) => story.kind === kind)
  let left = stories
  for (let life = 1; left.length > 0; life++) {
    expectTrue(life <= MOST_LIVES, `every story to end within ${MOST_LIVES} lives`)
    await using gateway = await start()
    if (life > 1) await Promise.all(left.map((story) => story.tell(gateway, life - 1)))
    const killed = left.map((story) => {
      const known = ofKind(story.kind).flatMap((own) => places.get(own) ?? [])
      return { story, place: tellUntil(gateway, story, life, known) }
    })
    for (const { story, place } of killed) places.get(story)?.push(await place)
    // Others of its kind may have found something new on their way.
    left = left.filter(({ kind }) => ofKind(kind).some((own) => places.get(own)?.at(-1) !== 'end'))
    afterKill()
  }
  return places
}

/** @returns The step where it stays, `end` where it ends before */
async function tellUntil(
  gateway: Gateway,
  story: Story,
  number: number,
  known: readonly string[],
): Promise<string> {
  const { tenant, share, last } = story
  const watched = gateway.watch({ tenant, known, skip: share }, last)
  await watched.begun
  const told = story.tell(gateway, number)
  // Whoever waits for a gateway that is killed gets no answer.
  told.catch(() => undefined)
  const ended = Promise.all([told, watched.last]).then(() => 'end')
  return Promise.race([watched.stays, ended])
}

/** Each kind of work, by tenants of its own. */
function storiesOf(vendors: Vendors, share: number): readonly Story[] {
  return [
    sending(vendors, 'mail', share),
    sending(vendors, 'text', share),
    paying(vendors, 'pay', share),
    paying(vendors, 'silent', share),
    uploading(share),
  ]
}

/** A queued message: accepted, taken up by a worker, brought to the provider, and written down. */
function sending(vendors: Vendors, kind: 'mail' | 'text', share: number): Story {
  const tenant = `${kind}-${share}`
  const message =
    kind === 'mail'
      ? ({ channel: 'email', to: `${tenant}@example.com`, subject: 'Paid', text: 'x' } as const)
      : ({ channel: 'sms', to: '+15550123', message: `Paid, ${tenant}` } as const)
  const accepted = new Map<number, string>()
  return {
    ...{ kind, tenant, share },
    last: 'after end of a job in notifications',
    async tell(gateway, number) {
      const { notifications } = gateway.client(tenant)
      let id = accepted.get(number)
      if (id === undefined) {
        const options = { idempotencyKey: `${tenant}-${number}` }
        ;({ id } = await notifications.send({ ...message, queued: true }, options))
      }
      // Whoever had the answer does not ask again.
      accepted.set(number, id)
      await until(`message ${number} of ${tenant} has an outcome`, async () => {
        const { status } = await notifications.messages.get({ id })
        return status === 'sent' || (kind === 'text' && status === 'ambiguous')
      })
    },
    async check(gateway, numbers) {
      const statuses = await statusesOf(gateway.client(tenant))
      expectEqual(statuses.length, numbers.length, `the messages of ${tenant}`)
      const unknown = statuses.filter((status) => status === 'ambiguous').length
      const sent = vendors.sent(tenant)
      // A provider that knows keys is asked again, and sends once.
      if (kind === 'mail') return expectEqual([sent, unknown], [numbers.length, 0], 'mails')
      // What may have been sent without a key is not sent again, and said to be unknown.
      expectTrue(
        sent <= numbers.length && sent >= numbers.length - unknown,
        `each SMS at most once, not ${sent} of ${numbers.length} with ${unknown} unknown`,
      )
    },
  }
}

/**
 * A payment: kept, made at the provider under a key, confirmed by its customer there, and told of by a webhook.
 *
 * @param kind `silent`: the client that gets no answer never asks again, and the webhook alone tells of the payment
 */
function paying(vendors: Vendors, kind: 'pay' | 'silent', share: number): Story {
  const tenant = `${kind}-${share}`
  const asked = new Set<number>()
  return {
    ...{ kind, tenant, share },
    async tell(gateway, number) {
      const operationId = `${tenant}-${number}`
      if (kind === 'pay' || !asked.has(number)) {
        asked.add(number)
        await gateway.client(tenant).payments.create({
          ...{ operationId, amount: { amount: '49.90', currency: 'EUR' } },
          ...{ paymentMethod: 'pm_card_threeDSecure2Required', confirm: true },
          metadata: { order: operationId },
        })
      }
      await vendors.pay(operationId, async (event) =>
        expectTrue(
          await gateway.report(tenant, event),
          `the webhook of ${operationId} to be taken`,
        ),
      )
    },
    async check(gateway, numbers) {
      const made = vendors.payments(`${tenant}-`)
      const orders = new Set(made.map(({ order }) => order))
      expectEqual(made.length, orders.size, `the charges of ${tenant}, one for each order`)
      if (kind === 'pay') expectEqual(made.length, numbers.length, `the charges of ${tenant}`)
      for (const { payment } of made) {
        const { state } = await gateway.client(tenant).payments.get({ id: payment })
        expectEqual(state, 'succeeded', `the state of ${payment}`)
        const times = vendors.fulfilled(payment)
        // A handler that was killed may have had its effect.
        expectTrue(times === 1 || times === 2, `${payment} to be fulfilled, not ${times} times`)
      }
    },
  }
}

/** A resumable upload in three parts. */
function uploading(share: number): Story {
  const tenant = `files-${share}`
  const places = new Map<number, string>()
  const tus = { 'tus-resumable': '1.0.0' }
  const whole = CONTENT.join('')

  async function begin(gateway: Gateway, number: number): Promise<string> {
    const begun = await gateway.ask(tenant, 'POST', '/v1/uploads', {
      ...tus,
      'upload-length': String(whole.length),
      'upload-metadata': `key ${btoa(`${number}.txt`)},filetype ${btoa('text/plain')}`,
    })
    expectEqual(begun.status, 201, 'the status of a new upload')
    return begun.headers.get('location') ?? ''
  }

  return {
    ...{ kind: 'files', tenant, share },
    async tell(gateway, number) {
      const place = places.get(number) ?? (await begin(gateway, number))
      places.set(number, place)
      const seen = await gateway.ask(tenant, 'HEAD', place, tus)
      expectEqual(seen.status, 200, 'the status of an upload that goes on')
      let offset = Number(seen.headers.get('upload-offset'))
      while (offset < whole.length) {
        const part = partAt(offset)
        const headers = {
          ...tus,
          'content-type': 'application/offset+octet-stream',
          'upload-offset': String(offset),
        }
        const { status } = await gateway.ask(tenant, 'PATCH', place, headers, part)
        expectEqual(status, 204, `the status of a part from ${offset}`)
        offset += part.length
      }
    },
    async check(gateway, numbers) {
      const { files } = gateway.client(tenant)
      for (const number of numbers) {
        const found = await files.get({ key: `${number}.txt` })
        expectEqual(await found.text(), whole, `the content of ${number}.txt of ${tenant}`)
      }
    },
  }
}

/** What comes from there to the end of that part. */
function partAt(offset: number): string {
  let end = 0
  for (const part of CONTENT) {
    end += part.length
    if (end > offset) return part.slice(part.length - (end - offset))
  }
  return ''
}

async function unknownTexts(gateway: Gateway, stories: readonly Story[]): Promise<number> {
  const texts = stories.filter(({ kind }) => kind === 'text')
  const statuses = await Promise.all(texts.map(({ tenant }) => statusesOf(gateway.client(tenant))))
  return statuses.flat().filter((status) => status === 'ambiguous').length
}

async function statusesOf({ notifications }: Client): Promise<readonly string[]> {
  const statuses: string[] = []
  for await (const { status } of notifications.messages.list()) statuses.push(status)
  return statuses
}

/** The gateway in one life. */
interface Gateway extends AsyncDisposable {
  client(tenant: string): Client
  ask(
    tenant: string,
    method: string,
    path: string,
    headers: Readonly<Record<string, string>>,
    body?: string,
  ): Promise<Response>
  /** Brings an event of the provider. @returns Whether it was taken */
  report(tenant: string, event: unknown): Promise<boolean>
  /** From now on a tenant's steps are seen. */
  watch(
    line: WatchLine,
    last: string | undefined,
  ): {
    readonly begun: Promise<void>
    readonly stays: Promise<string>
    /** Resolves at the step of this name; at once where there is none. */
    readonly last: Promise<void>
  }
}

const key = newRootKey()

/** As one file, which starts many times as quickly as its parts. */
async function bundle(folder: string): Promise<string> {
  const outfile = join(folder, 'gateway.mjs')
  await build({
    entryPoints: [PROGRAM],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    conditions: ['white-cross-source'],
    logLevel: 'silent',
  })
  return outfile
}

async function startGateway(program: string, args: readonly string[]): Promise<Gateway> {
  const child = spawn(process.execPath, [program, ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: {
      ...process.env,
      ROOT_KEY_SHA256: createHash('sha256').update(key).digest('hex'),
      NODE_COMPILE_CACHE: join(dirname(program), 'compiled'),
    },
  })
  const kill = killerOf(child)
  const listeners = new Set<(line: GatewayLine) => void>()
  const begun = Promise.withResolvers<number>()
  child.once('exit', () => begun.reject(new Error('The gateway ended before it listened')))
  createInterface({ input: child.stdout }).on('line', (text) => {
    // Printed by our own program.
    const line = JSON.parse(text) as GatewayLine
    if ('port' in line) begun.resolve(line.port)
    else for (const hear of listeners) hear(line)
  })
  const late = setTimeout(() => void kill(), DEADLINE_MS)
  const url = `http://127.0.0.1:${await begun.promise}`

  return {
    // Nothing is asked again but by the story.
    client: (tenant) => createClient({ baseUrl: url, apiKey: key, tenant, attempts: 1 }),
    ask: (tenant, method, path, headers, body) =>
      fetch(`${url}${path}?tenant=${tenant}`, {
        method,
        headers: { authorization: `Bearer ${key}`, ...headers },
        ...(body !== undefined && { body }),
      }),
    async report(tenant, event) {
      const body = JSON.stringify(event)
      // Webhooks are verified by the platform's clock.
      const at = Math.floor(Date.now() / 1000)
      const signature = createHmac('sha256', STRIPE_WEBHOOK_SECRET)
        .update(`${at}.${body}`)
        .digest('hex')
      const response = await fetch(`${url}/v1/webhooks/in/stripe/${tenant}`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'stripe-signature': `t=${at},v1=${signature}`,
        },
        body,
      })
      return response.status === 200
    },
    watch(watchLine, last) {
      const [watched, stays, ended] = [
        Promise.withResolvers<void>(),
        Promise.withResolvers<string>(),
        Promise.withResolvers<void>(),
      ]
      if (last === undefined) ended.resolve()
      listeners.add((line) => {
        if ('port' in line || line.tenant !== watchLine.tenant) return
        if (line.step === 'watched') watched.resolve()
        if (line.step.startsWith(`${last},`)) ended.resolve()
        if (line.stays) stays.resolve(line.step)
      })
      child.stdin.write(`${JSON.stringify(watchLine)}\n`)
      return { begun: watched.promise, stays: stays.promise, last: ended.promise }
    },
    async [Symbol.asyncDispose]() {
      clearTimeout(late)
      await kill()
    },
  }
}

function killerOf(child: ChildProcess): () => Promise<void> {
  const ended = once(child, 'exit')
  const stop = (): void => void child.kill('SIGKILL')
  process.once('exit', stop)
  return async () => {
    stop()
    await ended
    process.off('exit', stop)
  }
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + DEADLINE_MS; !(await holds());) {
    expectTrue(Date.now() < end, `that ${what}`)
    await new Promise((done) => void setTimeout(done, LOOK_MS))
  }
}

const suite = { subject: 'Gateway killed', adapter: 'sqlite', cases }
const failed = await runSuites('node', [suite], console.log, process.argv[2])
process.exit(failed > 0 ? 1 : 0)
