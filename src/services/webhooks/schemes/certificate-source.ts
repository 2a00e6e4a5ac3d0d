import { createLruCache } from '../../../primitives/lru-cache.ts'
import { readCertificates, type Certificate } from '../../../primitives/x509.ts'
import { fetchText, type FetchTextTools } from './fetch-text.ts'

/** Finds the certificates behind a URL that has been judged to be the vendor's. */
export type CertificateSource = (url: string, now: number) => Promise<readonly Certificate[] | null>

const MAX_CHAINS = 16
const MAX_AGE_MS = 86_400_000

/**
 * Makes a source that remembers up to 16 chains, each for a day or until its first certificate ends.
 *
 * It answers `null` when what the URL holds is no certificate.
 *
 * @throws WebhookVerificationError `key_unavailable`, by the source, when the URL does not answer
 */
export function createCertificateSource(tools: FetchTextTools): CertificateSource {
  const cache = createLruCache<{ readonly chain: readonly Certificate[]; readonly until: number }>(
    MAX_CHAINS,
  )
  return async (url, now) => {
    const cached = cache.get(url)
    if (cached !== undefined && now < cached.until) return cached.chain
    const chain = readCertificates(await fetchText(tools, url))
    const [leaf] = chain ?? []
    if (chain === null || leaf === undefined) return null
    cache.set(url, { chain, until: Math.min(now + MAX_AGE_MS, leaf.notAfter) })
    return chain
  }
}
