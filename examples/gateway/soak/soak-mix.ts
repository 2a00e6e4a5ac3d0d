import { createClient, GatewayError, type Client } from '@white-cross/reuse/infrastructure/client'
import type { ReceivedRequest } from '../receiver.ts'

/** One kind of work among those of a {@link SoakMix}. */
export interface SoakKind {
  readonly name: string
  /** Of 20 in a row. */
  readonly share: number
  /** Asks once. @throws Error when it is refused, or answered with something wrong */
  act(number: number): Promise<void>
  /** What was accepted and has not come about yet; asked again until nothing is left. */
  missing?(): Promise<number> | number
  /** What came about more than once. */
  doubled?(): number
  /** That must never be: who receives events and jobs tells doubles by their ids. */
  readonly never?: true
}

/** All services at once, in an order that is always the same. */
export interface SoakMix {
  readonly kinds: readonly SoakKind[]
  kindOf(number: number): SoakKind
  /** What the receiver of webhooks and jobs is told. */
  receive(request: ReceivedRequest): void
  /** ms from being accepted to being received, of events and jobs. */
  readonly arriving: readonly number[]
}

/** What {@link createSoakMix} needs. */
export interface SoakMixOptions {
  readonly url: string
  readonly key: string
  /** Where the jobs deliver to. */
  readonly receiver: string
  /** A key that may ask only so often in a minute. */
  readonly limited: { readonly key: string; readonly perMinute: number }
}

const CONTENT = 'x'.repeat(2000)
const TUS = { 'tus-resumable': '1.0.0', 'content-type': 'application/offset+octet-stream' }

export function createSoakMix({ url, key, receiver, limited }: SoakMixOptions): SoakMix {
  // Nothing is asked twice: who loses an answer is to be seen.
  const client = createClient({ baseUrl: url, apiKey: key, attempts: 1 })
  const events = createArrivals()
  const jobs = createArrivals()
  const kinds: readonly SoakKind[] = [
    {
      ...{ name: 'events', share: 5, missing: events.missing, doubled: events.doubled },
      async act(number) {
        const { id } = await client.events.publish({ type: 'soak.tick', data: { number } })
        events.accept(id)
      },
    },
    {
      ...{ name: 'jobs', share: 3, missing: jobs.missing, doubled: jobs.doubled },
      async act(number) {
        const data = { url: receiver, payload: { number } }
        const { id } = await client.jobs.add({ queue: 'default', name: 'deliver', data })
        jobs.accept(`job_${id}`)
      },
    },
    messages(client),
    payments(client),
    files(client),
    uploads(client, url, key),
    reads(client),
    limits(url, limited),
  ]
  const order = kinds.flatMap((kind) => Array.from({ length: kind.share }, () => kind))
  // Neighbours of one kind are spread: 7 has no part in common with the length of the order.
  const spread = order.map((_, index) => order[(index * 7) % order.length])
  return {
    kinds,
    kindOf(number) {
      const kind = spread[number % spread.length]
      if (kind === undefined) throw new RangeError(`Cannot soak: ${number} is no place in the mix`)
      return kind
    },
    receive({ headers }) {
      const id = headers['webhook-id'] ?? ''
      if (id.startsWith('job_')) jobs.arrive(id)
      else events.arrive(id)
    },
    get arriving() {
      return [...events.times, ...jobs.times]
    },
  }
}

function messages(client: Client): SoakKind {
  const open = new Set<string>()
  return {
    ...{ name: 'messages', share: 2 },
    async act(number) {
      const { id } = await client.notifications.send({
        ...{ channel: 'email', to: `u${number}@example.com`, from: 'soak@example.com' },
        ...{ subject: 'Tick', text: String(number), queued: true },
      })
      open.add(id)
    },
    async missing() {
      const wanted = [...open].slice(0, 200)
      const found = await Promise.all(
        wanted.map((id) => client.notifications.messages.get({ id }).catch(() => null)),
      )
      for (const [index, message] of found.entries())
        if (message?.status === 'sent') open.delete(wanted[index] ?? '')
      return open.size
    },
  }
}

function payments(client: Client): SoakKind {
  const made = new Set<string>()
  let doubled = 0
  return {
    ...{ name: 'payments', share: 2, doubled: () => doubled, never: true },
    async act(number) {
      const payment = await client.payments.create({
        ...{ operationId: `soak-${number}`, paymentMethod: 'pm_success', confirm: true },
        amount: { amount: '9.90', currency: 'EUR' },
      })
      if (payment.state !== 'succeeded') throw new Error(`A payment is ${payment.state}`)
      if (made.has(payment.id)) doubled++
      made.add(payment.id)
    },
  }
}

function files(client: Client): SoakKind {
  return {
    ...{ name: 'files', share: 2 },
    async act(number) {
      const key = `soak/${number % 500}.txt`
      await client.files.put({ key, body: CONTENT, contentType: 'text/plain' })
      const read = await (await client.files.get({ key })).text()
      if (read !== CONTENT) throw new Error('A file is not what was put')
    },
  }
}

function uploads(client: Client, url: string, apiKey: string): SoakKind {
  const half = CONTENT.length / 2
  const ask = async (method: string, path: string, headers: object, body?: string) => {
    const response = await fetch(new URL(path, url), {
      method,
      headers: { authorization: `Bearer ${apiKey}`, ...TUS, ...headers },
      ...(body !== undefined && { body }),
    })
    await response.body?.cancel()
    if (!response.ok) throw new Error(`An upload is answered ${response.status}`)
    return response
  }
  return {
    ...{ name: 'uploads', share: 1 },
    async act(number) {
      const key = `soak/uploads/${number % 500}.txt`
      const begun = await ask('POST', '/v1/uploads', {
        'upload-length': String(CONTENT.length),
        'upload-metadata': `key ${btoa(key)}`,
      })
      const place = begun.headers.get('location') ?? ''
      for (const offset of [0, half])
        await ask('PATCH', place, { 'upload-offset': String(offset) }, CONTENT.slice(0, half))
      const read = await (await client.files.get({ key })).text()
      if (read !== CONTENT) throw new Error('An upload is not what was sent')
    },
  }
}

function reads(client: Client): SoakKind {
  return {
    ...{ name: 'reads', share: 4 },
    async act(number) {
      if (number % 2 === 0) await client.jobs.queues.get({ queue: 'default' })
      else await client.webhooks.deliveries.list({ limit: 10 })
    },
  }
}

/** A key that asks more often than it may. */
function limits(url: string, { key, perMinute }: SoakMixOptions['limited']): SoakKind {
  const client = createClient({ baseUrl: url, apiKey: key, attempts: 1 })
  const since = performance.now()
  let allowed = 0
  return {
    ...{ name: 'limits', share: 1, never: true },
    async act() {
      try {
        await client.jobs.queues.get({ queue: 'default' })
        allowed++
      } catch (error) {
        if (!(error instanceof GatewayError) || error.status !== 429) throw error
      }
    },
    // A full burst at first, and what came back since.
    doubled: () =>
      Math.max(0, allowed - Math.ceil(perMinute * (1 + (performance.now() - since) / 60_000))),
  }
}

/** What is accepted under an id, and received under it some time later. */
function createArrivals() {
  const acceptedAt = new Map<string, number>()
  const arrivals = new Map<string, number>()
  const times: number[] = []
  return {
    times,
    accept(id: string): void {
      acceptedAt.set(id, performance.now())
      // It may arrive before its publisher has the answer.
      if (arrivals.has(id)) times.push(0)
    },
    arrive(id: string): void {
      arrivals.set(id, (arrivals.get(id) ?? 0) + 1)
      const at = acceptedAt.get(id)
      if (at !== undefined && arrivals.get(id) === 1) times.push(performance.now() - at)
    },
    missing: (): number => [...acceptedAt.keys()].filter((id) => !arrivals.has(id)).length,
    doubled: (): number => [...arrivals.values()].filter((count) => count > 1).length,
  }
}
