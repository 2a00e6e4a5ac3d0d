import type { StandardSchema } from '../../src/primitives/standard-schema.ts'
import { readWebhook } from '../../src/services/webhooks/receiving/read-webhook.ts'
import { verifyWebhook } from '../../src/services/webhooks/receiving/verify-webhook.ts'
import { signWebhook } from '../../src/services/webhooks/signing/sign-webhook.ts'

declare const body: string
declare const request: Request
declare const headers: Headers
declare const nodeHeaders: { readonly [name: string]: string | string[] | undefined }
declare const secret: string
declare const orders: StandardSchema<{ readonly total: string }, { readonly total: number }>

/** A forgotten `await` would make every webhook authentic, so it must not compile. */
export function forgetsToWait(): string {
  // @ts-expect-error TS2801: This condition will always return true since this 'Promise<boolean>' is always defined.
  if (verifyWebhook(body, headers, secret)) return 'accepted'
  // @ts-expect-error TS2801, in a conditional expression
  return verifyWebhook(body, headers, secret) ? 'accepted' : 'refused'
}

/** How it is meant. */
export async function waits(): Promise<boolean> {
  const isValid: boolean = await verifyWebhook(body, headers.get('stripe-signature'), secret)
  const rotated: boolean = await verifyWebhook(body, nodeHeaders, [secret, new Uint8Array(32)])
  return isValid && rotated
}

/** A body that was parsed, or a stream, is no raw body. */
export async function passesOtherThanTheRawBody(): Promise<void> {
  // @ts-expect-error TS2353: a parsed object
  await verifyWebhook({ type: 'order.paid' }, headers, secret)
  // @ts-expect-error TS2345: the request itself
  await verifyWebhook(request, headers, secret)
  // @ts-expect-error TS2322: no scheme of this name; slackWebhook() is imported
  await verifyWebhook(body, headers, secret, { scheme: 'slack' })
}

/** Without a schema nobody vouches for the event's type; with one it is what the schema makes. */
export async function readsEvents(): Promise<number> {
  const { event } = await readWebhook(request, { secrets: secret })
  // @ts-expect-error TS18046: the event is unknown
  event.total
  const order = await readWebhook(request, { secrets: secret, schema: orders })
  return order.event.total
}

/** The headers of a scheme are known by name. */
export async function signs(): Promise<readonly string[]> {
  const standard = await signWebhook(body, secret)
  const stripe = await signWebhook(body, secret, { scheme: 'stripe' })
  // @ts-expect-error TS7053: GitHub's header is not among Stripe's
  stripe['x-hub-signature-256']
  return [standard['webhook-id'], stripe['stripe-signature']]
}
