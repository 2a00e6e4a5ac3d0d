import { refusedRange } from './public-address.ts'

/** Which URLs webhooks may be sent to. */
export interface OutboundPolicy {
  /** Default `['https']`. */
  readonly schemes?: readonly ('https' | 'http')[]
  /** Ports that may be named or implied. Default 443 and 8443, with `http` also 80 and 8080. */
  readonly ports?: readonly number[]
  /**
   * Only these hosts: exact names, or `*.example.com` for every name below one. Default: all that
   * are not refused.
   */
  readonly allowHosts?: readonly string[]
  /** Never these hosts, written likewise. Default: none beyond the ones that are always refused. */
  readonly denyHosts?: readonly string[]
  /**
   * Lets everything but malformed URLs pass: plain http, every port, names and addresses inside the
   * network, and no DNS check. Whoever may create an endpoint can then reach whatever this process
   * reaches. Default: off.
   */
  readonly allowPrivateNetworks?: 'for local development'
}

/** Stable names of the rules that refuse a URL. */
export type UrlRefusal =
  | 'not_a_url'
  | 'too_long'
  | 'scheme'
  | 'credentials'
  | 'port'
  | 'host_name'
  | 'host_not_allowed'
  | 'address'

export type UrlDecision =
  | {
      readonly ok: true
      readonly url: URL
      /** The host is a name, whose addresses are still to be checked. */
      readonly resolve: boolean
    }
  | {
      readonly ok: false
      readonly refusal: UrlRefusal
      /**
       * What is and what should be, to end a message with; never holds path, query or credentials.
       */
      readonly detail: string
    }

const MAX_URL_CHARACTERS = 2048
const DEFAULT_PORTS = { https: [443, 8443], http: [80, 8080] } as const

/**
 * Names that stand for this machine, its network or its cloud's metadata service, with everything
 * below them.
 */
const PRIVATE_SUFFIXES = [
  'localhost',
  'local',
  'localdomain',
  'internal',
  'intranet',
  'lan',
  'home',
  'corp',
  'private',
  'svc',
  'consul',
  'arpa',
  'onion',
  'metadata.goog',
]

/** Judges a URL by its text alone; the addresses behind a name are judged when it is resolved. */
export function decideUrl(text: string, policy: OutboundPolicy = {}): UrlDecision {
  if (text.length > MAX_URL_CHARACTERS)
    return refuse(
      'too_long',
      `it has ${text.length} characters, at most ${MAX_URL_CHARACTERS} are allowed`,
    )
  if (!URL.canParse(text)) return refuse('not_a_url', 'it is no absolute URL')
  // The parser has folded hexadecimal, octal, short, full-width and escaped spellings of IPv4
  // addresses by now.
  const url = new URL(text)
  const local = policy.allowPrivateNetworks === 'for local development'
  const schemes = local ? ['https', 'http'] : (policy.schemes ?? ['https'])
  const scheme = url.protocol.slice(0, -1)
  if (!(scheme === 'https' || scheme === 'http') || !schemes.includes(scheme))
    return refuse('scheme', `its scheme is not allowed, ${schemes.join(' or ')} is needed`)
  if (url.username !== '' || url.password !== '')
    return refuse('credentials', 'it carries credentials, which belong into a header')
  if (local) return { ok: true, url, resolve: false }
  const port = url.port === '' ? DEFAULT_PORTS[scheme][0] : Number(url.port)
  const ports =
    policy.ports ??
    schemes.flatMap((name) => [...DEFAULT_PORTS[name === 'http' ? 'http' : 'https']])
  if (!ports.includes(port))
    return refuse('port', `its port is ${port}, ${ports.join(', ')} are allowed`)
  return decideHost(url, policy)
}

function decideHost(url: URL, { allowHosts, denyHosts = [] }: OutboundPolicy): UrlDecision {
  const host = url.hostname.replace(/\.+$/, '').toLowerCase()
  const literal = host.startsWith('[') || /^[\d.]+$/.test(host)
  if (literal) {
    const range = refusedRange(host)
    if (range !== null) return refuse('address', `its address is not public (${range})`)
  } else if (!/^[\w-]{1,63}(\.[\w-]{1,63})+$/.test(host)) {
    return refuse('host_name', 'its host is no full domain name')
  } else if (PRIVATE_SUFFIXES.some((suffix) => isWithin(host, suffix))) {
    return refuse('host_name', 'its host is a name inside a private network')
  }
  if (denyHosts.some((pattern) => matchesHost(host, pattern)))
    return refuse('host_not_allowed', 'its host is denied')
  if (allowHosts !== undefined && !allowHosts.some((pattern) => matchesHost(host, pattern)))
    return refuse('host_not_allowed', 'its host is not among the allowed ones')
  return { ok: true, url, resolve: !literal }
}

function refuse(refusal: UrlRefusal, detail: string): UrlDecision {
  return { ok: false, refusal, detail }
}

function isWithin(host: string, suffix: string): boolean {
  return host === suffix || host.endsWith(`.${suffix}`)
}

function matchesHost(host: string, pattern: string): boolean {
  const wanted = pattern.toLowerCase()
  return wanted.startsWith('*.') ? host.endsWith(wanted.slice(1)) : host === wanted
}
