import { GatewayError, type OpenListener } from '../../client/index.ts'
import { encodeHex } from '../../primitives/hex.ts'
import { retryDelayMs } from '../../primitives/retry-delay.ts'
import { waitFor } from '../../runtime/coordination/wait-for.ts'
import type { Command, CommandContext } from '../command.ts'
import { forwardDelivery } from '../listening/forward-delivery.ts'
import type { LocalAnswer, RelayedDelivery } from '../listening/frames.ts'
import { runConnection, type ConnectionEnd } from '../listening/run-connection.ts'
import { shownInstant } from '../printable.ts'
import { UsageError } from '../usage-error.ts'

const DELAY = { type: 'exponential', delayMs: 500, maxMs: 30_000, jitter: 0.5 } as const
/** A connection that lasted so long was a good one: the next wait is short again. */
const GOOD_MS = 10_000
/** The gateway's close code for a name that another program has. */
const IN_USE = 4409

/** Webhooks that come to the machine at hand. */
export const LISTEN_COMMAND: Command = {
  name: 'webhooks listen',
  summary: 'Relay webhooks to a local server until ctrl-c, its answers back',
  args: [],
  options: ['forward', 'event', 'as'],
  notes: [
    'It makes an endpoint of its own, and removes it at ctrl-c: what comes later is not sent to it.',
    'While the connection is lost, deliveries fail and are sent again as to any endpoint.',
    'Two that listen at once need two names. The secret stays the same for a name.',
  ],
  async run(context) {
    const target = targetOf(context)
    const session = encodeHex(context.random.bytes(16))
    let endpointId: string | undefined
    try {
      await listen(context, target, session, (id) => (endpointId = id))
    } finally {
      if (endpointId !== undefined) await remove(context, endpointId)
    }
    return true
  },
}

/** @returns Where the local server is */
function targetOf({ options }: CommandContext): string {
  const given = options.text('forward')
  if (given === undefined)
    throw new UsageError('Cannot listen: --forward expected, as http://localhost:4000/hook')
  const url = URL.canParse(given) ? new URL(given) : null
  if (url === null || !/^https?:$/.test(url.protocol))
    throw new UsageError('Cannot use --forward: an address as http://localhost:4000/hook expected')
  if (url.username !== '' || url.password !== '')
    throw new UsageError('Cannot use --forward: it holds a credential, an address without expected')
  url.hash = ''
  return url.href
}

/** Connects again and again, until ctrl-c or a refusal. */
async function listen(
  context: CommandContext,
  target: string,
  session: string,
  onEndpoint: (id: string) => void,
): Promise<void> {
  const { signal, clock, random, output } = context
  let isFirst = true
  let failures = 0
  while (!signal.aborted) {
    const opened = await openListener(context, session, isFirst)
    if (!(opened instanceof GatewayError)) {
      onEndpoint(opened.endpointId)
      const { code, readyMs } = await connect(context, target, opened, isFirst)
      if (code === null || signal.aborted) return
      if (code === IN_USE) throw inUse()
      if (readyMs !== null) isFirst = false
      if ((readyMs ?? 0) > GOOD_MS) failures = 0
    }
    const waitMs = retryDelayMs(DELAY, ++failures, random.fraction())
    const why =
      opened instanceof GatewayError
        ? `${opened.message} (${opened.code})`
        : 'The connection is lost'
    await output.note(`${why}, it is tried again in ${(waitMs / 1000).toFixed(1)} s`)
    await waitFor(clock, waitMs, signal).catch(() => undefined)
  }
}

/** @returns The endpoint, or why it cannot be had for the moment */
async function openListener(
  { client, options, signal }: CommandContext,
  session: string,
  isFirst: boolean,
): Promise<OpenListener | GatewayError> {
  const name = options.text('as')
  const events = options.texts('event')
  try {
    return await client.webhooks.listeners.open(
      {
        session,
        ...(name !== undefined && { name }),
        ...(events.length > 0 && { events }),
      },
      { signal },
    )
  } catch (error) {
    if (error instanceof GatewayError && error.code === 'listener_in_use') throw inUse()
    // A gateway that is away for a while comes back; one that refuses goes on refusing.
    const passes = error instanceof GatewayError && (error.status >= 500 || error.status === 429)
    if (isFirst || !passes) throw error
    return error
  }
}

function connect(
  context: CommandContext,
  target: string,
  { socket, ...listener }: OpenListener,
  isFirst: boolean,
): Promise<ConnectionEnd> {
  const { gateway, clock, signal, openSocket, output, fetch } = context
  // Whoever answers as the gateway has the key already; it is sent to no other host.
  const url = new URL(`${gateway.url.replace(/\/+$/, '').replace(/^http/, 'ws')}${socket}`).href
  return runConnection({
    ...{ open: openSocket, url, clock, signal },
    headers: gateway.key === null ? {} : { authorization: `Bearer ${gateway.key}` },
    onReady: () => void showReady(context, target, listener, isFirst).catch(() => undefined),
    async forward(delivery, cut) {
      const at = clock.now()
      const since = (clock.elapsed ?? clock.now)()
      const answer = await forwardDelivery(delivery, { url: target, fetch, clock }, cut)
      const ms = Math.round((clock.elapsed ?? clock.now)() - since)
      const line = lineOf(delivery, answer, at, ms)
      await output.result(...line).catch(() => undefined)
      return answer
    },
  })
}

async function showReady(
  { output }: CommandContext,
  target: string,
  listener: Omit<OpenListener, 'socket'>,
  isFirst: boolean,
): Promise<void> {
  const { name, events, endpointId, secret } = listener
  if (!isFirst) return output.note('Listening again')
  if (output.isJson) return output.result({ kind: 'listening', ...listener, forward: target }, '')
  await output.note(`Listening as ${name} (${endpointId}): ${events.join(', ')} to ${target}`)
  await output.note(`They are signed with ${secret}`)
}

/** One delivery: when it came, what it is, and how the local server has answered. */
function lineOf(
  { headers, body }: RelayedDelivery,
  answer: LocalAnswer,
  at: number,
  ms: number,
): readonly [value: object, text: string] {
  const type = typeOf(body)
  const id = headers['webhook-id'] ?? null
  const status = 'status' in answer ? answer.status : null
  const error = 'reason' in answer ? answer.reason : null
  return [
    { kind: 'delivery', at, type, id, status, error, ms },
    `${shownInstant(at)}  ${type ?? '-'}  ${status ?? `no answer (${error})`}  ${ms} ms  ${id ?? '-'}`,
  ]
}

/** The event's type, where the body has one. */
function typeOf(body: Uint8Array): string | null {
  try {
    const json: unknown = JSON.parse(new TextDecoder().decode(body))
    const type: unknown =
      typeof json === 'object' && json !== null ? Reflect.get(json, 'type') : null
    return typeof type === 'string' ? type : null
  } catch {
    return null
  }
}

/** Nothing is kept for whoever listens no more. */
async function remove({ client, output }: CommandContext, id: string): Promise<void> {
  try {
    await client.webhooks.endpoints.delete({ id })
  } catch (error) {
    // Somebody else has removed it.
    if (error instanceof GatewayError && error.status === 404) return
    await output.note(`The endpoint ${id} is still there: white-cross could not remove it`)
    throw error
  }
}

function inUse(): Error {
  return new Error('Cannot listen: another program does so under this name, another --as expected')
}
