import type { AsJson, Json } from '@white-cross/reuse/infrastructure/runtime/ports'
import { memory } from '@white-cross/reuse/infrastructure/runtime/memory'
import { createWebhooks, type WebhookEvent } from '@white-cross/reuse/infrastructure/webhooks'
import { proven, type Equals } from './equals.ts'

interface Line {
  readonly sku: string
  note?: string
}

interface Order {
  readonly id: number
  readonly lines: readonly Line[]
  readonly paid: boolean | null
}

class Money {
  readonly cents = 1
  toText(): string {
    return `${this.cents}`
  }
}

proven<Equals<AsJson<Json>, Json>>()
proven<Equals<AsJson<Date>['getTime'], never>>()

const { publish } = createWebhooks({ backend: memory() })
declare const order: Order
declare const json: Json
declare const events: readonly WebhookEvent[]

await publish({ type: 'a', data: order })
await publish({ type: 'a', data: [order, { order }] })
await publish({ type: 'a', data: json })
await publish({ type: 'a', data: null })
await publish({ type: 'a', data: { total: 1.5, list: ['x'] }, id: 'x', tenant: 't' })
await publish({ type: 'a', json: '{"id":1.0}' })
for (const event of events) await publish(event)

// @ts-expect-error a Date is no JSON
await publish({ type: 'a', data: new Date() })
// @ts-expect-error nor is what holds one
await publish({ type: 'a', data: { order, at: new Date() } })
// @ts-expect-error what would be left out
await publish({ type: 'a', data: { note: undefined } })
// @ts-expect-error a class with methods
await publish({ type: 'a', data: new Money() })
// @ts-expect-error an integer of any size
await publish({ type: 'a', data: { id: 1n } })
// @ts-expect-error a map
await publish({ type: 'a', data: new Map<string, string>() })
// @ts-expect-error one of both
await publish({ type: 'a' })
// @ts-expect-error a misspelt name
await publish({ type: 'a', data: 1, tenat: 't' })
