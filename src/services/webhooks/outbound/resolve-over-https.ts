import { checkOptions } from '../../../primitives/check-options.ts'
import { checkInteger } from '../../../primitives/check-range.ts'
import { createLruCache } from '../../../primitives/lru-cache.ts'
import { systemClock, type Clock } from '../../../runtime/ports/platform/clock.ts'
import { systemFetch, type FetchClient } from '../../../runtime/ports/platform/fetch-client.ts'
import type { HostResolver } from './host-resolver.ts'
import { readBody } from './read-body.ts'

/** Options of {@link createHttpsResolver}. */
export interface HttpsResolverOptions {
  /** Default: the platform's. */
  readonly fetch?: FetchClient
  /** Default: the platform's. */
  readonly clock?: Clock
  /** A DNS service that speaks `application/dns-json`. Default: Cloudflare's. */
  readonly url?: string
  /**
   * Names whose answers are remembered, for as long as the answers say but at most 5 minutes.
   * Default 1,000.
   */
  readonly cachedNames?: number
}

interface Answer {
  readonly addresses: readonly string[]
  readonly ttlMs: number
}

const CREATE = 'create HTTPS resolver'
const RECORD_TYPES = [
  { name: 'A', number: 1 },
  { name: 'AAAA', number: 28 },
] as const

const MAX_ANSWER_BYTES = 65_536
const MAX_CACHE_MS = 300_000
const NO_ERROR = 0
const NO_SUCH_NAME = 3

/**
 * Resolves names over HTTPS, which works where a runtime has no DNS of its own (Workers) and shows
 * all addresses. The service that is asked learns the names.
 *
 * @throws TypeError when an option is not known, or the url is none
 * @throws RangeError when `cachedNames` is out of range
 *
 * @example
 * const resolve = createHttpsResolver({ url: 'https://dns.example.com/dns-query' })
 * const webhooks = createWebhooks({ backend, resolve })
 */
export function createHttpsResolver(options: HttpsResolverOptions = {}): HostResolver {
  checkOptions(CREATE, options, [], ['fetch', 'clock', 'url', 'cachedNames'])
  const { fetch = systemFetch, clock = systemClock, cachedNames = 1000 } = options
  const { url = 'https://cloudflare-dns.com/dns-query' } = options
  checkInteger(CREATE, 'cachedNames', cachedNames, 1, 100_000)
  if (!URL.canParse(url)) throw new TypeError(`Cannot ${CREATE}: url is no absolute URL`)
  const cache = createLruCache<{ readonly addresses: readonly string[]; readonly until: number }>(
    cachedNames,
  )

  async function query(
    hostname: string,
    type: (typeof RECORD_TYPES)[number],
    signal: AbortSignal,
  ): Promise<Answer> {
    const response = await fetch(`${url}?name=${encodeURIComponent(hostname)}&type=${type.name}`, {
      headers: { accept: 'application/dns-json' },
      redirect: 'manual',
      signal,
    })
    const { text, truncated } = await readBody(response, MAX_ANSWER_BYTES, signal)
    if (!response.ok || truncated)
      throw new Error(`Cannot resolve host: the DNS service answered ${response.status}`)
    return readAnswer(JSON.parse(text), type.number)
  }

  return async (hostname, signal) => {
    const cached = cache.get(hostname)
    if (cached !== undefined && cached.until > clock.now()) return cached.addresses
    const answers = await Promise.all(RECORD_TYPES.map((type) => query(hostname, type, signal)))
    const addresses = answers.flatMap((answer) => answer.addresses)
    const ttlMs = Math.min(...answers.map((answer) => answer.ttlMs), MAX_CACHE_MS)
    if (addresses.length > 0) cache.set(hostname, { addresses, until: clock.now() + ttlMs })
    return addresses
  }
}

/** Reads what RFC 8427 services answer in practice: `{ Status, Answer: [{ type, TTL, data }] }`. */
function readAnswer(answer: unknown, wantedType: number): Answer {
  if (!isRecord(answer) || (answer['Status'] !== NO_ERROR && answer['Status'] !== NO_SUCH_NAME))
    throw new Error('Cannot resolve host: the DNS service could not answer')
  const records: unknown = answer['Answer'] ?? []
  if (!Array.isArray(records)) throw new Error('Cannot resolve host: the DNS answer is malformed')
  const wanted = records.filter(isRecord).filter((record) => record['type'] === wantedType)
  const addresses = wanted
    .map((record) => record['data'])
    .filter((data) => typeof data === 'string')
  const ttls = wanted.map((record) => record['TTL']).filter((ttl) => typeof ttl === 'number')
  return { addresses, ttlMs: Math.min(...ttls.map((ttl) => ttl * 1000), MAX_CACHE_MS) }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}
