import { createLruCache } from '../../../primitives/lru-cache.ts'
import { readPublicKey, type PublicKey } from '../../../primitives/public-key.ts'
import { readCertificates, type Certificate } from '../../../primitives/x509.ts'
import { askVendor, textOf, type VendorTools } from './ask-vendor.ts'
import { createBudget } from './budget.ts'
import { createVendorLoads } from './vendor-loads.ts'

/** Finds the keys behind URLs that are known to be the vendor's. */
export interface CertificateSource {
  /**
   * @param url In its one spelling: it is the key of the cache
   * @param now ms since 1970
   * @returns `null` when what the URL holds is not to be trusted
   * @throws WebhookVerificationError `key_unavailable` when the URL does not answer, or unverified
   *   messages have asked for too many
   */
  find(url: string, now: number): Promise<CertifiedKey | null>
}

/** The key of a certificate that the vendor's URL holds. */
export interface CertifiedKey {
  readonly key: PublicKey
  /** To be called when a signature was found to be made with it: only then it is kept. */
  confirm(): void
}

/** Says whether the certificates that a URL holds, the sender's first, are to be trusted. */
export type TrustCertificates = (
  chain: readonly [Certificate, ...Certificate[]],
  url: string,
  now: number,
) => Promise<boolean>

const MAX_KEYS = 16
const MAX_AGE_MS = 86_400_000

/** At the word of unverified messages, 10 certificates are asked for at once, and 10 a minute. */
const BURST = 10
const REFILL_MS = 6000

interface Found {
  readonly key: PublicKey
  readonly notAfter: number
}

/**
 * Makes a source that keeps up to 16 keys which a signature was made with, each for a day or until
 * its certificate ends. Others are used for 5 s and never take their place.
 */
export function createCertificateSource(
  tools: VendorTools,
  trust: TrustCertificates,
): CertificateSource {
  const kept = createLruCache<Found & { readonly until: number }>(MAX_KEYS)
  const budget = createBudget(BURST, REFILL_MS)
  const loads = createVendorLoads<Found | null>(tools.clock, budget)

  async function load(url: string, now: number): Promise<Found | null> {
    const [leaf, ...others] = readCertificates(textOf(await askVendor(tools, url))) ?? []
    const key = leaf === undefined ? null : readPublicKey(leaf.publicKey)
    if (leaf === undefined || key === null) return null
    return (await trust([leaf, ...others], url, now)) ? { key, notAfter: leaf.notAfter } : null
  }

  return {
    async find(url, now) {
      const known = kept.get(url)
      if (known !== undefined && now < known.until)
        return { key: known.key, confirm: () => undefined }
      const found = await loads(url, now, {
        load: () => load(url, now),
        isKnown: known !== undefined,
      })
      if (found === null) return null
      return {
        key: found.key,
        confirm() {
          if (kept.get(url)?.key === found.key) return
          kept.set(url, { ...found, until: Math.min(now + MAX_AGE_MS, found.notAfter) })
          budget.giveBack()
        },
      }
    },
  }
}
