import { checkDuration, checkInteger } from '../primitives/check-range.ts'
import { checkOptions } from '../primitives/check-options.ts'
import type { Duration } from '../primitives/duration.ts'
import { systemClock, type Clock } from '../runtime/ports/platform/clock.ts'
import { systemFetch, type FetchClient } from '../runtime/ports/platform/fetch-client.ts'
import { systemRandom, type RandomSource } from '../runtime/ports/platform/random-source.ts'
import type { Client } from './api/client.ts'
import { OPERATIONS } from './api/operations.ts'
import { writeCall, type CallInput, type CallOptions, type OperationShape } from './call.ts'
import { createPages } from './pages.ts'
import { sendCall, type SendOptions } from './send-call.ts'

/** Options of {@link createClient}. */
export interface ClientOptions {
  /** Where the gateway is: `https://gateway.example`, without a path of its own. */
  readonly baseUrl: string
  /**
   * A key, a portal token or a JWT; a function where it changes, asked for each attempt. Default:
   * none, which few operations take.
   */
  readonly apiKey?: string | (() => Promise<string> | string)
  /** Whom an operator's key acts for. Default: whom the key is bound to. */
  readonly tenant?: string
  /** How often a call is tried in all, 1 to 10. Default 3. */
  readonly attempts?: number
  /** How long one attempt may take, 1 ms to 1 hour. Default 30 s. */
  readonly timeout?: Duration
  /** Default: the platform's. */
  readonly fetch?: FetchClient
  /** Default: the platform's. */
  readonly clock?: Clock
  /** Default: the platform's. */
  readonly random?: RandomSource
}

const ACTION = 'create client'

/**
 * Calls a gateway, every operation typed. Reads are tried again where that may help; so is what
 * changes something, under one idempotency key, so that it is done once.
 *
 * @example
 * const client = createClient({ baseUrl: 'https://gateway.example', apiKey })
 * await client.events.publish({ type: 'order.paid', data: { id: 42 } })
 * for await (const { id } of client.webhooks.deliveries.list({ state: 'dead' })) console.log(id)
 *
 * @throws TypeError or RangeError when an option is not valid
 */
export function createClient(options: ClientOptions): Client {
  checkOptions(
    ACTION,
    options,
    ['baseUrl'],
    ['apiKey', 'tenant', 'attempts', 'timeout', 'fetch', 'clock', 'random'],
  )
  const { apiKey, tenant, fetch = systemFetch, clock = systemClock } = options
  const sending: SendOptions = {
    baseUrl: originOf(options.baseUrl),
    credential: typeof apiKey === 'function' ? apiKey : () => apiKey ?? null,
    ...{ fetch, clock, random: options.random ?? systemRandom },
    attempts: checkInteger(ACTION, 'attempts', options.attempts ?? 3, 1, 10),
    timeoutMs: checkDuration(ACTION, 'timeout', options.timeout ?? '30s', 1, 3_600_000),
  }
  const groups: Record<string, unknown> = {}
  for (const [name, shape] of Object.entries<OperationShape>(OPERATIONS))
    put(groups, name.split('.'), (input: CallInput = {}, given: CallOptions = {}) => {
      const ask = async (cursor: string | undefined): Promise<unknown> => {
        const asked = cursor === undefined ? input : { ...input, cursor }
        const call = writeCall(name, shape, asked, given.tenant ?? tenant)
        return sendCall(name, shape, call, { ...given, ...keyOf(input, given) }, sending)
      }
      return shape.entries === undefined ? ask(undefined) : createPages(shape.entries, ask)
    })
  // The table and the type are written from one document.
  return groups as unknown as Client
}

/** What a payment names its act is the idempotency key as well: the gateway takes one of them. */
function keyOf(
  { operationId }: CallInput,
  { idempotencyKey }: CallOptions,
): Pick<CallOptions, 'idempotencyKey'> {
  return idempotencyKey === undefined && typeof operationId === 'string'
    ? { idempotencyKey: operationId }
    : {}
}

function put(
  groups: Record<string, unknown>,
  [first = '', ...rest]: string[],
  call: unknown,
): void {
  if (rest.length === 0) groups[first] = call
  else put((groups[first] ??= {}) as Record<string, unknown>, rest, call)
}

function originOf(baseUrl: string): string {
  const url = URL.canParse(baseUrl) ? new URL(baseUrl) : null
  if (url === null || !/^https?:$/.test(url.protocol) || url.search !== '' || url.hash !== '')
    throw new TypeError(
      `Cannot ${ACTION}: baseUrl is no address of a gateway, as https://gateway.example expected`,
    )
  if (url.username !== '' || url.password !== '')
    throw new TypeError(`Cannot ${ACTION}: baseUrl holds a credential, give it as apiKey`)
  return url.href.replace(/\/+$/, '')
}
