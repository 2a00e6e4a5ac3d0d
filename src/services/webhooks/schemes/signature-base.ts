import type { WebhookMessage } from './webhook-scheme.ts'

/**
 * Builds what an HTTP message signature is made over (RFC 9421 §2.5).
 *
 * @param components Names of header fields and of `@method`, `@target-uri`, `@authority`, `@scheme`, `@request-target`,
 *   `@path` and `@query`
 * @param signatureParams The value of `@signature-params` as it is written in `Signature-Input`
 * @param toPublic From the URL that this server sees to the one that was called
 * @returns `null` when the message has no such component
 * @throws TypeError when the request itself is needed and only headers are there
 */
export function signatureBase(
  components: readonly string[],
  signatureParams: string,
  message: WebhookMessage,
  toPublic: (seen: string) => string = (seen) => seen,
): string | null {
  const lines: string[] = []
  for (const name of components) {
    const value = name.startsWith('@')
      ? derivedComponent(name, message, toPublic)
      : message.header(name)
    if (value === null) return null
    lines.push(`"${name}": ${value.trim()}`)
  }
  return [...lines, `"@signature-params": ${signatureParams}`].join('\n')
}

function derivedComponent(
  name: string,
  { method, url: seen }: WebhookMessage,
  toPublic: (seen: string) => string,
): string | null {
  if (method === undefined || seen === undefined)
    throw new TypeError(
      `Cannot verify webhook: the signature covers ${name}, use readWebhook with the whole request`,
    )
  const text = toPublic(seen)
  const { protocol, host, pathname, search } = new URL(text)
  switch (name) {
    case '@method':
      return method
    case '@target-uri':
      return text
    case '@authority':
      return host
    case '@scheme':
      return protocol.slice(0, -1)
    case '@request-target':
      return pathname + search
    case '@path':
      return pathname
    case '@query':
      return search === '' ? '?' : search
    default:
      return null
  }
}
