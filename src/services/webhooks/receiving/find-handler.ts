import { matchesEventPattern } from '../events/event-pattern.ts'
import type { WebhookHandler, WebhookHandlers } from './webhook-handlers.ts'

/** @returns The handler for a type, or `null` when there is none */
export function findHandler(handlers: WebhookHandlers, type: string | null): WebhookHandler | null {
  if (type !== null && Object.hasOwn(handlers, type)) return handlers[type] ?? null
  const [pattern] = Object.keys(handlers)
    .filter((key) => key.includes('*') && (key === '*' || matchesEventPattern(key, type ?? '')))
    .toSorted((a, b) => b.length - a.length)
  return pattern === undefined ? null : (handlers[pattern] ?? null)
}
