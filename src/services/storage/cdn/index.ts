export { InfrastructureError } from '../../../runtime/ports/infrastructure-error.ts'
export { StorageError, type StorageErrorCode } from '../storage-error.ts'
export {
  createCdnUrls,
  type CdnLife,
  type CdnSigner,
  type CdnUrls,
  type CdnUrlsOptions,
  type SignedUrlOptions,
} from './cdn-urls.ts'
export { cloudflareSigner, type CloudflareSignerOptions } from './cloudflare-signer.ts'
export {
  cloudFrontSigner,
  type CloudFrontCookieOptions,
  type CloudFrontSigner,
  type CloudFrontSignerOptions,
} from './cloudfront-signer.ts'
export {
  cloudflarePurger,
  cloudFrontPurger,
  fastlyPurger,
  type CdnPurger,
  type CloudflarePurgerOptions,
  type CloudFrontPurgerOptions,
  type FastlyPurgerOptions,
  type PurgeTargets,
} from './purge.ts'
