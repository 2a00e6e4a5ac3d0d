import { githubScheme } from './github.ts'
import { standardScheme } from './standard.ts'
import { stripeScheme } from './stripe.ts'
import type { WebhookScheme } from './webhook-scheme.ts'

/**
 * The schemes that a name is enough for; the others are imported, so that nobody bundles what they
 * do not use.
 */
export type WebhookSchemeName = 'standard' | 'stripe' | 'github'

const schemes = [standardScheme, stripeScheme, githubScheme]

/** @throws TypeError when the scheme is not known */
export function findScheme(scheme: WebhookSchemeName | WebhookScheme): WebhookScheme {
  if (typeof scheme === 'object') return scheme
  const found = schemes.find(({ name }) => name === scheme)
  if (found !== undefined) return found
  throw new TypeError('Cannot verify webhook: the scheme is unknown')
}
