import type { WebhookHandlers } from './webhook-handlers.ts'

/**
 * Copies handlers, so that nothing is acknowledged where a handler was meant to be.
 *
 * @throws TypeError when they are no object, or one is no function
 */
export function checkHandlers(handlers: WebhookHandlers): WebhookHandlers {
  const given: unknown = handlers
  if (typeof given !== 'object' || given === null)
    throw new TypeError('Cannot handle webhooks: the handlers are no object, one expected')
  const odd = Object.entries(given).find(([, handler]) => typeof handler !== 'function')
  if (odd !== undefined)
    throw new TypeError(
      `Cannot handle webhooks: the handler of ${JSON.stringify(odd[0])} is no function, one expected`,
    )
  return { ...handlers }
}
