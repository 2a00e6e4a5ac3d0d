const MAX_HEADERS = 20
const MAX_VALUE_CHARACTERS = 1024

/** Headers that the sender, the connection or the signature owns, and ones that receivers and proxies trust. */
const RESERVED_NAMES = new Set([
  'accept-encoding',
  'connection',
  'content-encoding',
  'content-length',
  'content-type',
  'cookie',
  'date',
  'expect',
  'forwarded',
  'host',
  'keep-alive',
  'origin',
  'referer',
  'set-cookie',
  'signature',
  'signature-input',
  'stripe-signature',
  'te',
  'trailer',
  'transfer-encoding',
  'true-client-ip',
  'upgrade',
  'user-agent',
  'via',
  'x-hub-signature',
  'x-hub-signature-256',
  'x-real-ip',
])

const RESERVED_PREFIXES = [
  'webhook-',
  'svix-',
  'proxy-',
  'sec-',
  'cf-',
  'x-forwarded-',
  'access-control-',
  ':',
]

/**
 * Checks headers that an endpoint's owner wants added to each request.
 *
 * @returns The headers with names in lower case, or what is wrong with them; never a value
 */
export function readCustomHeaders(
  headers: Readonly<Record<string, string>>,
):
  | { readonly ok: true; readonly headers: Readonly<Record<string, string>> }
  | { readonly ok: false; readonly fault: string } {
  const entries = Object.entries(headers)
  if (entries.length > MAX_HEADERS)
    return { ok: false, fault: `there are ${entries.length}, at most ${MAX_HEADERS} are allowed` }
  const checked = new Map<string, string>()
  for (const [given, value] of entries) {
    const name = given.toLowerCase()
    if (!/^[a-z0-9!#$%&'*+.^_`|~-]{1,64}$/.test(name))
      return { ok: false, fault: 'a name is no header name' }
    if (RESERVED_NAMES.has(name) || RESERVED_PREFIXES.some((prefix) => name.startsWith(prefix)))
      return { ok: false, fault: `${name} is reserved` }
    if (checked.has(name)) return { ok: false, fault: `${name} is there twice` }
    if (
      typeof value !== 'string' ||
      value.length > MAX_VALUE_CHARACTERS ||
      !/^[\x21-\x7e]([\x20-\x7e\t]*[\x21-\x7e])?$/.test(value)
    )
      return {
        ok: false,
        fault: `the value of ${name} is not 1 to ${MAX_VALUE_CHARACTERS} printable ASCII characters`,
      }
    checked.set(name, value)
  }
  return { ok: true, headers: Object.fromEntries(checked) }
}
