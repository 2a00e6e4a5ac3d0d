import * as z from 'zod/mini'
import { operation } from '../http/operation.ts'
import { lazily } from '../http/lazily.ts'
import { described, named, text } from './shapes.ts'

/** Whoever may make endpoints may listen; a customer's portal has no use for it. */
const listen = { scope: 'webhooks:write' } as const

const Name = lazily(() =>
  described(
    z.string().check(z.regex(/^[\w-]{1,40}$/, '1 to 40 characters of A–Z a–z 0–9 _ - expected')),
    { pattern: '^[\\w-]{1,40}$' },
  ),
)
const Session = lazily(() =>
  described(
    z.string().check(z.regex(/^[\w-]{16,64}$/, '16 to 64 characters of A–Z a–z 0–9 _ - expected')),
    {
      pattern: '^[\\w-]{16,64}$',
      description: 'Any text that no other program has: its next connection replaces its last',
    },
  ),
)

export const openListener = operation({
  id: 'webhooks.listeners.open',
  method: 'POST',
  path: '/v1/webhooks/listeners',
  summary: 'Make an endpoint whose deliveries are relayed over a WebSocket, or take it up again',
  policy: { ...listen, audit: true },
  tenantInBody: true,
  secret: true,
  shapes: () => ({
    body: named(
      'NewListener',
      z.strictObject({
        session: Session(),
        name: z.optional(Name()),
        events: z.optional(z.array(text(200))),
        tenant: z.optional(z.string()),
      }),
    ),
    answers: {
      200: named(
        'OpenListener',
        z.object({
          name: z.string(),
          endpointId: z.string(),
          events: z.array(z.string()),
          secret: described(z.string(), {
            description: 'What the receiver verifies with; the same each time for this name',
          }),
          socket: described(z.string(), {
            description: 'Path and query of the WebSocket, which wants the same credential',
          }),
        }),
      ),
    },
  }),
})

export const connectListener = operation({
  id: 'webhooks.listeners.connect',
  method: 'GET',
  path: '/v1/webhooks/listeners/:name/socket',
  summary: 'Connect a WebSocket that deliveries are relayed over',
  policy: listen,
  shapes: () => ({
    // It must be there; whether it is, is asked once it is known that the caller may.
    query: z.strictObject({ session: z.optional(Session()) }),
    answers: { 101: null },
  }),
})
