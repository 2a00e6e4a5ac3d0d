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
export {
  cloudflareImageUrls,
  type CloudflareImageUrlsOptions,
} from './images/cloudflare-image-urls.ts'
export { imgproxyUrls, type ImgproxyUrlsOptions } from './images/imgproxy-urls.ts'
export type { ImageUrlOperations, ImageUrls } from './images/image-urls.ts'
export { MediaError, type MediaErrorCode } from '../media/media-error.ts'
export type {
  ImageArea,
  ImageFit,
  ImageFormat,
  ImageOperations,
  ImagePosition,
  ImageWatermark,
} from '../media/image-operations.ts'
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
