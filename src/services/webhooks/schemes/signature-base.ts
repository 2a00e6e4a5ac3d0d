import type { WebhookMessage } from './webhook-scheme.ts'

/** Components that are no header fields (RFC 9421 §2.2), as far as a request has them. */
const DERIVED = new Set([
  '@method',
  '@target-uri',
  '@authority',
  '@scheme',
  '@request-target',
  '@path',
  '@query',
])

/**
 * @returns Whether `name` is that of a component: of a field, lower case (RFC 9421 §2.1), or
 *   derived
 */
export function isComponentName(name: string): boolean {
  return DERIVED.has(name) || /^[a-z0-9!#$%&'*+.^_`|~-]+$/.test(name)
}

/** @returns Whether a component needs the request, and headers alone do not do */
export function isDerived(name: string): boolean {
  return name.startsWith('@')
}

/**
 * Builds what an HTTP message signature is made over (RFC 9421 §2.5).
 *
 * @param components Names for which {@link isComponentName} answers true
 * @param signatureParams The value of `@signature-params` as it is written in `Signature-Input`
 * @param toPublic From the URL that this server sees to the one that was called
 * @returns `null` when the message has no such component, or one that cannot stand in a line
 */
export function signatureBase(
  components: readonly string[],
  signatureParams: string,
  message: WebhookMessage,
  toPublic: (seen: string) => string = (seen) => seen,
): string | null {
  const lines: string[] = []
  for (const name of components) {
    const value = isDerived(name) ? derivedComponent(name, message, toPublic) : message.header(name)
    if (value === null || /[\0\r\n]/.test(value)) return null
    lines.push(`"${name}": ${withoutEnds(value)}`)
  }
  return [...lines, `"@signature-params": ${signatureParams}`].join('\n')
}

function derivedComponent(
  name: string,
  { method, url: seen }: WebhookMessage,
  toPublic: (seen: string) => string,
): string | null {
  if (method === undefined || seen === undefined) return null
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

/** Spaces and tabs are white space in a field, and nothing else is (RFC 9110 §5.6.3). */
function withoutEnds(value: string): string {
  let [start, end] = [0, value.length]
  while (isWhiteSpace(value[start])) start++
  while (end > start && isWhiteSpace(value[end - 1])) end--
  return value.slice(start, end)
}

function isWhiteSpace(character: string | undefined): boolean {
  return character === ' ' || character === '\t'
}
