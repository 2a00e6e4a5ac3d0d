import { NotificationError } from '../notification-error.ts'
import type { Provider, ProviderEvent } from '../providers/provider.ts'
import { recordEvent } from '../tracking/record-event.ts'
import type { NotificationParts } from './notification-parts.ts'
import { tellListener } from './tell-listener.ts'

/** Events of one webhook that are applied; vendors send up to 1,000 or so. */
const MOST_EVENTS = 5000
/** Events that are applied at once. */
const CONCURRENCY = 16

/**
 * Answers a webhook of a provider: 200 once every event in it is applied, so that the vendor sends
 * again what is not.
 *
 * @throws NotificationError `invalid_request` when the provider is not there, or nothing verifies
 *   its webhooks
 */
export async function handleProviderWebhook(
  parts: NotificationParts,
  name: string,
  request: Request,
): Promise<Response> {
  const provider = providerOf(parts, name)
  const read = Object.hasOwn(parts.webhooks, name) ? parts.webhooks[name] : undefined
  if (read === undefined || provider?.readEvents === undefined)
    throw new NotificationError(
      'invalid_request',
      provider?.readEvents === undefined
        ? `Cannot handle webhook: there is no provider ${JSON.stringify(String(name).slice(0, 60))} that sends any`
        : `Cannot handle webhook: nothing verifies those of ${name}, createNotifications({ webhooks: { ${name}: (request) => readWebhook(request, …) } }) expected`,
    )
  if (request.method !== 'POST')
    return new Response(null, { status: 405, headers: { allow: 'POST' } })
  const url = new URL(request.url)
  let webhook
  try {
    webhook = await read(request)
  } catch (error) {
    const status = statusOf(error)
    // What is wrong is told to us and not to whoever sent it.
    parts.onError(error)
    if (status === null) throw error
    return new Response(null, { status })
  }
  const events = provider.readEvents(webhook.event, url)
  if (events.length > MOST_EVENTS)
    parts.onError(
      new NotificationError(
        'invalid_request',
        `Cannot apply webhook of ${name}: it has ${events.length} events, the first ${MOST_EVENTS} are applied`,
      ),
    )
  await applyAll(parts, name, events.slice(0, MOST_EVENTS), webhook.id ?? null)
  return new Response(null, { status: 200 })
}

async function applyAll(
  parts: NotificationParts,
  source: string,
  events: readonly ProviderEvent[],
  webhookId: string | null,
): Promise<void> {
  let next = 0
  const lane = async (): Promise<void> => {
    for (let index = next++; index < events.length; index = next++) {
      const event = events[index]
      if (event === undefined) return
      const { log, suppressions, clock } = parts
      const fallbackId = webhookId === null ? null : `${webhookId}:${index}`
      const options = { log, suppressions, now: clock.now() }
      const changed = await recordEvent(event, source, fallbackId, options)
      if (changed !== null) await tellListener(parts, changed)
    }
  }
  const lanes = Array.from({ length: Math.min(CONCURRENCY, events.length) }, lane)
  // One that cannot be applied holds up none of the others; the vendor sends all of them again.
  await Promise.allSettled(lanes)
  await Promise.all(lanes)
}

function providerOf({ pools }: NotificationParts, name: string): Provider<never> | undefined {
  const all: readonly { readonly provider: Provider<never> }[] = [
    ...(pools.email?.members ?? []),
    ...(pools.sms?.members ?? []),
    ...(pools.push?.members ?? []),
    ...[...pools.chat.values()].flatMap(({ members }) => members),
  ]
  return all.find(({ provider }) => provider.name === name)?.provider
}

function statusOf(error: unknown): number | null {
  if (typeof error !== 'object' || error === null || !('status' in error)) return null
  const { status } = error
  return typeof status === 'number' && status >= 400 && status <= 599 ? status : null
}
