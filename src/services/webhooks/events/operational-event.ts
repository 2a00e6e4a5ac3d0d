/** What the service has to say about itself. */
export type OperationalEvent =
  | {
      readonly type: 'webhook.endpoint.disabled'
      readonly data: {
        readonly tenant: string
        readonly endpointId: string
        readonly reason: 'gone' | 'failing'
        /**
         * The first failure after the last success, ms since 1970; `null` when the receiver asked
         * for it.
         */
        readonly failingSince: number | null
      }
    }
  | {
      readonly type: 'webhook.delivery.dead'
      readonly data: {
        readonly tenant: string
        readonly endpointId: string
        readonly deliveryId: string
        readonly eventType: string
        readonly attempts: number
        readonly error: string | null
      }
    }

/**
 * Tells whoever listens.
 *
 * @param id The same whenever the same thing is told again after a crash
 */
export type EmitOperationalEvent = (id: string, event: OperationalEvent) => Promise<void>
