import type { Webhooks } from '@white-cross/reuse/infrastructure/webhooks'
import * as api from '../../contract/listeners.ts'
import { ProblemError } from '../../http/problem.ts'
import { route, type Route } from '../../http/route.ts'
import { isListenerUrl, type ListenerUrls } from '../../listeners/listener-urls.ts'
import type { ListenerName, Listeners } from '../../listeners/listeners.ts'
import { letThrough } from '../../listeners/upgrades.ts'

/** What {@link listenerRoutes} are made of. */
export interface ListenerRoutesOptions {
  readonly webhooks: Pick<Webhooks, 'endpoints'>
  readonly listeners: Listeners
  readonly urls: ListenerUrls
}

const DEFAULT_NAME = 'local'

/** Endpoints of programs that listen over a WebSocket. */
export function listenerRoutes(options: ListenerRoutesOptions): readonly Route[] {
  const { listeners, webhooks } = options
  return [
    route(api.openListener, async ({ body, tenant }) => {
      const { session, name = DEFAULT_NAME, events = ['*'] } = body
      const listener = { tenant, name }
      await checkFree(listeners, listener, session)
      const { id, secret } = await openEndpoint(options, listener, events)
      const query = new URLSearchParams({ session, tenant })
      const socket = `/v1/webhooks/listeners/${name}/socket?${query}`
      return { status: 200, body: { name, endpointId: id, events, secret, socket }, target: id }
    }),
    route(api.connectListener, async ({ c, query, param, tenant, caller }) => {
      if (c.req.header('upgrade')?.toLowerCase() !== 'websocket')
        throw new ProblemError(426, 'upgrade_required', 'This address is for WebSockets', {
          headers: { upgrade: 'websocket' },
        })
      const { session } = query
      if (session === undefined)
        throw new ProblemError(400, 'invalid_query', 'session: that of POST expected')
      const listener = { tenant, name: param('name') }
      // What no endpoint is called is not looked for.
      const endpoint = await webhooks.endpoints
        .find(uidOf(listener.name), { tenant })
        .catch(() => null)
      if (endpoint === null || !isListenerUrl(endpoint.url))
        throw new ProblemError(
          404,
          'listener_not_found',
          'There is no such listener, POST makes it',
        )
      await checkFree(listeners, listener, session)
      const { id, tenant: bound, expiresAt } = caller
      letThrough(c.req.raw, { listener, session, caller: { id, tenant: bound }, until: expiresAt })
      // In its place the server answers with its own 101.
      return new Response(null, { status: 204 })
    }),
  ]
}

/** Two programs of one name would take it from each other for ever. */
async function checkFree(
  listeners: Listeners,
  listener: ListenerName,
  session: string,
): Promise<void> {
  const connection = await listeners.holder(listener)
  if (connection === null || connection.session === session) return
  throw new ProblemError(409, 'listener_in_use', 'Another program listens under this name')
}

/** An endpoint like others, but for its address; it is as new each time somebody listens. */
async function openEndpoint(
  { webhooks: { endpoints }, urls }: ListenerRoutesOptions,
  listener: ListenerName,
  events: readonly string[],
): Promise<{ readonly id: string; readonly secret: string }> {
  const { tenant, name } = listener
  const [url, secret] = await Promise.all([urls.urlOf(listener), urls.secretOf(listener)])
  const uid = uidOf(name)
  const description = `Relayed to white-cross webhooks listen --as ${name}`
  const made = await endpoints.create({ tenant, uid, url, events, secret, description })
  const { id } = made
  if (made.secret !== null) return { id, secret }
  if (!isListenerUrl(made.url))
    throw new ProblemError(409, 'listener_in_use', `An endpoint of another kind has the uid ${uid}`)
  await endpoints.update(id, { url, events })
  // Whoever has given it another secret, or disabled it, did so for a listener before.
  await endpoints.rotateSecret(id, { secret, overlap: 0 })
  await endpoints.enable(id)
  return { id, secret }
}

function uidOf(name: string): string {
  return `listen.${name}`
}
